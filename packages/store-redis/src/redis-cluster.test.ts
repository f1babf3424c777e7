import {
  askRedis,
  describeOwnRedis,
  type RedisCluster,
  type RedisServer,
  startRedisCluster,
} from '@tessera-auth/engines'
import { describeStore } from '@tessera-auth/testing'
import { cachedStore, type Entry, StoreError } from '@tessera-auth/core/store'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { clusterClients, ownName } from './fixtures/clients.js'
import { redisBus } from './redis-bus.js'
import { redisStore } from './redis-store.js'

const kind = 'session'
const failover = { timeout: 30_000, interval: 200 }

function entryOf(key: string): Entry {
  return { kind, key, owner: `owner-${key}`, value: '1', version: 'v1', expiresAt: null }
}

describeOwnRedis(() => {
  let cluster: RedisCluster

  beforeAll(async () => {
    cluster = await startRedisCluster()
  })
  afterAll(() => cluster.stop())

  for (const [name, open] of clusterClients) {
    describeStore(
      `redisStore over a Cluster by ${name}`,
      async () => {
        const { client, close } = await open(cluster.servers)
        return { store: redisStore(client, { prefix: ownName() }), close }
      },
      { dropsByItself: true },
    )
  }

  describe.each(clusterClients)('a Cluster by %s', (_name, open) => {
    test('spreads records over all masters, and each message reaches all who listen', async () => {
      const [one, other] = await Promise.all([open(cluster.servers), open(cluster.servers)])
      const channel = ownName()
      const heard: string[] = []
      const bus = redisBus(one.client, { channel })
      const up = Promise.withResolvers<void>()
      const unsubscribe = redisBus(other.client, { channel }).subscribe(
        (_kind, key) => heard.push(key),
        () => up.resolve(),
      )
      await up.promise
      const store = redisStore(one.client, { prefix: ownName(), bus })
      const keys = Array.from({ length: 60 }, (_, n) => `k${n}`)
      await Promise.all(keys.map((key) => store.insert(entryOf(key))))
      await expect.poll(() => heard.toSorted(), { timeout: 10_000 }).toEqual(keys.toSorted())
      await unsubscribe()
      await Promise.all([one.close(), other.close()])
    })
  })

  // The last suite of this file: the Cluster is not whole afterwards.
  describe('a Cluster whose master dies', () => {
    test('is a StoreError while it does not know, then goes on, and so does the bus', { timeout: 60_000 }, async () => {
      const clients = await Promise.all(clusterClients.map(([, open]) => open(cluster.servers)))
      const [prefix, channel] = [ownName(), ownName()]
      const caches = clients.map(({ client }) => {
        const bus = redisBus(client, { channel })
        return cachedStore(redisStore(client, { prefix, bus }), { bus, storeTimeoutSeconds: 1 })
      })
      const [one, other] = caches
      if (!one || !other) throw new Error('two clients are needed')
      const keys = Array.from({ length: 30 }, (_, n) => `k${n}`)
      await Promise.all(keys.map((key) => one.insert(entryOf(key))))
      const [master, , , replica] = cluster.servers
      await expect.poll(() => sizeOf(replica), failover).toBe(await sizeOf(master))
      await master?.kill()

      const readAll = async (): Promise<unknown[]> => {
        const reads = caches.flatMap((store) => keys.map((key) => store.get(kind, key, { fresh: true })))
        const outcomes = await Promise.allSettled(reads)
        return outcomes.flatMap((outcome) =>
          outcome.status === 'rejected' ? outcome.reason : (outcome.value ?? ['?']),
        )
      }
      for (const outcome of await readAll()) {
        if (outcome instanceof Error) expect(outcome).toBeInstanceOf(StoreError)
        else expect(outcome).toMatchObject({ version: 'v1' })
      }
      await expect.poll(async () => (await readAll()).filter((found) => found instanceof Error), failover).toEqual([])
      for (const key of keys) expect(await one.remove(kind, key)).toBe(true)
      // Sooner than the bound of ten seconds: the messages were heard.
      const left = async (): Promise<number> => {
        const found = await Promise.all(keys.map((key) => other.get(kind, key)))
        return found.filter((entry) => entry !== null).length
      }
      await expect.poll(left, { timeout: 5_000 }).toBe(0)
      await Promise.all(caches.map((store) => store.close()))
      await Promise.all(clients.map(({ close }) => close()))
    })
  })
})

function sizeOf(server: RedisServer | undefined): Promise<string> {
  return askRedis({ host: '127.0.0.1', port: server?.port ?? 0 }, 'DBSIZE')
}
