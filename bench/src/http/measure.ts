/** CPU per request of each server, from its own accounting: servers are processes of their own, asked in turns. */
import { type ChildProcess, fork } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import { median } from '../paired.ts'
import { openLoad } from './load.ts'

/** How much is asked. */
export interface Load {
  /** Rounds that are not counted: the engine is still compiling. */
  readonly warmUp: number
  readonly rounds: number
  /** Of each server in each round. */
  readonly requests: number
  readonly connections: number
}

interface Running {
  readonly child: ChildProcess
  readonly port: number
  readonly headers: Readonly<Record<string, string>>
}

/** Microseconds of CPU per request over the bare server, the median of rounds, by name. Bare itself is absolute. */
export async function measure(framework: string, names: readonly string[], load: Load): Promise<Map<string, number>> {
  const servers = new Map<string, Running>()
  try {
    for (const name of names) servers.set(name, await start(framework, name))
    for (let round = 0; round < load.warmUp; round += 1) {
      for (const server of servers.values()) await cpuPerRequest(server, load)
    }
    const costs = new Map(names.map((name) => [name, [] as number[]]))
    for (let round = 0; round < load.rounds; round += 1) {
      for (const [name, server] of servers) costs.get(name)?.push(await cpuPerRequest(server, load))
    }
    const bare = costs.get('bare') ?? []
    return new Map(
      names.map((name) => {
        const over = (costs.get(name) ?? []).map((cost, round) => (name === 'bare' ? cost : cost - (bare[round] ?? 0)))
        return [name, median(over)]
      }),
    )
  } finally {
    for (const { child } of servers.values()) child.kill()
  }
}

async function start(framework: string, name: string): Promise<Running> {
  const child = fork(fileURLToPath(new URL('server.ts', import.meta.url)), [framework, name], { stdio: 'inherit' })
  const [{ port, headers }] = (await once(child, 'message')) as [{ port: number; headers: Record<string, string> }]
  return { child, port, headers }
}

// Connections of its own for each turn, opened before the count begins: servers close those that are idle meanwhile.
async function cpuPerRequest(server: Running, { requests, connections }: Load): Promise<number> {
  const client = await openLoad(server.port, server.headers, connections)
  const before = await cpuOf(server)
  await client.run(requests)
  const after = await cpuOf(server)
  client.close()
  return (after - before) / requests
}

async function cpuOf({ child }: Running): Promise<number> {
  child.send('cpu')
  const [{ cpuMicroseconds }] = (await once(child, 'message')) as [{ cpuMicroseconds: number }]
  return cpuMicroseconds
}
