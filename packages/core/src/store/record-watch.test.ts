import { describe, expect, test } from 'vitest'
import { testPlatform } from '@tessera-auth/testing'
import { cachedStore } from './cached-store.js'
import { settled } from './fixtures/gated-store.js'
import { manualBus } from './fixtures/manual-bus.js'
import { memoryStore } from './memory-store.js'
import { watchRecord } from './record-watch.js'
import type { Entry, Store } from './store.js'

const kind = 'session'
const entry: Entry = { kind, key: 'a', owner: null, value: '1', version: 'v1', expiresAt: null }

/** A watch on record a, and how often it called back. */
function setUp(open: (backend: Store, platform: ReturnType<typeof testPlatform>) => Store) {
  const platform = testPlatform()
  const backend = memoryStore({ platform })
  const store = open(backend, platform)
  const calls = { count: 0 }
  const stop = watchRecord({ store, platform, kind, key: 'a' }, () => (calls.count += 1))
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

describe('watchRecord', () => {
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
    watchRecord({ store, platform, kind, key: 'a' }, () => resolve(store.get(kind, 'a')))
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

  test('of one record can be many; stopping one leaves the others', () => {
    const { store, platform, calls, subscribers } = setUpCached()
    const stop = watchRecord({ store, platform, kind, key: 'a' }, () => (calls.count += 10))
    subscribers[0]?.deliver(kind, 'a')
    expect(calls.count).toBe(11)
    stop()
    subscribers[0]?.deliver(kind, 'a')
    expect(calls.count).toBe(12)
  })
})
