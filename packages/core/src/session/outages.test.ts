/** A store that fails for some calls, or is written to by somebody else between two of them. */
import { type TestPlatform, testPlatform } from '@tessera-auth/testing'
import { expect, test } from 'vitest'
import { StoreError } from '../errors.js'
import type { AuthEvent } from '../events.js'
import { memoryStore } from '../store/memory-store.js'
import type { Store } from '../store/store.js'
import { settled } from '../store/fixtures/gated-store.js'
import { createSessions } from './sessions.js'

const down = (): Promise<never> => Promise.reject(new Error('down'))
const hanging = (): Promise<never> => new Promise(() => {})

/** A login with a refresh family, and sessions on a store that is changed. */
async function setUp(change: (memory: Store) => Partial<Store>) {
  const platform = testPlatform()
  const memory = memoryStore({ platform })
  const data = { initial: '', parse: String }
  const events: string[] = []
  const onEvent = ({ type, reason }: AuthEvent): void => void events.push(`${type} ${reason}`)
  const sessions = createSessions({ store: { ...memory, ...change(memory) }, platform, data, onEvent })
  const healthy = createSessions({ store: memory, platform, data })
  const { session } = await healthy.create({ attempt: await healthy.beginLogin('ann') })
  const value = JSON.stringify({ sessionId: session.id })
  await memory.insert({ kind: 'refresh-family', key: 'f', owner: 'ann', value, version: '1', expiresAt: null })
  return { platform, memory, sessions, healthy, session, events }
}

test('beginLogin is an outage for nobody too: an unknown user is not told from a known one', async () => {
  const { sessions } = await setUp(() => ({ get: down }))
  for (const userId of ['ann', null]) await expect(sessions.beginLogin(userId)).rejects.toThrow(StoreError)
})

test('revoke fails where a refresh family could not be ended, and ends it at the next try', async () => {
  const { memory, sessions, healthy, session, events } = await setUp((store) => ({
    remove: (kind, ...given) => (kind === 'refresh-family' ? down() : store.remove(kind, ...given)),
  }))
  await expect(sessions.revoke('ann', session.id)).rejects.toThrow(StoreError)
  expect(events).toEqual(['session.revoked revoked'])
  await healthy.revokeAll('ann')
  expect(await memory.get('refresh-family', 'f')).toBeNull()
})

test('a removal that was done and told as none ends the refresh families too', async () => {
  const { memory, sessions, session } = await setUp((store) => ({
    remove: async (...record) => (await store.remove(...record)) && record[0] !== 'session',
  }))
  expect(await sessions.revoke('ann', session.id)).toBe(false)
  expect(await memory.get('refresh-family', 'f')).toBeNull()
})

/** What became of a call when the store has taken as long as it may, once. */
async function whenLate(platform: TestPlatform, call: Promise<unknown>): Promise<unknown> {
  const outcome = call.catch((error: unknown) => error)
  await settled()
  platform.advance(6)
  return Promise.race([outcome, settled().then(() => 'still waiting')])
}

test('rotate does not ask a store that hangs a second time', async () => {
  const { platform, sessions, session } = await setUp(() => ({ replace: hanging, get: hanging }))
  expect(await whenLate(platform, sessions.rotate(session, { methods: [] }))).toBeInstanceOf(StoreError)
})

test('create takes back what a store that hangs may have written, and does not wait for that', async () => {
  for (const method of ['insert', 'listByOwner'] as const) {
    const removed: string[] = []
    const remove: Store['remove'] = (kind) => (removed.push(kind), hanging())
    const { platform, healthy, sessions } = await setUp(() => ({ [method]: hanging, remove }))
    const attempt = await healthy.beginLogin('ann')
    expect(await whenLate(platform, sessions.create({ attempt }))).toBeInstanceOf(StoreError)
    expect(removed).toEqual(['session'])
  }
})

test('create tells what failed first, where what it wrote cannot be taken back either', async () => {
  const { healthy, sessions } = await setUp(() => ({
    insert: () => Promise.reject(new Error('the insert')),
    remove: () => Promise.reject(new Error('the removal')),
  }))
  const creating = sessions.create({ attempt: await healthy.beginLogin('ann') })
  await expect(creating).rejects.toMatchObject({ cause: { message: 'the insert' } })
})

test('update of a session that ended in between is unauthenticated, not a conflict', async () => {
  const { sessions, session } = await setUp((store) => ({
    replace: async ({ kind, key }) => !(await store.remove(kind, key)),
  }))
  await expect(sessions.update(session.id, () => 'x')).rejects.toMatchObject({ code: 'unauthenticated' })
})
