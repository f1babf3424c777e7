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
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest'
import { ownName, type TestClient } from './fixtures/clients.js'
import { redisBus } from './redis-bus.js'
import { redisStore } from './redis-store.js'

const kind = 'session'
const patient = { timeout: 30_000, interval: 100 }
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
  describe('Sentinel', () => {
    let servers: RedisSentinel
    let clients: TestClient[]

    beforeAll(async () => {
      servers = await startRedisSentinel()
      clients = await Promise.all([openIoRedis(servers.sentinelPort), openNodeRedis(servers.sentinelPort)])
    })
    afterAll(async () => {
      await Promise.all(clients.map(({ close }) => close()))
      await servers.stop()
    })

    test('a subscription that was cut off comes back once, and goes when it is left', { timeout: 60_000 }, async () => {
      const { port } = servers.master
      const listeners = async (): Promise<string[]> => {
        const list = await askRedis({ host: '127.0.0.1', port }, 'CLIENT LIST TYPE pubsub')
        return list.split('\n').filter((line) => line.includes(' sub=1 ') && !line.includes('name=sentinel'))
      }
      const healths: boolean[][] = clients.map(() => [])
      const leave = clients.map(({ client }, index) =>
        redisBus(client, { channel: ownName() }).subscribe(
          () => {},
          (healthy) => healths[index]?.push(healthy),
        ),
      )
      await expect.poll(() => healths, patient).toEqual([[true], [true]])
      for (let cut = 0; cut < 3; cut += 1) {
        for (const line of await listeners()) {
          await askRedis({ host: '127.0.0.1', port }, `CLIENT KILL ID ${/id=(\d+)/.exec(line)?.[1]}`)
        }
        const expected = [true, ...Array.from({ length: cut + 1 }, () => [false, true]).flat()]
        await expect.poll(() => healths, patient).toEqual([expected, expected])
      }
      await expect.poll(listeners, patient).toHaveLength(2)
      await Promise.all(leave.map((stop) => stop()))
      await expect.poll(listeners, patient).toEqual([])
    })

    test(
      'is followed: StoreError while there is no master, then records and messages go on',
      { timeout: 60_000 },
      async () => {
        const [prefix, channel] = [ownName(), ownName()]
        const health: boolean[][] = []
        const stores = clients.map(({ client }) => {
          const bus = redisBus(client, { channel })
          const told: boolean[] = []
          health.push(told)
          onTestFinished(
            bus.subscribe(
              () => {},
              (healthy) => told.push(healthy),
            ),
          )
          const store = cachedStore(redisStore(client, { prefix, bus }), { bus, maxStalenessSeconds: 60 })
          onTestFinished(() => store.close())
          return store
        })
        await expect.poll(() => health, patient).toEqual([[true], [true]])
        for (const [index, key] of keys.entries()) await stores[index % 2]?.insert(entryOf(key))
        await expect.poll(() => sizeOf(servers.replica), patient).toBe(await sizeOf(servers.master))
        await servers.master.kill()

        const failures = async (): Promise<unknown[]> => {
          const reads = keys.flatMap((key) => stores.map((store) => store.get(kind, key, { fresh: true })))
          const outcomes = await Promise.allSettled(reads)
          return outcomes.flatMap((outcome) => (outcome.status === 'rejected' ? outcome.reason : []))
        }
        for (const failure of await failures()) expect(failure).toBeInstanceOf(StoreError)
        await expect.poll(failures, patient).toEqual([])
        await expect.poll(() => health.every((told) => told.includes(false) && told.at(-1)), patient).toBe(true)
        // Each removes what the other holds a copy of.
        for (const [index, key] of keys.entries()) expect(await stores[index % 2]?.remove(kind, key)).toBe(true)
        // Far sooner than the bound of a minute: the messages were heard.
        const left = async (): Promise<number> => {
          const found = await Promise.all(keys.flatMap((key) => stores.map((store) => store.get(kind, key))))
          return found.filter((entry) => entry !== null).length
        }
        await expect.poll(left, { timeout: 10_000 }).toBe(0)
      },
    )
  })
})

function sizeOf({ port }: RedisServer): Promise<string> {
  return askRedis({ host: '127.0.0.1', port }, 'DBSIZE')
}
