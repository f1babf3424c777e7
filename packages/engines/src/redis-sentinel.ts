/** A master, a replica and one Sentinel that watches them, for tests. */
import { spawn } from 'node:child_process'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { once } from 'node:events'
import { setTimeout as pause } from 'node:timers/promises'
import { type RedisServer, startRedis } from './redis.js'
import { askRedis } from './redis-command.js'
import { findProgram, freePort } from './server-process.js'

/** Two servers under the name `main`, and the Sentinel that knows which one is the master. */
export interface RedisSentinel {
  readonly sentinelPort: number
  readonly master: RedisServer
  readonly replica: RedisServer
  stop(): Promise<void>
}

/** Starts the three; a master that dies is replaced within some two seconds. */
export async function startRedisSentinel(): Promise<RedisSentinel> {
  const master = await startRedis(['--repl-diskless-sync-delay', '0'])
  const replica = await startRedis(['--replicaof', `127.0.0.1 ${master.port}`])
  // Sentinel asks the master for its replicas at once, and then only every ten seconds.
  await until(async () => (await ask(replica.port, 'INFO replication')).includes('master_link_status:up'))
  const sentinelPort = await freePort()
  const folder = await mkdtemp(join(tmpdir(), 'tessera-sentinel-'))
  const settings = [
    `port ${sentinelPort}`,
    'bind 127.0.0.1',
    `dir ${folder}`,
    `sentinel monitor main 127.0.0.1 ${master.port} 1`,
    'sentinel down-after-milliseconds main 500',
    'sentinel failover-timeout main 3000',
  ]
  await writeFile(join(folder, 'sentinel.conf'), `${settings.join('\n')}\n`)
  const program = findProgram('redis-server', 'valkey-server') ?? 'redis-server'
  const child = spawn(program, [join(folder, 'sentinel.conf'), '--sentinel'], { stdio: 'ignore' })
  const killNow = (): void => void child.kill('SIGKILL')
  process.once('exit', killNow)
  const stop = async (): Promise<void> => {
    const exited = child.exitCode === null && child.signalCode === null ? once(child, 'exit') : null
    killNow()
    await exited
    process.off('exit', killNow)
    await Promise.all([master.stop(), replica.stop(), rm(folder, { recursive: true, force: true })])
  }
  try {
    await until(async () => /status=ok,.*slaves=1/.test(await ask(sentinelPort, 'INFO sentinel')))
    return { sentinelPort, master, replica, stop }
  } catch (error) {
    await stop()
    throw error
  }
}

function ask(port: number, command: string): Promise<string> {
  return askRedis({ host: '127.0.0.1', port }, command).catch(() => '')
}

async function until(ready: () => Promise<boolean>): Promise<void> {
  for (let tries = 0; tries < 300; tries += 1) {
    if (await ready()) return
    await pause(100)
  }
  throw new Error('Redis with Sentinel did not come up within 30 s.')
}
