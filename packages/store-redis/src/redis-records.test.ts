import { randomUUID } from 'node:crypto'
import { describeOwnRedis, type RedisServer, startRedis } from '@tessera-auth/engines'
import { cachedStore, type Entry, StoreError } from '@tessera-auth/core/store'
import { Redis } from 'ioredis'
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { openIoRedis, type TestClient } from './fixtures/clients.js'
import { redisBus } from './redis-bus.js'
import { redisStore } from './redis-store.js'

const kind = 'session'
const now = (): number => Math.floor(Date.now() / 1000)

function entryOf(fields: Partial<Entry> = {}): Entry {
  const version = randomUUID().slice(0, 8)
  return { kind, key: 'a', owner: 'user-1', value: '{"n":1}', expiresAt: now() + 3_600, version, ...fields }
}

/** A client that is cut off after so many commands, as a process that crashes is. */
function crashing(client: Redis, commands: number): Redis {
  let left = commands
  return new Proxy(client, {
    get(target, name) {
      const member: unknown = Reflect.get(target, name, target)
      if (typeof member !== 'function') return member
      return (...args: unknown[]): unknown => {
        if (left === 0) throw new Error('crashed')
        left -= 1
        return Reflect.apply(member, target, args)
      }
    },
  })
}

/** A client beside which something happens when a record was found to need its index changed, and before it is. */
function beforeIndexing(client: Redis, happen: () => Promise<unknown>): Redis {
  return new Proxy(client, {
    get(target, name) {
      if (name !== 'evalsha') return Reflect.get(target, name, target)
      return async (...args: Parameters<Redis['evalsha']>) => {
        const answer = await target.evalsha(...args)
        if (typeof answer === 'string') await happen()
        return answer
      }
    },
  })
}

describeOwnRedis(() => {
  let server: RedisServer
  let client: Redis
  let close: TestClient['close']
  let store: ReturnType<typeof redisStore>

  beforeAll(async () => {
    server = await startRedis()
    const opened = await openIoRedis(server.url)
    client = opened.client
    close = opened.close
    store = redisStore(client)
  })
  beforeEach(() => client.flushall())
  afterAll(async () => {
    await close()
    await server.stop()
  })

  /** The scores of the index's members. */
  async function scores(): Promise<number[]> {
    const members = await client.zrange('auth:session@user-1', '0', '-1', 'WITHSCORES')
    return members.filter((_, place) => place % 2 === 1).map(Number)
  }

  /** The commands that the server ran meanwhile, without those of scripts' insides. */
  async function commandsOf(run: () => Promise<unknown>): Promise<Record<string, number>> {
    await client.config('RESETSTAT')
    await run()
    const counts: Record<string, number> = {}
    for (const [, name = '', calls] of (await client.info('commandstats')).matchAll(/cmdstat_([^:]+):calls=(\d+)/g)) {
      counts[name] = Number(calls)
    }
    return counts
  }

  describe('redisStore: cost', () => {
    test('a read is one GET', async () => {
      await store.insert(entryOf())
      const counts = await commandsOf(() => store.get(kind, 'a'))
      expect(counts).toMatchObject({ get: 1 })
      expect(counts).not.toHaveProperty('evalsha')
    })

    test('a write that lives no longer is one script; a new record of an owner, or a longer life, is more', async () => {
      const first = entryOf()
      const second = entryOf()
      const third = entryOf({ expiresAt: now() + 7_200 })
      expect(await commandsOf(() => store.insert(first))).toMatchObject({ evalsha: 2 })
      expect(await commandsOf(() => store.replace(second, first.version))).toMatchObject({ evalsha: 1 })
      expect(await commandsOf(() => store.replace(third, second.version))).toMatchObject({ evalsha: 3 })
      expect(await commandsOf(() => store.remove(kind, 'a'))).toMatchObject({ evalsha: 1 })
      expect(await commandsOf(() => store.insert(entryOf({ owner: null })))).toMatchObject({ evalsha: 1 })
    })

    test('a cached record is not asked for at all', async () => {
      await store.insert(entryOf())
      const cached = cachedStore(store)
      await cached.get(kind, 'a')
      const counts = await commandsOf(async () => {
        for (let i = 0; i < 100; i += 1) await cached.get(kind, 'a')
      })
      expect(counts).not.toHaveProperty('get')
    })
  })

  describe('redisStore: scripts', () => {
    test('are sent again to a server that has forgotten them', async () => {
      const first = entryOf()
      const second = entryOf({ expiresAt: null })
      await client.script('FLUSH')
      expect(await store.insert(first)).toBe(true)
      await client.script('FLUSH')
      expect(await store.replace(second, first.version)).toBe(true)
      await client.script('FLUSH')
      expect(await store.listByOwner(kind, 'user-1')).toEqual([second])
      await client.script('FLUSH')
      expect(await store.remove(kind, 'a')).toBe(true)
    })
  })

  describe('redisStore: expiry', () => {
    test('is 300 s after expiresAt, and none for null, whatever was there before', async () => {
      const expiresAt = now() + 60
      const first = entryOf({ expiresAt })
      const second = entryOf({ expiresAt: null })
      const third = entryOf({ expiresAt: expiresAt + 1 })
      await store.insert(first)
      expect(await client.expiretime('auth:session:a')).toBe(expiresAt + 300)
      await store.replace(second, first.version)
      expect(await client.expiretime('auth:session:a')).toBe(-1)
      await store.replace(third, second.version)
      expect(await client.expiretime('auth:session:a')).toBe(expiresAt + 301)
    })

    test('of an index is that of its last member', async () => {
      const expiresAt = now() + 60
      await store.insert(entryOf({ key: 'b', expiresAt: expiresAt + 100 }))
      await store.insert(entryOf({ key: 'a', expiresAt }))
      expect(await client.expiretime('auth:session@user-1')).toBe(expiresAt + 401)
      await store.insert(entryOf({ key: 'c', expiresAt: null }))
      expect(await client.expiretime('auth:session@user-1')).toBe(-1)
    })
  })

  describe('redisStore: names', () => {
    test('are the prefix, the kind and the key; two kinds never share one', async () => {
      await store.insert(entryOf({ kind: 'a', key: 'b:c' }))
      await store.insert(entryOf({ kind: 'a:b', key: 'c' }))
      await store.insert(entryOf({ kind: 'a', key: 'b', owner: 'c@d' }))
      await store.insert(entryOf({ kind: 'a@b', key: 'c', owner: 'd' }))
      const keys = await client.keys('*')
      expect(keys.toSorted()).toEqual(
        ['a:b', 'a:b:c', 'a%3Ab:c', 'a%40b:c', 'a@c@d', 'a@user-1', 'a%3Ab@user-1', 'a%40b@d']
          .map((name) => `auth:${name}`)
          .toSorted(),
      )
    })

    test("stand behind the client's own keyPrefix", async () => {
      const prefixed = new Redis(server.url, { keyPrefix: 'app:' })
      const entry = entryOf()
      await redisStore(prefixed).insert(entry)
      expect((await client.keys('*')).toSorted()).toEqual(['app:auth:session:a', 'app:auth:session@user-1'])
      expect(await redisStore(prefixed).listByOwner(kind, 'user-1')).toEqual([entry])
      prefixed.disconnect()
    })

    test('of two prefixes are apart', async () => {
      const other = redisStore(client, { prefix: 'other:' })
      await store.insert(entryOf())
      expect(await other.get(kind, 'a')).toBeNull()
      expect(await other.listByOwner(kind, 'user-1')).toEqual([])
    })
  })

  describe('redisStore: the owner index', () => {
    test('never hides a record: its member is written first, so a crash between leaves a member only', async () => {
      const crashed = redisStore(crashing(client, 1))
      await expect(crashed.insert(entryOf())).rejects.toMatchObject({ cause: { message: 'crashed' } })
      expect(await client.zcard('auth:session@user-1')).toBe(1)
      expect(await client.exists('auth:session:a')).toBe(0)
      expect(await store.listByOwner(kind, 'user-1')).toEqual([])
    })

    test('has the longer life before the record has it', async () => {
      const first = entryOf()
      await store.insert(first)
      const later = entryOf({ expiresAt: now() + 99_999 })
      await expect(redisStore(crashing(client, 2)).replace(later, first.version)).rejects.toMatchObject({
        cause: { message: 'crashed' },
      })
      expect(await scores()).toEqual([later.expiresAt])
      expect(await store.get(kind, 'a')).toEqual(first)
    })

    test('is not shortened by a record that lives shorter', async () => {
      const first = entryOf({ expiresAt: now() + 7_200 })
      await store.insert(first)
      await store.replace(entryOf({ expiresAt: now() + 60 }), first.version)
      expect(await scores()).toEqual([first.expiresAt])
    })

    test('is not shortened by a writer that comes late', async () => {
      const first = entryOf()
      const winner = entryOf({ expiresAt: now() + 99_999 })
      await store.insert(first)
      const late = redisStore(beforeIndexing(client, () => store.replace(winner, first.version)))
      expect(await late.replace(entryOf({ expiresAt: now() + 7_200 }), first.version)).toBe(false)
      expect(await scores()).toEqual([winner.expiresAt])
      expect(await store.listByOwner(kind, 'user-1')).toEqual([winner])
    })

    test('skips what a removed record left, also when its key was given to another owner', async () => {
      await store.insert(entryOf())
      await store.remove(kind, 'a')
      const second = entryOf({ owner: 'user-2' })
      await store.insert(second)
      expect(await store.listByOwner(kind, 'user-1')).toEqual([])
      expect(await store.listByOwner(kind, 'user-2')).toEqual([second])
    })

    test('lists a key once, however often it was given anew', async () => {
      for (let i = 0; i < 3; i += 1) {
        await store.insert(entryOf())
        await store.remove(kind, 'a')
      }
      const last = entryOf()
      await store.insert(last)
      await store.insert(entryOf())
      expect(await store.listByOwner(kind, 'user-1')).toEqual([last])
    })

    test('is pruned by score: what ended more than 300 s ago is gone, and nothing else', async () => {
      const living = entryOf({ key: 'living', expiresAt: now() - 200 })
      await store.insert(living)
      await client.zadd('auth:session@user-1', now() - 302, '["old","v"]')
      await client.zadd('auth:session@user-1', now() - 290, '["dangling","v"]')
      expect(await store.listByOwner(kind, 'user-1')).toEqual([living])
      expect(await client.zrange('auth:session@user-1', '0', '-1')).toHaveLength(2)
      await client.zadd('auth:session@user-1', now() - 302, '["old","v"]')
      await store.insert(entryOf())
      expect(await client.zrange('auth:session@user-1', '0', '-1')).toHaveLength(3)
    })
  })

  describe('redisStore: faults', () => {
    test('FLUSHALL signs everybody out, and nothing that was under way brings a record back', async () => {
      const first = entryOf()
      await store.insert(first)
      await client.flushall()
      expect(await store.replace(entryOf(), first.version)).toBe(false)
      expect(await store.get(kind, 'a')).toBeNull()
      expect(await store.listByOwner(kind, 'user-1')).toEqual([])
    })

    test('FLUSHALL between the two steps of a longer life brings nothing back', async () => {
      const first = entryOf()
      await store.insert(first)
      const flushing = beforeIndexing(client, () => client.flushall())
      const later = entryOf({ expiresAt: now() + 99_999 })
      expect(await redisStore(flushing).replace(later, first.version)).toBe(false)
      expect(await store.get(kind, 'a')).toBeNull()
    })

    test.each(['', 'no line', '{"json":1}\nvalue', '[1'])(
      '%j in place of a record is an error, never absence',
      async (text) => {
        await client.set('auth:session:a', text)
        await expect(store.get(kind, 'a')).rejects.toBeInstanceOf(StoreError)
      },
    )

    test('a server that is full and may not evict refuses writes with an error, and still answers reads', async () => {
      const first = entryOf()
      await store.insert(first)
      await client.config('SET', 'maxmemory', '1')
      try {
        await expect(store.insert(entryOf({ key: 'b', owner: null }))).rejects.toThrow('OOM')
        expect(await store.get(kind, 'a')).toEqual(first)
        expect(await store.remove(kind, 'a')).toBe(true)
      } finally {
        await client.config('SET', 'maxmemory', '0')
      }
    })

    test('whatever Redis refuses is a StoreError with its first word, and nothing of the rest', async () => {
      await client.config('SET', 'maxmemory', '1')
      const full = store.insert(entryOf({ owner: null, value: 'x'.repeat(100) }))
      await expect(full).rejects.toMatchObject({ name: 'StoreError', message: 'Redis failed (OOM).' })
      await client.config('SET', 'maxmemory', '0')
      const closed = new Redis(server.url)
      closed.disconnect()
      await expect(redisStore(closed).get(kind, 'a')).rejects.toMatchObject({
        name: 'StoreError',
        message: 'Redis failed.',
      })
      await expect(redisStore(closed).listByOwner(kind, 'a')).rejects.toBeInstanceOf(StoreError)
    })

    test('a client that hands numbers over as texts is answered the same', async () => {
      const texts = new Redis(server.url, { stringNumbers: true })
      const told = redisStore(texts)
      const first = entryOf()
      const later = entryOf({ expiresAt: now() + 99_999 })
      expect(await told.insert(first)).toBe(true)
      expect(await told.insert(first)).toBe(false)
      expect(await told.replace(later, first.version)).toBe(true)
      expect(await told.replace(entryOf(), first.version)).toBe(false)
      expect(await told.listByOwner(kind, 'user-1')).toEqual([later])
      expect(await told.remove(kind, 'a')).toBe(true)
      expect(await told.remove(kind, 'a')).toBe(false)
      texts.disconnect()
    })

    test('a user who may not publish the message of a write writes nothing', async () => {
      await client.acl('SETUSER', 'narrow', 'on', '>pass', '~*', '+@all', 'resetchannels')
      const narrow = new Redis(server.url, { username: 'narrow', password: 'pass' })
      const writer = redisStore(narrow, { bus: redisBus(narrow) })
      const first = entryOf()
      await expect(writer.insert(first)).rejects.toBeInstanceOf(StoreError)
      expect(await store.get(kind, 'a')).toBeNull()
      await store.insert(first)
      await expect(writer.replace(entryOf(), first.version)).rejects.toBeInstanceOf(StoreError)
      await expect(writer.remove(kind, 'a')).rejects.toBeInstanceOf(StoreError)
      expect(await store.get(kind, 'a')).toEqual(first)
      await client.acl('SETUSER', 'narrow', '&auth:invalidate')
      expect(await writer.remove(kind, 'a')).toBe(true)
      narrow.disconnect()
    })

    test('an owner too long for the scripts is refused before anything is written', async () => {
      await expect(store.insert(entryOf({ owner: 'o'.repeat(256) }))).rejects.toThrow('255')
      expect(await client.keys('*')).toEqual([])
      const first = entryOf({ owner: '\u{1F511}'.repeat(127) })
      await store.insert(first)
      expect(await store.replace({ ...first, version: 'v2', expiresAt: now() + 99_999 }, first.version)).toBe(true)
    })

    test('another type of key is an error, never absence', async () => {
      await client.lpush('auth:session:a', 'x')
      await expect(store.get(kind, 'a')).rejects.toThrow('WRONGTYPE')
      await expect(store.remove(kind, 'a', 'v')).rejects.toThrow('WRONGTYPE')
    })

    test('a server that stopped answering is a StoreError in time, and well again afterwards', async () => {
      const cached = cachedStore(store, { storeTimeoutSeconds: 1 })
      await store.insert(entryOf())
      server.freeze()
      const outcomes = await Promise.allSettled([
        cached.get(kind, 'a'),
        cached.remove(kind, 'b'),
        cached.listByOwner(kind, 'user-1'),
        cached.insert(entryOf({ key: 'c' })),
      ])
      server.thaw()
      for (const outcome of outcomes) expect(outcome).toMatchObject({ reason: { code: 'unavailable' } })
      expect(await cached.get(kind, 'a')).not.toBeNull()
    })
  })
})
