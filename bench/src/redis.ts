/** Redis as it fills: the cost of a check and of a list at a thousand and at a million sessions, and the memory of one. */
import { randomUUID } from 'node:crypto'
import { createSessions, type Store } from '@tessera-auth/core'
import { type RedisServer, startRedis } from '@tessera-auth/engines'
import { redisStore } from '@tessera-auth/store-redis'
import { Redis } from 'ioredis'
import { pairedRatio } from './paired.ts'
import type { Row } from './row.ts'

const sample = 500
const many = 1_000_000
const few = 1_000
const batch = 500

/** Two servers, one of them filled with a million sessions; some two minutes. */
export async function benchRedis(): Promise<Row[]> {
  const [small, large] = await Promise.all([filled(few), filled(many)])
  const wave = { runs: 10, turns: 31 }
  const verify = await pairedRatio(large.verify, small.verify, wave)
  const list = await pairedRatio(large.list, small.list, wave)
  await Promise.all([small.stop(), large.stop()])
  return [
    { name: 'sessions.verify at 1,000,000 sessions / at 1,000, Redis', ratio: verify, target: 1.5, unit: 'x' },
    { name: 'sessions.list of one user, the same', ratio: list, target: 1.5, unit: 'x' },
    { name: 'memory in Redis per session of a user, with its index', ratio: large.bytes, target: 1_000, unit: 'bytes' },
  ]
}

interface Filled {
  /** Checks 64 sessions at once. */
  verify(): Promise<unknown>
  /** Lists the sessions of 16 users at once. */
  list(): Promise<unknown>
  stop(): Promise<void>
  readonly bytes: number
}

async function filled(count: number): Promise<Filled> {
  const server = await startRedis()
  const client = new Redis(server.url, { enableAutoPipelining: true })
  const store = redisStore(client)
  const sessions = createSessions({ store })
  const tokens: string[] = []
  for (let user = 0; user < sample; user += 1) {
    const attempt = await sessions.beginLogin(`user-${user}`)
    tokens.push((await sessions.create({ attempt, methods: ['pwd'] })).token)
  }
  const before = await usedMemory(client)
  await fill(store, tokens[0] ?? '', count - sample)
  const bytes = ((await usedMemory(client)) - before) / (count - sample)
  return {
    bytes,
    verify: () => Promise.all(tokens.slice(0, 64).map((token) => sessions.verify(token))),
    list: () => Promise.all(Array.from({ length: 16 }, (_, user) => sessions.list(`user-${user}`))),
    stop: () => stop(client, server),
  }
}

/** Copies of one session under keys and owners of their own. */
async function fill(store: Store, token: string, count: number): Promise<void> {
  const model = await store.get('session', token.slice(0, 22))
  if (!model) throw new Error('there is no session to copy')
  for (let done = 0; done < count; done += batch) {
    await Promise.all(
      Array.from({ length: Math.min(batch, count - done) }, () => {
        const id = randomUUID()
        return store.insert({ ...model, key: id.slice(0, 22), owner: id, version: id.slice(-22) })
      }),
    )
  }
}

async function usedMemory(client: Redis): Promise<number> {
  return Number(/used_memory:(\d+)/.exec(await client.info('memory'))?.[1])
}

async function stop(client: Redis, server: RedisServer): Promise<void> {
  client.disconnect()
  await server.stop()
}
