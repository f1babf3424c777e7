/** A store that fails for some calls, or is written to by somebody else between two of them. */
import { testPlatform } from '@tessera-auth/testing'
import { expect, test } from 'vitest'
import { StoreError } from '../errors.js'
import { memoryStore } from '../store/memory-store.js'
import type { Store } from '../store/store.js'
import { createSessions } from './sessions.js'

const down = (): Promise<never> => Promise.reject(new Error('down'))

/** A login with a refresh family, and sessions on a store that is changed. */
async function setUp(change: (memory: Store) => Partial<Store>) {
  const platform = testPlatform()
  const memory = memoryStore({ platform })
  const data = { initial: '', parse: String }
  const sessions = createSessions({ store: { ...memory, ...change(memory) }, platform, data })
  const healthy = createSessions({ store: memory, platform, data })
  const { session } = await healthy.create({ attempt: await healthy.beginLogin('ann') })
  const value = JSON.stringify({ sessionId: session.id })
  await memory.insert({ kind: 'refresh-family', key: 'f', owner: 'ann', value, version: '1', expiresAt: null })
  return { memory, sessions, healthy, session }
}

test('beginLogin is an outage for nobody too: an unknown user is not told from a known one', async () => {
  const { sessions } = await setUp(() => ({ get: down }))
  for (const userId of ['ann', null]) await expect(sessions.beginLogin(userId)).rejects.toThrow(StoreError)
})

test('revoke fails where a refresh family could not be ended, and ends it at the next try', async () => {
  const { memory, sessions, healthy, session } = await setUp((store) => ({
    remove: (kind, ...given) => (kind === 'refresh-family' ? down() : store.remove(kind, ...given)),
  }))
  await expect(sessions.revoke('ann', session.id)).rejects.toThrow(StoreError)
  await healthy.revokeAll('ann')
  expect(await memory.get('refresh-family', 'f')).toBeNull()
})

test('update of a session that ended in between is unauthenticated, not a conflict', async () => {
  const { sessions, session } = await setUp((store) => ({
    replace: async ({ kind, key }) => !(await store.remove(kind, key)),
  }))
  await expect(sessions.update(session.id, () => 'x')).rejects.toMatchObject({ code: 'unauthenticated' })
})
