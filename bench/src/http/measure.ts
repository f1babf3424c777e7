/** CPU per request of each server, from its own accounting: servers are processes of their own, asked in turns. */
import { type ChildProcess, fork } from 'node:child_process'
import { once } from 'node:events'
import { Agent, request } from 'node:http'
import { fileURLToPath } from 'node:url'
import { median } from '../paired.ts'

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
  readonly headers: Record<string, string>
  readonly agent: Agent
}

/** Microseconds of CPU per request over the bare server, the median of rounds, by name. Bare itself is absolute. */
export async function measure(framework: string, names: readonly string[], load: Load): Promise<Map<string, number>> {
  const servers = new Map<string, Running>()
  try {
    for (const name of names) servers.set(name, await start(framework, name, load.connections))
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
    for (const { child, agent } of servers.values()) {
      agent.destroy()
      child.kill()
    }
  }
}

async function start(framework: string, name: string, connections: number): Promise<Running> {
  const child = fork(fileURLToPath(new URL('server.ts', import.meta.url)), [framework, name], { stdio: 'inherit' })
  const [{ port, headers }] = (await once(child, 'message')) as [{ port: number; headers: Record<string, string> }]
  const running = { child, port, headers, agent: new Agent({ keepAlive: true, maxSockets: connections }) }
  const status = await ask(running)
  if (status !== 200) throw new Error(`${framework}, ${name}: answered ${status}`)
  return running
}

async function cpuPerRequest(server: Running, { requests, connections }: Load): Promise<number> {
  const before = await cpuOf(server)
  let left = requests
  const worker = async (): Promise<void> => {
    while (left > 0) {
      left -= 1
      await ask(server)
    }
  }
  await Promise.all(Array.from({ length: connections }, worker))
  return ((await cpuOf(server)) - before) / requests
}

async function cpuOf({ child }: Running): Promise<number> {
  child.send('cpu')
  const [{ cpuMicroseconds }] = (await once(child, 'message')) as [{ cpuMicroseconds: number }]
  return cpuMicroseconds
}

function ask({ port, headers, agent }: Running): Promise<number> {
  return new Promise((resolve, reject) => {
    const sent = request({ host: '127.0.0.1', port, path: '/', headers, agent }, (response) => {
      response.resume()
      response.once('end', () => resolve(response.statusCode ?? 0))
    })
    sent.once('error', reject)
    sent.end()
  })
}
