/** What the cache saves and what it takes: reads per session and bound, a check over Redis, memory, a flood. */
import { hash, randomBytes } from 'node:crypto'
import { setTimeout as pause } from 'node:timers/promises'
import { cachedStore, createSessions, memoryStore, type Sessions, type Store } from '@tessera-auth/core'
import { startRedis } from '@tessera-auth/engines'
import { redisStore } from '@tessera-auth/store-redis'
import { Redis } from 'ioredis'
import { createClient } from 'redis'
import { collectGarbage } from './garbage.ts'
import { pairedRatio } from './paired.ts'
import type { Row } from './row.ts'

const live = 1_000
const callers = 64

/** All rows of the cache; some half a minute, most of it waiting for ten bounds to pass. */
export async function benchCache(): Promise<Row[]> {
  const server = await startRedis()
  const client = new Redis(server.url, { enableAutoPipelining: true })
  const other = await createClient({ url: server.url }).connect()
  const rows = [
    ...(await readsPerBound(client)),
    await oneMiss(client),
    await checkOverRedis('ioredis', redisStore(client), (key) => client.get(key)),
    await checkOverRedis('node-redis', redisStore(other), (key) => other.get(key)),
    ...(await memory()),
  ]
  client.disconnect()
  other.destroy()
  await server.stop()
  return rows
}

/** Commands that the server itself counted. */
async function readsPerBound(client: Redis): Promise<Row[]> {
  const store = cachedStore(redisStore(client), { maxStalenessSeconds: 1 })
  const { sessions, tokens } = await signIn(store)
  const warm = cachedStore(redisStore(client), { maxStalenessSeconds: 60 })
  const warmSessions = createSessions({ store: warm })
  await checkAll(warmSessions, tokens)
  const none = await commands(client, async () => {
    for (let round = 0; round < 10; round += 1) await checkAll(warmSessions, tokens)
  })
  const bounds = 10
  const some = await commands(client, async () => {
    const until = performance.now() + bounds * 1_000
    while (performance.now() < until) {
      await checkAll(sessions, tokens)
      await pause(100)
    }
  })
  return [
    { name: 'commands for 10,000 checks of 1,000 warm sessions', ratio: none, target: 0, unit: 'commands' },
    // One more than the bounds, as they begin and end in the middle of one.
    { name: 'reads per session over ten bounds', ratio: some / live, target: bounds + 1, unit: 'reads' },
  ]
}

async function oneMiss(client: Redis): Promise<Row> {
  const store = cachedStore(redisStore(client))
  const { tokens } = await signIn(redisStore(client), 1)
  const sessions = createSessions({ store })
  const reads = await commands(client, async () => {
    await Promise.all(Array.from({ length: 1_000 }, () => sessions.verify(tokens[0] ?? '')))
  })
  return {
    name: 'commands for 1,000 callers of one session that is not cached',
    ratio: reads,
    target: 1,
    unit: 'commands',
  }
}

/** 64 callers at a time: a check without a cache, against the client's bare GET, a digest and JSON.parse. */
async function checkOverRedis(name: string, store: Store, get: (key: string) => Promise<string | null>): Promise<Row> {
  const { sessions, tokens } = await signIn(store)
  const bare = async (token: string): Promise<unknown> => {
    hash('sha256', token, 'base64url')
    const text = await get(`auth:session:${token.slice(0, 22)}`)
    return text && (JSON.parse(text.slice(text.indexOf('\n') + 1)) as unknown)
  }
  const wave = tokens.slice(0, callers)
  const ratio = await pairedRatio(
    () => Promise.all(wave.map((token) => sessions.verify(token))),
    () => Promise.all(wave.map(bare)),
    { runs: 20, turns: 51 },
  )
  return { name: `sessions.verify over Redis by ${name}, ${callers} callers / bare GET`, ratio, target: 1.2, unit: 'x' }
}

/** Heap per cached session, and what a flood of random tokens costs: memory, and live sessions. */
async function memory(): Promise<Row[]> {
  const count = 20_000
  const counted = countingStore(memoryStore())
  const { tokens } = await signIn(counted.store, count)
  const store = cachedStore(counted.store, { maxStalenessSeconds: 3_600, maxEntries: count })
  const sessions = createSessions({ store })
  const before = heap()
  await checkAll(sessions, tokens)
  const each = (heap() - before) / count
  await flood(sessions, count)
  const flooded = heap()
  await flood(sessions, 10 * count)
  const grown = (heap() - flooded) / 1024
  counted.reads = 0
  await checkAll(sessions, tokens)
  return [
    {
      name: 'heap per cached session, decoded and as the store answered it',
      ratio: each,
      target: 2_000,
      unit: 'bytes',
    },
    { name: 'heap growth while ten times maxEntries random tokens come', ratio: grown, target: 2_048, unit: 'kB' },
    { name: 'live sessions that the flood pushed out', ratio: counted.reads, target: 0, unit: 'sessions' },
    { name: 'what the cache keeps for an absent record', ratio: await absenceBytes(), target: 500, unit: 'bytes' },
  ]
}

async function absenceBytes(): Promise<number> {
  const count = 50_000
  const sessions = createSessions({ store: cachedStore(memoryStore(), { maxEntries: count }) })
  await sessions.verify(randomToken())
  const before = heap()
  await flood(sessions, count)
  const bytes = (heap() - before) / count
  await sessions.verify(randomToken())
  return bytes
}

/** A store whose answers are copies, as those of a database are. */
function countingStore(store: Store): { store: Store; reads: number } {
  const counted = {
    reads: 0,
    store: {
      ...store,
      async get(kind: string, key: string) {
        counted.reads += 1
        const found = await store.get(kind, key)
        return found && (structuredClone(found) as typeof found)
      },
    },
  }
  return counted
}

async function signIn(store: Store, count = live): Promise<{ sessions: Sessions; tokens: string[] }> {
  const sessions = createSessions({ store })
  const tokens: string[] = []
  for (let user = 0; user < count; user += 1) {
    const attempt = await sessions.beginLogin(`user-${user}`)
    tokens.push((await sessions.create({ attempt, methods: ['pwd'] })).token)
  }
  return { sessions, tokens }
}

async function checkAll(sessions: Sessions, tokens: readonly string[]): Promise<void> {
  for (let from = 0; from < tokens.length; from += callers) {
    const found = await Promise.all(tokens.slice(from, from + callers).map((token) => sessions.verify(token)))
    if (found.includes(null)) throw new Error('a live session was refused')
  }
}

async function flood(sessions: Sessions, count: number): Promise<void> {
  for (let sent = 0; sent < count; sent += 1) await sessions.verify(randomToken())
}

function randomToken(): string {
  return `${randomBytes(16).toString('base64url')}.${randomBytes(32).toString('base64url')}`
}

async function commands(client: Redis, run: () => Promise<void>): Promise<number> {
  await client.config('RESETSTAT')
  await run()
  const stats = await client.info('commandstats')
  return (
    Number(/cmdstat_get:calls=(\d+)/.exec(stats)?.[1] ?? 0) +
    Number(/cmdstat_evalsha:calls=(\d+)/.exec(stats)?.[1] ?? 0)
  )
}

/** Bytes in use, after a collection. */
function heap(): number {
  collectGarbage()
  collectGarbage()
  return process.memoryUsage().heapUsed
}
