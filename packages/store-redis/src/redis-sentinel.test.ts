import {
  askRedis,
  describeOwnRedis,
  type RedisSentinel,
  type RedisServer,
  startRedisSentinel,
} from '@tessera-auth/engines'
import { cachedStore, type Entry, StoreError } from '@tessera-auth/core/store'
import { Redis } from 'ioredis'
import { createSentinel } from 'redis'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { ownName, type TestClient } from './fixtures/clients.js'
import { redisBus } from './redis-bus.js'
import { redisStore } from './redis-store.js'

const kind = 'session'
const keys = Array.from({ length: 20 }, (_, n) => `k${n}`)

function entryOf(key: string): Entry {
  return { kind, key, owner: 'user-1', value: '1', version: 'v1', expiresAt: null }
}

async function openIoRedis(port: number): Promise<TestClient> {
  const client = new Redis({ sentinels: [{ host: '127.0.0.1', port }], name: 'main' })
  client.on('error', () => {})
  return { client, close: async () => client.disconnect() }
}

async function openNodeRedis(port: number): Promise<TestClient> {
  const client = createSentinel({ name: 'main', sentinelRootNodes: [{ host: '127.0.0.1', port }] })
  client.on('error', () => {})
  await client.connect()
  return { client, close: async () => client.destroy() }
}

describeOwnRedis(() => {
  describe.each([
    ['ioredis', openIoRedis],
    ['node-redis', openNodeRedis],
  ])('Sentinel by %s', (_name, open) => {
    let servers: RedisSentinel
    let clients: TestClient[]

    beforeAll(async () => {
      servers = await startRedisSentinel()
      clients = await Promise.all([open(servers.sentinelPort), open(servers.sentinelPort)])
    })
    afterAll(async () => {
      await Promise.all(clients.map(({ close }) => close()))
      await servers.stop()
    })

    test(
      'follows the master: StoreError while there is none, then records and messages go on',
      { timeout: 60_000 },
      async () => {
        const [prefix, channel] = [ownName(), ownName()]
        const health: boolean[] = []
        const [one, other] = clients.map(({ client }) => {
          const bus = redisBus(client, { channel })
          return cachedStore(redisStore(client, { prefix, bus }), {
            bus,
            storeTimeoutSeconds: 2,
            maxStalenessSeconds: 60,
          })
        })
        if (!one || !other) throw new Error('two clients are needed')
        const leave = redisBus(clients[1]!.client, { channel }).subscribe(
          () => {},
          (healthy) => health.push(healthy),
        )
        await expect.poll(() => health, { timeout: 20_000 }).toEqual([true])
        for (const key of keys) await one.insert(entryOf(key))
        await expect.poll(() => sizeOf(servers.replica)).toBe(await sizeOf(servers.master))
        await servers.master.kill()

        const failures = async (): Promise<unknown[]> => {
          const outcomes = await Promise.allSettled(
            keys.flatMap((key) => [one, other].map((store) => store.get(kind, key, { fresh: true }))),
          )
          return outcomes.flatMap((outcome) => (outcome.status === 'rejected' ? outcome.reason : []))
        }
        for (const failure of await failures()) expect(failure).toBeInstanceOf(StoreError)
        await expect.poll(failures, { timeout: 20_000, interval: 200 }).toEqual([])
        await expect.poll(() => health.at(-1), { timeout: 20_000 }).toBe(true)
        expect(health).toContain(false)
        for (const key of keys) expect(await one.remove(kind, key)).toBe(true)
        // Far sooner than the bound of a minute: the messages were heard.
        const left = async (): Promise<number> => {
          const found = await Promise.all(keys.map((key) => other.get(kind, key)))
          return found.filter((entry) => entry !== null).length
        }
        await expect.poll(left, { timeout: 10_000 }).toBe(0)
        await Promise.all([leave(), one.close(), other.close()])
      },
    )
  })
})

function sizeOf({ port }: RedisServer): Promise<string> {
  return askRedis({ host: '127.0.0.1', port }, 'DBSIZE')
}
