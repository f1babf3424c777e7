import { describe, expect, test } from 'vitest'
import { testPlatform } from '@tessera-auth/testing'
import { ConfigError, StoreError } from '../errors.js'
import { cachedStore, type CachedStoreOptions } from './cached-store.js'
import { gatedStore, settled } from './fixtures/gated-store.js'
import { manualBus } from './fixtures/manual-bus.js'
import { memoryStore } from './memory-store.js'
import type { Entry } from './store.js'

const kind = 'session'
const entry: Entry = { kind, key: 'a', owner: 'user-1', value: '"first"', version: 'v1', expiresAt: null }
const changed: Entry = { ...entry, value: '"second"', version: 'v2' }

/** One backend, one cache over it, one bus; the record is there, written behind the cache's back. */
async function setUp(options: CachedStoreOptions = {}) {
  const platform = testPlatform()
  const backend = memoryStore({ platform })
  await backend.insert(entry)
  const gate = gatedStore(backend)
  const { bus, messages, deliverAll, subscribers } = manualBus()
  const store = cachedStore(gate.store, { platform, bus, maxStalenessSeconds: 5, ...options })
  return { platform, backend, gate, store, messages, deliverAll, subscribers, value: valueFrom(store) }
}

function valueFrom(store: { get(kind: string, key: string): Promise<Entry | null> }) {
  return async (key = 'a'): Promise<string | null> => (await store.get(kind, key))?.value ?? null
}

describe('cachedStore: a copy', () => {
  test('is read once however often it is asked for', async () => {
    const { store, gate } = await setUp()
    for (let i = 0; i < 100; i += 1) await store.get(kind, 'a')
    expect(gate.counts.get).toBe(1)
  })

  test('is the same frozen entry at each hit', async () => {
    const { store } = await setUp()
    const first = await store.get(kind, 'a')
    expect(await store.get(kind, 'a')).toBe(first)
    expect(first).toEqual(entry)
    expect(Object.isFrozen(first)).toBe(true)
  })

  test('belongs to one kind and one key', async () => {
    const { store, backend } = await setUp()
    await backend.insert({ ...entry, kind: 'transaction', value: '"other kind"' })
    await store.get(kind, 'a')
    expect((await store.get('transaction', 'a'))?.value).toBe('"other kind"')
    expect(await store.get(kind, 'b')).toBeNull()
  })

  test('is not kept when its read failed', async () => {
    const { store, gate, value } = await setUp()
    gate.close()
    const outcome = Promise.allSettled([store.get(kind, 'a')])
    await gate.held[0]?.fail()
    expect(await outcome).toMatchObject([{ reason: expect.any(StoreError) }])
    gate.open()
    expect(await value()).toBe('"first"')
  })

  test('never stands in for owner lists or purges', async () => {
    const { store, backend, gate } = await setUp()
    await store.get(kind, 'a')
    await backend.replace(changed, 'v1')
    expect(await store.listByOwner(kind, 'user-1')).toEqual([changed])
    expect(await store.removeExpired(0, 10)).toBe(0)
    expect(gate.counts.removeExpired).toBe(1)
  })
})

describe('cachedStore: the staleness bound', () => {
  test('allows a copy exactly as old as the bound, and none that is older', async () => {
    const { backend, platform, value } = await setUp()
    await value()
    await backend.replace(changed, 'v1')
    platform.advance(5)
    expect(await value()).toBe('"first"')
    platform.advance(0.001)
    expect(await value()).toBe('"second"')
  })

  test('counts from the start of the read, not from its answer', async () => {
    const { store, backend, platform, gate, value } = await setUp()
    gate.close()
    const slow = store.get(kind, 'a')
    await gate.held[0]?.apply()
    await backend.replace(changed, 'v1')
    platform.advance(4)
    await gate.held[0]?.answer()
    expect((await slow)?.value).toBe('"first"')
    gate.open()
    platform.advance(1.001)
    expect(await value()).toBe('"second"')
  })

  test('refuses an answer that was under way for longer, to all who waited for it', async () => {
    const { store, platform, gate } = await setUp({ storeTimeoutSeconds: 30 })
    gate.close()
    const waiting = [store.get(kind, 'a'), store.get(kind, 'a'), store.get(kind, 'a', { fresh: true })]
    const outcomes = Promise.allSettled(waiting)
    platform.advance(5.001)
    for (const call of gate.held) await call.answer()
    for (const outcome of await outcomes) {
      expect(outcome).toMatchObject({ status: 'rejected', reason: { code: 'unavailable' } })
    }
  })

  test('is not stretched by using the copy, by the bus, or by a clock that steps back', async () => {
    const { store, platform, backend, subscribers } = await setUp()
    const steppingBack = { ...platform, now: () => platform.now() - 3_600 }
    const other = cachedStore(backend, { platform: steppingBack, maxStalenessSeconds: 5 })
    await Promise.all([store.get(kind, 'a'), other.get(kind, 'a')])
    await backend.replace(changed, 'v1')
    for (let second = 0; second < 5; second += 1) {
      platform.advance(1)
      subscribers[0]?.health(false)
      await Promise.all([store.get(kind, 'a'), other.get(kind, 'a')])
    }
    platform.advance(0.001)
    expect(await valueFrom(store)()).toBe('"second"')
    expect(await valueFrom(other)()).toBe('"second"')
  })

  test('does not add up when a cache stands on a cache', async () => {
    const { store, backend, platform } = await setUp()
    const upper = cachedStore(store, { platform, maxStalenessSeconds: 5 })
    await store.get(kind, 'a')
    await backend.replace(changed, 'v1')
    platform.advance(4)
    expect((await upper.get(kind, 'a'))?.value).toBe('"second"')
  })

  test('costs one read per bound', async () => {
    const { platform, gate, value } = await setUp()
    for (let step = 0; step < 500; step += 1) {
      await value()
      platform.advance(0.1)
    }
    expect(gate.counts.get).toBeLessThanOrEqual(10)
  })
})

describe('cachedStore: a write', () => {
  test.each([
    ['insert', (store) => store.insert({ ...entry, key: 'b' }), 'b'],
    ['replace', (store) => store.replace(changed, 'v1'), 'a'],
    ['remove', (store) => store.remove(kind, 'a'), 'a'],
  ] satisfies [string, (store: ReturnType<typeof cachedStore>) => Promise<boolean>, string][])(
    '%s drops the copy, publishes, and does not fill the cache with its own result',
    async (_name, write, key) => {
      const { store, gate, messages } = await setUp()
      await store.get(kind, key)
      expect(await write(store)).toBe(true)
      expect(messages).toMatchObject([{ kind, key }])
      await store.get(kind, key)
      expect(gate.counts.get).toBe(2)
    },
  )

  test('that was refused drops the copy that misled it, and publishes nothing', async () => {
    const { store, backend, messages, value } = await setUp()
    await value()
    await backend.replace(changed, 'v1')
    expect(await store.replace({ ...entry, version: 'v3' }, 'v1')).toBe(false)
    expect(await value()).toBe('"second"')
    expect(messages).toEqual([])
  })

  test('of unknown outcome drops the copy and publishes', async () => {
    const { store, gate, messages, value } = await setUp()
    await value()
    gate.close()
    const outcome = Promise.allSettled([store.replace(changed, 'v1')])
    await gate.held[0]?.apply()
    await gate.held[0]?.fail()
    expect(await outcome).toMatchObject([{ reason: expect.any(StoreError) }])
    gate.open()
    expect(await value()).toBe('"second"')
    expect(messages).toMatchObject([{ kind, key: 'a' }])
  })

  test.each([
    ['hangs', () => new Promise<void>(() => {})],
    ['rejects', () => Promise.reject(new Error('no bus'))],
    [
      'throws',
      () => {
        throw new Error('no bus')
      },
    ],
  ] satisfies [string, () => Promise<void>][])('is not held up by a bus that %s', async (_name, publish) => {
    const bus = { publish, subscribe: () => async () => {} }
    const { store } = await setUp({ bus })
    expect(await store.remove(kind, 'a')).toBe(true)
    expect(await store.get(kind, 'a')).toBeNull()
  })

  test('is seen at once without a bus', async () => {
    const platform = testPlatform()
    const store = cachedStore(memoryStore({ platform }), { platform })
    await store.get(kind, 'a')
    await store.insert(entry)
    expect((await store.get(kind, 'a'))?.value).toBe('"first"')
  })
})

describe('cachedStore: absence', () => {
  test('is cached, within the bound', async () => {
    const { store, backend, platform, gate } = await setUp()
    await store.get(kind, 'b')
    await backend.insert({ ...entry, key: 'b' })
    expect(await store.get(kind, 'b')).toBeNull()
    expect(gate.counts.get).toBe(1)
    platform.advance(5.001)
    expect(await store.get(kind, 'b')).not.toBeNull()
  })

  test('in a flood of random keys pushes no living record out', async () => {
    const { store, gate, value } = await setUp({ maxEntries: 10 })
    await value()
    for (let i = 0; i < 1000; i += 1) await store.get(kind, `random-${i}`)
    await value()
    expect(gate.counts.get).toBe(1001)
  })

  test('is bounded', async () => {
    const { store, gate } = await setUp({ maxEntries: 10 })
    for (let i = 0; i < 11; i += 1) await store.get(kind, `random-${i}`)
    await store.get(kind, 'random-0')
    expect(gate.counts.get).toBe(12)
  })
})

describe('cachedStore: maxEntries', () => {
  test('bounds the copies, and those in use outlive those that are not', async () => {
    const { store, backend, gate } = await setUp({ maxEntries: 3 })
    for (const key of ['b', 'c', 'd']) await backend.insert({ ...entry, key })
    for (const key of ['a', 'b', 'c', 'a', 'd']) await store.get(kind, key)
    expect(gate.counts.get).toBe(4)
    for (const key of ['a', 'c', 'd']) await store.get(kind, key)
    expect(gate.counts.get).toBe(4)
    await store.get(kind, 'b')
    expect(gate.counts.get).toBe(5)
  })

  test('holds when every copy is in use', async () => {
    const { store, backend, gate } = await setUp({ maxEntries: 20 })
    const keys = Array.from({ length: 40 }, (_, i) => `k${i}`)
    for (const key of keys) await backend.insert({ ...entry, key })
    for (const key of keys) {
      await store.get(kind, key)
      await store.get(kind, key)
    }
    const before = gate.counts.get
    for (const key of keys) await store.get(kind, key)
    expect(gate.counts.get - before).toBeGreaterThanOrEqual(20)
  })
})

describe('cachedStore: removeExpired', () => {
  test('removes no more than it is told to', async () => {
    const { store, backend, platform } = await setUp()
    const expiresAt = platform.now()
    for (const key of ['b', 'c', 'd']) await backend.insert({ ...entry, key, expiresAt })
    expect(await store.removeExpired(expiresAt, 2)).toBe(2)
    expect(await store.removeExpired(expiresAt, 2)).toBe(1)
  })
})

describe('cachedStore: options', () => {
  test.each([
    ['maxStalenessSeconds', 0],
    ['maxStalenessSeconds', 0.5],
    ['maxStalenessSeconds', Number.NaN],
    ['maxEntries', 0],
    ['maxEntries', -1],
    ['storeTimeoutSeconds', 0],
    ['bus', {}],
  ])('%s: %s is refused by name', (option, value) => {
    const create = (): unknown => cachedStore(memoryStore(), { [option]: value })
    expect(create).toThrow(ConfigError)
    expect(create).toThrow(option)
  })

  test('a store with a method missing is refused', () => {
    expect(() => cachedStore({ ...memoryStore(), remove: undefined as never })).toThrow(ConfigError)
  })

  test('storeTimeoutSeconds bounds a store that hangs', async () => {
    const { store, platform, gate } = await setUp({ storeTimeoutSeconds: 2 })
    gate.close()
    const outcomes = Promise.allSettled([store.get(kind, 'a'), store.remove(kind, 'a'), store.listByOwner(kind, 'u')])
    await settled()
    platform.advance(2.25)
    for (const outcome of await outcomes) expect(outcome).toMatchObject({ reason: { code: 'unavailable' } })
  })
})
