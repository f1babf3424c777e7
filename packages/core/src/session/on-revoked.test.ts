/** How often a watched session is looked at, and who is told of what. */
import { testPlatform } from '@tessera-auth/testing'
import { expect, test, vi } from 'vitest'
import { gatedStore, settled } from '../store/fixtures/gated-store.js'
import { memoryStore } from '../store/memory-store.js'
import { createSessions } from './sessions.js'

/** A session that is watched. Without a cache it is looked at every ten seconds. */
async function setUp() {
  const platform = testPlatform()
  const memory = memoryStore({ platform })
  const gate = gatedStore(memory)
  const sessions = createSessions({ store: gate.store, platform, idleTimeoutSeconds: 60, storeTimeoutSeconds: 60 })
  const { session } = await sessions.create({ attempt: await sessions.beginLogin('ann') })
  const callback = vi.fn()
  const unsubscribe = sessions.onRevoked(session.id, callback)
  const before = gate.counts.get
  const looks = (): number => gate.counts.get - before
  const pass = async (seconds: number): Promise<void> => {
    for (let second = 0; second < seconds; second += 1) {
      platform.advance(1)
      await settled()
    }
  }
  /** The end of the session, as another process brings it about. */
  const end = () => memory.remove('session', session.id)
  return { gate, callback, unsubscribe, looks, pass, end }
}

test('a session that nobody watches any more is not read', async () => {
  const { unsubscribe, looks, pass } = await setUp()
  await pass(10)
  expect(looks()).toBe(1)
  unsubscribe()
  await pass(30)
  expect(looks()).toBe(1)
})

test('a look that was under way at the unsubscribe tells nobody', async () => {
  const { gate, callback, unsubscribe, pass, end } = await setUp()
  gate.close()
  await pass(10)
  await end()
  unsubscribe()
  await gate.held[0]?.answer()
  expect([gate.held.length, callback.mock.calls.length]).toEqual([1, 0])
})

test('two looks that both find the end tell of it once', async () => {
  const { gate, callback, pass, end } = await setUp()
  gate.close()
  await pass(20)
  await end()
  for (const look of gate.held) await look.answer()
  expect([gate.held.length, callback.mock.calls.length]).toEqual([2, 1])
})

test('a session that ended by itself is told of once, and not read from then on', async () => {
  const { callback, looks, pass } = await setUp()
  await pass(59)
  expect([looks(), callback.mock.calls.length]).toEqual([5, 0])
  await pass(60)
  expect([looks(), callback.mock.calls.length]).toEqual([6, 1])
})
