/** The Next servers under measurement: one app with one route, built once, which answers in the way it is told. */
import { execFile } from 'node:child_process'
import { createServer, type RequestListener } from 'node:http'
import { createRequire } from 'node:module'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import type { Ready } from './variants.ts'

/** The part of `next` that is used. By `require`, as its types would make NODE_ENV a must in every environment there is. */
type Next = (options: { readonly dir: string; readonly dev: false; readonly quiet: true }) => {
  prepare(): Promise<void>
  getRequestHandler(): RequestListener
}

const require = createRequire(import.meta.url)
const folder = fileURLToPath(new URL('next-app', import.meta.url))

/** `next build`. Throws with what it said. */
export async function buildNextApp(): Promise<void> {
  const program = require.resolve('next/dist/bin/next')
  const env = { ...process.env, NODE_ENV: 'production', NEXT_TELEMETRY_DISABLED: '1' }
  await promisify(execFile)(process.execPath, [program, 'build'], { cwd: folder, env })
}

/** Starts what was built, in this process. */
export async function startNext(name: string): Promise<Ready & { readonly port: number }> {
  Object.assign(process.env, { NODE_ENV: 'production', BENCH_VARIANT: name })
  const next = require('next') as Next
  const app = next({ dir: folder, dev: false, quiet: true })
  await app.prepare()
  const handle = app.getRequestHandler()
  const server = createServer((request, response) => void handle(request, response))
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const address = server.address()
  const port = typeof address === 'object' && address !== null ? address.port : 0
  // The route signs somebody in when it is first asked, and leaves here how.
  await fetch(`http://127.0.0.1:${port}/`)
  const { benchHeaders: headers } = globalThis as { benchHeaders?: Ready['headers'] }
  if (!headers) throw new Error(`no such server: ${name}`)
  return { port, headers }
}
