import { describe, expect, test } from 'vitest'
import { testPlatform } from '@tessera-auth/testing'
import { StoreError } from '../errors.js'
import { cachedStore } from './cached-store.js'
import { gatedStore, settled } from './fixtures/gated-store.js'
import { manualBus } from './fixtures/manual-bus.js'
import { memoryStore } from './memory-store.js'
import type { Entry } from './store.js'

const kind = 'session'
const entry: Entry = { kind, key: 'a', owner: 'user-1', value: '"first"', version: 'v1', expiresAt: null }
const changed: Entry = { ...entry, value: '"second"', version: 'v2' }

/** A cache whose store answers only when it is told to. */
async function setUp() {
  const platform = testPlatform()
  const backend = memoryStore({ platform })
  await backend.insert(entry)
  const gate = gatedStore(backend)
  const manual = manualBus()
  const store = cachedStore(gate.store, { platform, bus: manual.bus, maxStalenessSeconds: 5 })
  gate.close()
  const get = async (options?: { fresh: boolean }): Promise<string | null> =>
    (await store.get(kind, 'a', options))?.value ?? null
  return { ...manual, platform, backend, gate, store, get, fresh: () => get({ fresh: true }) }
}

describe('cachedStore: misses under way', () => {
  test('of one record share one read', async () => {
    const { get, gate } = await setUp()
    const callers = Array.from({ length: 100 }, () => get())
    await gate.held[0]?.answer()
    expect(new Set(await Promise.all(callers))).toEqual(new Set(['"first"']))
    expect(gate.counts.get).toBe(1)
  })

  test('of different records do not', async () => {
    const { store, gate } = await setUp()
    void store.get(kind, 'a')
    void store.get(kind, 'b')
    void store.get('transaction', 'a')
    expect(gate.counts.get).toBe(3)
  })

  test('all fail with the read they share', async () => {
    const { get, gate } = await setUp()
    const outcomes = Promise.allSettled([get(), get(), get()])
    await gate.held[0]?.fail()
    for (const outcome of await outcomes) expect(outcome).toMatchObject({ reason: expect.any(StoreError) })
  })

  test('are not joined by those who come after a write, nor is their answer cached', async () => {
    const { get, gate, store } = await setUp()
    const before = get()
    await gate.held[0]?.apply()
    const write = store.replace(changed, 'v1')
    await gate.held[1]?.answer()
    await write
    const after = get()
    expect(gate.counts.get).toBe(2)
    await gate.held[2]?.answer()
    await gate.held[0]?.answer()
    expect(await before).toBe('"first"')
    expect(await after).toBe('"second"')
    expect(await get()).toBe('"second"')
  })

  test('are not joined by those who come after a message, nor is their answer cached', async () => {
    const { get, gate, backend, subscribers } = await setUp()
    const before = get()
    await gate.held[0]?.apply()
    await backend.replace(changed, 'v1')
    subscribers[0]?.deliver(kind, 'a')
    const after = get()
    await gate.held[0]?.answer()
    await gate.held[1]?.answer()
    expect(await before).toBe('"first"')
    expect(await after).toBe('"second"')
    expect(await get()).toBe('"second"')
  })

  test('go on being shared after a message about another record', async () => {
    const { get, gate, subscribers } = await setUp()
    void get()
    subscribers[0]?.deliver(kind, 'b')
    subscribers[0]?.deliver('transaction', 'a')
    void get()
    expect(gate.counts.get).toBe(1)
  })

  test('that answer late do not replace what a later read said', async () => {
    const { get, fresh, gate, backend, platform } = await setUp()
    void get()
    await gate.held[0]?.apply()
    await backend.replace(changed, 'v1')
    platform.advance(1)
    void fresh()
    await gate.held[1]?.answer()
    await gate.held[0]?.answer()
    expect(await get()).toBe('"second"')
  })
})

describe('cachedStore: the bus', () => {
  test('drops the copy of which it tells, and only that one', async () => {
    const { store, get, gate, backend, subscribers } = await setUp()
    gate.open()
    await store.get(kind, 'b')
    await get()
    await backend.replace(changed, 'v1')
    subscribers[0]?.deliver(kind, 'a')
    expect(await get()).toBe('"second"')
    await store.get(kind, 'b')
    expect(gate.counts.get).toBe(3)
  })

  test('once it listens (again) empties the cache, and detaches the reads under way', async () => {
    const { get, gate, backend, subscribers } = await setUp()
    const before = get()
    await gate.held[0]?.apply()
    await backend.replace(changed, 'v1')
    subscribers[0]?.health(true)
    await gate.held[0]?.answer()
    gate.open()
    expect(await before).toBe('"first"')
    expect(await get()).toBe('"second"')
    await backend.replace({ ...changed, value: '"third"', version: 'v3' }, 'v2')
    subscribers[0]?.health(false)
    expect(await get()).toBe('"second"')
    subscribers[0]?.health(true)
    expect(await get()).toBe('"third"')
  })

  test('is left on close; the bound goes on', async () => {
    const { store, get, gate, subscribers, platform, backend } = await setUp()
    gate.open()
    await get()
    await store.close()
    expect(subscribers).toHaveLength(0)
    await backend.replace(changed, 'v1')
    platform.advance(5.001)
    expect(await get()).toBe('"second"')
  })
})

describe('cachedStore: a fresh read', () => {
  test('never answers from the cache', async () => {
    const { get, fresh, gate, backend } = await setUp()
    gate.open()
    await get()
    await backend.replace(changed, 'v1')
    expect(await fresh()).toBe('"second"')
  })

  test('never joins a read that started before it, cached or fresh', async () => {
    const { get, fresh, gate, backend } = await setUp()
    const outcomes = Promise.all([get(), fresh()])
    await gate.held[0]?.apply()
    await gate.held[1]?.apply()
    await backend.replace(changed, 'v1')
    const late = fresh()
    await gate.held[0]?.answer()
    await gate.held[1]?.answer()
    await gate.held[2]?.answer()
    expect(await outcomes).toEqual(['"first"', '"first"'])
    expect(await late).toBe('"second"')
  })

  test('is shared by those who came before it started: one runs, one waits', async () => {
    const { fresh, gate } = await setUp()
    const callers = Array.from({ length: 100 }, () => fresh())
    expect(gate.counts.get).toBe(1)
    await gate.held[0]?.answer()
    expect(gate.counts.get).toBe(2)
    await gate.held[1]?.answer()
    await Promise.all(callers)
    expect(gate.counts.get).toBe(2)
  })

  test('that waits starts also when the one before it failed', async () => {
    const { fresh, gate } = await setUp()
    const first = Promise.allSettled([fresh()])
    const second = fresh()
    await gate.held[0]?.fail()
    expect(await first).toMatchObject([{ reason: expect.any(StoreError) }])
    await gate.held[1]?.answer()
    expect(await second).toBe('"first"')
  })

  test('that waits is also joined by those who ask again at once', async () => {
    const { store, fresh, gate } = await setUp()
    const again = store.get(kind, 'a', { fresh: true }).then(() => store.get(kind, 'a', { fresh: true }))
    const waiting = fresh()
    await gate.held[0]?.answer()
    expect(gate.counts.get).toBe(2)
    await gate.held[1]?.answer()
    await Promise.all([again, waiting])
  })

  test('leaves nothing behind: the next one starts at once', async () => {
    const { fresh, gate } = await setUp()
    for (let round = 0; round < 3; round += 1) {
      const callers = [fresh(), fresh()]
      await gate.held.at(-1)?.answer()
      await gate.held.at(-1)?.answer()
      await Promise.all(callers)
    }
    void fresh()
    await settled()
    expect(gate.counts.get).toBe(7)
  })

  test('renews the copy, with its own age', async () => {
    const { get, fresh, gate, platform } = await setUp()
    gate.open()
    await get()
    platform.advance(4)
    await fresh()
    platform.advance(4)
    await get()
    expect(gate.counts.get).toBe(2)
  })

  test('does not renew the copy when the record changed meanwhile', async () => {
    const { get, fresh, gate, backend, subscribers } = await setUp()
    void fresh()
    await gate.held[0]?.apply()
    await backend.replace(changed, 'v1')
    subscribers[0]?.deliver(kind, 'a')
    await gate.held[0]?.answer()
    gate.open()
    expect(await get()).toBe('"second"')
  })
})
