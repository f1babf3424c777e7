/** How soon what was revoked is refused by every one of four busy server processes, with the bus and without it. */
import { type ChildProcess, fork } from 'node:child_process'
import { once } from 'node:events'
import { setTimeout as pause } from 'node:timers/promises'
import { cachedStore, generateJwk } from '@tessera-auth/core'
import type { Store } from '@tessera-auth/core/store'
import { startRedis } from '@tessera-auth/engines'
import { redisBus, redisStore } from '@tessera-auth/store-redis'
import { Redis } from 'ioredis'
import { type Credential, grantAccessTokens, grantSessions } from './revocation-credentials.ts'
import type { Order, Report } from './revocation-server.ts'
import type { Row } from './row.ts'

const processCount = 4
const ofEachWay = 500
const bound = { heard: 30, cut: 2 }

/** Four processes; 500 revocations of each way with the bus, then as many with the bus frozen and a bound of two seconds. */
export async function benchRevocation(): Promise<Row[]> {
  const key = await generateJwk()
  const sessions = await rowsOf((store) => grantSessions(store, ofEachWay), key)
  return [...sessions, ...(await rowsOf((store) => grantAccessTokens(store, key, ofEachWay), key))]
}

type Grant = (store: Store) => Promise<Credential[]>

interface Setting {
  readonly maxStalenessSeconds: number
  readonly cutBus: boolean
  /** What access tokens are signed with. */
  readonly key: JsonWebKey
}

/** For each way of revoking, from the acknowledgement to the last time that any process let the credential in, in ms. */
type Delays = Map<string, number[]>

async function rowsOf(grant: Grant, key: JsonWebKey): Promise<Row[]> {
  const heard = await measure(grant, { maxStalenessSeconds: bound.heard, cutBus: false, key })
  const cut = await measure(grant, { maxStalenessSeconds: bound.cut, cutBus: true, key })
  return [...heard].flatMap(([how, delays]) => rowsOfOne(how, delays, cut.get(how) ?? []))
}

function rowsOfOne(how: string, heard: readonly number[], cut: readonly number[]): Row[] {
  const [heardMs, cutMs] = [bound.heard * 1000, bound.cut * 1000]
  return [
    {
      name: `${how}: revoked until refused by all of 4 processes, Redis bus, median`,
      ratio: at(heard, 0.5),
      target: 50,
      unit: 'ms',
    },
    { name: `${how}: the same, 99th percentile`, ratio: at(heard, 0.99), target: 250, unit: 'ms' },
    { name: `${how}: the same, slowest`, ratio: at(heard, 1), target: heardMs, unit: 'ms' },
    {
      name: `${how}: with the bus frozen and a bound of ${bound.cut} s, slowest`,
      ratio: at(cut, 1),
      target: cutMs,
      unit: 'ms',
    },
    {
      name: `${how}: accepted later than the bound, of ${heard.length + cut.length} revocations`,
      ratio: [...heard.filter((ms) => ms > heardMs), ...cut.filter((ms) => ms > cutMs)].length,
      target: 0,
      unit: 'times',
    },
  ]
}

async function measure(grant: Grant, { maxStalenessSeconds, cutBus, key }: Setting): Promise<Delays> {
  const [records, bus] = await Promise.all([startRedis(), startRedis()])
  const name = 'bench:'
  const [recordsClient, busClient] = [new Redis(records.url), new Redis(bus.url)]
  const store = cachedStore(redisStore(recordsClient, { prefix: name }), {
    bus: redisBus(busClient, { channel: name }),
  })
  const credentials = await grant(store)
  const file = new URL('./revocation-server.ts', import.meta.url)
  const args = [records.url, bus.url, name, String(maxStalenessSeconds), JSON.stringify(key)]
  const servers = Array.from({ length: processCount }, () => fork(file, args))
  const refusals = collectRefusals(servers, credentials.length)
  const texts = credentials.map(({ text }) => text)
  await Promise.all(servers.map((server) => ready(server, texts)))
  if (cutBus) bus.freeze()

  const acknowledged = new Map<string, number>()
  for (const { text, revoke } of credentials) {
    await revoke()
    acknowledged.set(text, Date.now())
    for (const server of servers) send(server, { revoked: text })
    await pause(5)
  }
  const last = await refusals
  for (const server of servers) server.kill('SIGKILL')
  await store.close()
  for (const client of [recordsClient, busClient]) client.disconnect()
  await Promise.all([records.stop(), bus.stop()])
  const delay = (text: string): number => Math.max(0, (last.get(text) ?? NaN) - (acknowledged.get(text) ?? NaN))
  const ways = Map.groupBy(credentials, ({ how }) => how)
  return new Map([...ways].map(([how, all]) => [how, all.map(({ text }) => delay(text))]))
}

/** The last time that any process let each credential in, once all have refused all. */
async function collectRefusals(servers: readonly ChildProcess[], count: number): Promise<Map<string, number>> {
  const last = new Map<string, number>()
  let left = servers.length * count
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

async function ready(server: ChildProcess, credentials: readonly string[]): Promise<void> {
  const isReady = once(server, 'message')
  send(server, { credentials })
  await isReady
}

function send(server: ChildProcess, order: Order): void {
  server.send(order)
}

function at(values: readonly number[], quantile: number): number {
  const sorted = values.toSorted((one, other) => one - other)
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * quantile))] ?? Number.NaN
}
