/** Redis and Valkey: one server, and servers of a test's own that it may stop, cut and kill. */
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import type { Engine, StartedServer } from './engine.js'
import { askRedis } from './redis-command.js'
import { findProgram, freePort } from './server-process.js'

/** Redis or Valkey, for tests. */
export const redis: Engine = {
  name: 'Redis',
  variable: 'TEST_REDIS_URL',
  remedy: 'set TEST_REDIS_URL, or install it (Debian: apt-get install redis-server)',
  usual: ['redis://127.0.0.1:6379'],
  answers: async (url) => {
    const { hostname, port } = new URL(url)
    return (await askRedis({ host: hostname, port: Number(port || 6379) }, 'PING').catch(() => '')) === 'PONG'
  },
  start: async () => (canStartRedis() ? startRedis() : null),
}

/** A server of the test's own. */
export interface RedisServer extends StartedServer {
  readonly port: number
  /** SIGSTOP: connections stay open, nothing is answered. */
  freeze(): void
  /** SIGCONT. */
  thaw(): void
  /** SIGKILL: gone at once, with all that it knew. */
  kill(): Promise<void>
}

/** A Cluster of the test's own: three masters, and a replica each. */
export interface RedisCluster {
  /** The masters first, then their replicas in the same order. */
  readonly servers: readonly RedisServer[]
  stop(): Promise<void>
}

/** Whether the programs are there. */
export function canStartRedis(): boolean {
  return serverProgram() !== null
}

/** Starts an empty server that writes nothing to disk; without `at`, on a free port. */
export async function startRedis(settings: readonly string[] = [], at?: number): Promise<RedisServer> {
  const port = at ?? (await freePort())
  const folder = await mkdtemp(join(tmpdir(), 'tessera-redis-'))
  const fixed = ['--port', String(port), '--bind', '127.0.0.1', '--dir', folder, '--save', '', '--appendonly', 'no']
  const child = spawn(serverProgram() ?? 'redis-server', [...fixed, ...settings], { stdio: 'ignore' })
  const server = controls(child, { port, folder })
  try {
    await waitFor(async () => {
      if (child.exitCode !== null) throw new Error(`Redis did not start on port ${port}.`)
      return (await ask(server, 'PING')) === 'PONG'
    })
    return server
  } catch (error) {
    await server.stop()
    throw error
  }
}

/** Starts six servers and makes them a Cluster that fails over within some two seconds. */
export async function startRedisCluster(): Promise<RedisCluster> {
  const ports = await freePorts(12)
  const busPorts = ports.slice(6)
  const starting = busPorts.map((bus, index) =>
    startRedis(
      [
        ...['--cluster-enabled', 'yes', '--cluster-port', String(bus)],
        ...['--cluster-node-timeout', '1000', '--cluster-replica-validity-factor', '0'],
        ...['--repl-diskless-sync-delay', '0'],
      ],
      ports[index],
    ),
  )
  const started = await Promise.allSettled(starting)
  const servers = started.flatMap((one) => (one.status === 'fulfilled' ? one.value : []))
  const stop = async (): Promise<void> => void (await Promise.all(servers.map((server) => server.stop())))
  try {
    await Promise.all(starting)
    await formCluster(servers, busPorts)
    await waitFor(async () => (await Promise.all(servers.map(isWhole))).every(Boolean))
    return { servers, stop }
  } catch (error) {
    await stop()
    throw error
  }
}

/** Ports that differ: one that was free is free again, and may be given out twice. */
async function freePorts(count: number): Promise<number[]> {
  const ports = new Set<number>()
  while (ports.size < count) ports.add(await freePort())
  return [...ports]
}

/** Gives the slots to the first three, lets all meet, and makes the others replicas. */
async function formCluster(servers: readonly RedisServer[], busPorts: readonly number[]): Promise<void> {
  const [first] = servers
  if (!first) return
  const ids = await Promise.all(servers.map((server) => ask(server, 'CLUSTER MYID')))
  const bounds = [0, 5461, 10923, 16384]
  for (const [index, server] of servers.entries()) {
    await ask(server, `CLUSTER SET-CONFIG-EPOCH ${index + 1}`)
    if (index < 3) await ask(server, `CLUSTER ADDSLOTSRANGE ${bounds[index]} ${(bounds[index + 1] ?? 0) - 1}`)
    if (index > 0) await ask(first, `CLUSTER MEET 127.0.0.1 ${server.port} ${busPorts[index]}`)
  }
  for (const [index, server] of servers.entries()) {
    if (index < 3) continue
    await waitFor(async () => (await ask(server, `CLUSTER REPLICATE ${ids[index - 3]}`)) === 'OK')
  }
}

async function isWhole(server: RedisServer): Promise<boolean> {
  const [state, nodes, role] = await Promise.all([
    ask(server, 'CLUSTER INFO'),
    ask(server, 'CLUSTER NODES'),
    ask(server, 'INFO replication'),
  ])
  const replicas = nodes.split('\n').filter((line) => / (myself,)?slave /.test(line)).length
  const inStep = role.includes('role:slave') ? role.includes('master_link_status:up') : /connected_slaves:1/.test(role)
  return state.includes('cluster_state:ok') && replicas === 3 && inStep
}

function controls(child: ChildProcess, { port, folder }: { port: number; folder: string }): RedisServer {
  const killNow = (): void => void child.kill('SIGKILL')
  process.once('exit', killNow)
  child.once('exit', () => process.off('exit', killNow))
  const kill = async (): Promise<void> => {
    if (child.exitCode !== null || child.signalCode !== null) return
    const exited = once(child, 'exit')
    killNow()
    await exited
  }
  return {
    port,
    url: `redis://127.0.0.1:${port}`,
    freeze: () => void child.kill('SIGSTOP'),
    thaw: () => void child.kill('SIGCONT'),
    kill,
    stop: async () => {
      await kill()
      await rm(folder, { recursive: true, force: true })
    },
  }
}

function ask(server: RedisServer, command: string): Promise<string> {
  return askRedis({ host: '127.0.0.1', port: server.port }, command).catch(() => '')
}

/** Asks every 50 ms for at most 30 s. */
async function waitFor(ready: () => Promise<boolean>): Promise<void> {
  for (let tries = 0; tries < 600; tries += 1) {
    if (await ready()) return
    await pause(50)
  }
  throw new Error('Redis did not come up within 30 s.')
}

function serverProgram(): string | null {
  return findProgram('redis-server', 'valkey-server')
}
