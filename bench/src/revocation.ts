/** How soon a revoked session is refused by every one of four busy server processes, with the bus and without it. */
import { type ChildProcess, fork } from 'node:child_process'
import { once } from 'node:events'
import { setTimeout as pause } from 'node:timers/promises'
import { cachedStore, createSessions } from '@tessera-auth/core'
import { startRedis } from '@tessera-auth/engines'
import { redisBus, redisStore } from '@tessera-auth/store-redis'
import { Redis } from 'ioredis'
import type { Order, Report } from './revocation-server.ts'
import type { Row } from './row.ts'

const processCount = 4
const sessionCount = 500

/** Four processes, 500 revocations with the bus, then as many with the bus frozen and a bound of two seconds. */
export async function benchRevocation(): Promise<Row[]> {
  const heard = await measure({ maxStalenessSeconds: 30, cutBus: false })
  const cut = await measure({ maxStalenessSeconds: 2, cutBus: true })
  return [
    {
      name: 'revoked until refused by all of 4 processes, Redis bus, median',
      ratio: at(heard, 0.5),
      target: 50,
      unit: 'ms',
    },
    { name: 'the same, 99th percentile', ratio: at(heard, 0.99), target: 250, unit: 'ms' },
    { name: 'the same, slowest', ratio: at(heard, 1), target: 30_000, unit: 'ms' },
    { name: 'the same with the bus frozen and a bound of 2 s, slowest', ratio: at(cut, 1), target: 2_000, unit: 'ms' },
    {
      name: 'accepted later than the bound, of 1,000 revocations',
      ratio: [...heard.filter((ms) => ms > 30_000), ...cut.filter((ms) => ms > 2_000)].length,
      target: 0,
      unit: 'times',
    },
  ]
}

interface Setting {
  readonly maxStalenessSeconds: number
  readonly cutBus: boolean
}

/** For each session, from the acknowledgement of its revocation to the last time that any process let it in, in ms. */
async function measure({ maxStalenessSeconds, cutBus }: Setting): Promise<number[]> {
  const [records, bus] = await Promise.all([startRedis(), startRedis()])
  const name = 'bench:'
  const [recordsClient, busClient] = [new Redis(records.url), new Redis(bus.url)]
  const store = cachedStore(redisStore(recordsClient, { prefix: name }), {
    bus: redisBus(busClient, { channel: name }),
  })
  const sessions = createSessions({ store })
  const logins = await Promise.all(
    Array.from({ length: sessionCount }, async (_, n) =>
      sessions.create({ attempt: await sessions.beginLogin(`user-${n}`), methods: ['pwd'] }),
    ),
  )
  const file = new URL('./revocation-server.ts', import.meta.url)
  const args = [records.url, bus.url, name, String(maxStalenessSeconds)]
  const servers = Array.from({ length: processCount }, () => fork(file, args))
  const refusals = collectRefusals(servers)
  await Promise.all(
    servers.map((server) =>
      ready(
        server,
        logins.map(({ token }) => token),
      ),
    ),
  )
  if (cutBus) bus.freeze()

  const acknowledged = new Map<string, number>()
  for (const { session, token } of logins) {
    await sessions.revoke(session.userId ?? '', session.id)
    acknowledged.set(token, Date.now())
    for (const server of servers) send(server, { revoked: token })
    await pause(5)
  }
  const last = await refusals
  for (const server of servers) server.kill('SIGKILL')
  await store.close()
  for (const client of [recordsClient, busClient]) client.disconnect()
  await Promise.all([records.stop(), bus.stop()])
  return [...last].map(([token, acceptedAt]) => Math.max(0, acceptedAt - (acknowledged.get(token) ?? 0)))
}

/** The last time that any process let each token in, once all have refused all. */
async function collectRefusals(servers: readonly ChildProcess[]): Promise<Map<string, number>> {
  const last = new Map<string, number>()
  let left = servers.length * sessionCount
  const { promise, resolve } = Promise.withResolvers<void>()
  for (const server of servers) {
    server.on('message', (report: Report) => {
      if (!('refused' in report)) return
      last.set(report.refused, Math.max(report.lastAcceptedAt, last.get(report.refused) ?? 0))
      left -= 1
      if (left === 0) resolve()
    })
  }
  await promise
  return last
}

async function ready(server: ChildProcess, tokens: readonly string[]): Promise<void> {
  const isReady = once(server, 'message')
  send(server, { tokens })
  await isReady
}

function send(server: ChildProcess, order: Order): void {
  server.send(order)
}

function at(values: readonly number[], quantile: number): number {
  const sorted = values.toSorted((one, other) => one - other)
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * quantile))] ?? Number.NaN
}
