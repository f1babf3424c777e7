/** Before the first test: finds or starts each engine once, and tells the test processes by environment variables. */
import type { Engine, StartedServer } from './engine.js'
import { startByCompose } from './compose.js'
import { mysql } from './mysql.js'
import { postgres } from './postgres.js'
import { redis } from './redis.js'

/** vitest's hook; what it returns is the tear-down. */
export async function setup(): Promise<() => Promise<void>> {
  const started = await Promise.all([postgres, mysql, redis].map(settle))
  return async () => {
    await Promise.all(started.map((server) => server?.stop()))
  }
}

async function settle(engine: Engine): Promise<StartedServer | null> {
  if (process.env[engine.variable]) return null
  const found = await firstThatAnswers(engine)
  if (found !== null) {
    process.env[engine.variable] = found
    return null
  }
  const server = (await engine.start().catch(report)) ?? (await startByCompose(engine).catch(report))
  if (server) process.env[engine.variable] = server.url
  else report(`${engine.name} IS NOT RUN: ${engine.remedy}`)
  return server
}

async function firstThatAnswers(engine: Engine): Promise<string | null> {
  for (const url of engine.usual) if (await engine.answers(url)) return url
  return null
}

function report(problem: unknown): null {
  process.stderr.write(`${problem instanceof Error ? problem.message : String(problem)}\n`)
  return null
}
