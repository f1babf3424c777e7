import { describe, expect, test, vi } from 'vitest'
import { testPlatform } from '@tessera-auth/testing'
import { cachedStore } from './cached-store.js'
import { settled } from './fixtures/gated-store.js'
import { manualBus } from './fixtures/manual-bus.js'
import { memoryStore } from './memory-store.js'
import { createWatches } from './record-watch.js'
import type { Entry, Store } from './store.js'

const kind = 'session'
const entry: Entry = { kind, key: 'a', owner: null, value: '1', version: 'v1', expiresAt: null }

/** A watch on record a, and how often it called back. */
function setUp(open: (backend: Store, platform: ReturnType<typeof testPlatform>) => Store) {
  const platform = testPlatform()
  const backend = memoryStore({ platform })
  const store = open(backend, platform)
  const calls = { count: 0 }
  const stop = createWatches(store, platform, kind)('a', () => (calls.count += 1))
  const pass = async (seconds: number): Promise<void> => {
    platform.advance(seconds)
    await settled()
  }
  return { platform, backend, store, calls, stop, pass }
}

function setUpCached() {
  const manual = manualBus()
  const open = (backend: Store, platform: ReturnType<typeof testPlatform>): Store =>
    cachedStore(backend, { platform, bus: manual.bus, maxStalenessSeconds: 4 })
  return { ...setUp(open), ...manual }
}

describe('createWatches', () => {
  test('is told of a message about its record, and of no other', () => {
    const { calls, subscribers } = setUpCached()
    subscribers[0]?.deliver(kind, 'b')
    subscribers[0]?.deliver('transaction', 'a')
    expect(calls.count).toBe(0)
    subscribers[0]?.deliver(kind, 'a')
    expect(calls.count).toBe(1)
  })

  test('is told of a write in its own process', async () => {
    const { calls, store } = setUpCached()
    await store.insert(entry)
    expect(calls.count).toBe(1)
  })

  test('finds the new state when it reads as soon as it is told', async () => {
    const { store, backend, platform, subscribers } = setUpCached()
    await backend.insert(entry)
    await store.get(kind, 'a')
    await backend.remove(kind, 'a')
    const { promise, resolve } = Promise.withResolvers<Entry | null>()
    createWatches(store, platform, kind)('a', () => resolve(store.get(kind, 'a')))
    subscribers[0]?.deliver(kind, 'a')
    expect(await promise).toBeNull()
  })

  test('looks every maxStalenessSeconds, whatever the bus says', async () => {
    const { calls, pass } = setUpCached()
    await pass(3.9)
    expect(calls.count).toBe(0)
    await pass(0.1)
    await pass(4)
    expect(calls.count).toBe(2)
  })

  test('looks every ten seconds where there is no cache', async () => {
    const { calls, pass } = setUp((backend) => backend)
    await pass(9.9)
    expect(calls.count).toBe(0)
    await pass(0.1)
    expect(calls.count).toBe(1)
  })

  test('is quiet once it was stopped', async () => {
    const { calls, stop, subscribers, pass } = setUpCached()
    stop()
    stop()
    subscribers[0]?.deliver(kind, 'a')
    await pass(8)
    expect(calls.count).toBe(0)
  })

  test('nothing waits any more a second after the last was stopped', async () => {
    const sleep = vi.fn<(milliseconds: number) => Promise<void>>()
    const { calls, platform, store, stop, pass } = setUp((backend) => backend)
    sleep.mockImplementation(platform.sleep)
    const watch = createWatches(store, { ...platform, sleep }, kind)
    const stops = Array.from({ length: 100 }, () => watch('a', () => (calls.count += 1)))
    await pass(1)
    expect(sleep).toHaveBeenCalledTimes(2)
    for (const each of [stop, ...stops]) each()
    await pass(1)
    await pass(60)
    expect([sleep.mock.calls.length, calls.count]).toEqual([2, 0])
    watch('a', () => (calls.count += 1))
    for (let second = 0; second < 10; second += 1) await pass(1)
    expect(calls.count).toBe(1)
  })

  test('each looks in its own time', async () => {
    const { calls, platform, store, pass } = setUpCached()
    await pass(1)
    createWatches(store, platform, kind)('a', () => (calls.count += 10))
    await pass(3)
    expect(calls.count).toBe(1)
    await pass(1)
    expect(calls.count).toBe(11)
  })

  test('of one record can be many; stopping one leaves the others', () => {
    const { store, platform, calls, subscribers } = setUpCached()
    const stop = createWatches(store, platform, kind)('a', () => (calls.count += 10))
    subscribers[0]?.deliver(kind, 'a')
    expect(calls.count).toBe(11)
    stop()
    subscribers[0]?.deliver(kind, 'a')
    expect(calls.count).toBe(12)
  })
})
