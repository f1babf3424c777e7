import type { NextRequest } from 'next/server.js'
import { type Answer, nextVariants } from '../variants.ts'

export const dynamic = 'force-dynamic'

let answer: Promise<Answer> | undefined

export async function GET(request: NextRequest): Promise<Response> {
  answer ??= make(process.env['BENCH_VARIANT'] ?? '')
  return (await answer)(request)
}

async function make(name: string): Promise<Answer> {
  const made = await nextVariants[name]?.()
  if (!made) throw new Error(`no such server: ${name}`)
  // Next bundles this; who starts it is another module in the same process.
  Object.assign(globalThis, { benchHeaders: made.headers })
  return made.answer
}
