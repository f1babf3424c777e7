/** Back-channel logouts and the times that their tokens and the logins' tokens name, or do not. */
import { testPlatform } from '@tessera-auth/testing'
import { expect, test } from 'vitest'
import { StoreError } from '../errors.js'
import { memoryStore } from '../store/memory-store.js'
import type { Store } from '../store/store.js'
import { createSessions } from './sessions.js'

const subject = { issuer: 'https://id.example', subject: 'sub-1', providerSessionId: null }

function setUp() {
  const platform = testPlatform()
  const store = memoryStore({ platform })
  const sessions = createSessions({ store, platform })
  const signIn = async (issuedAt?: number, absoluteTimeoutSeconds = 2_592_000, userId = 'ann') =>
    sessions.create({
      attempt: await sessions.beginLogin(userId),
      absoluteTimeoutSeconds,
      providerLogin: issuedAt === undefined ? subject : { ...subject, issuedAt },
    })
  /** A newer release writes the index of this login. */
  const rewrite = async (sessionId: string) => {
    const index = await store.get('provider-login', `sub.${sessionId}`)
    if (index) await store.replace({ ...index, value: '{"v":2}', version: 'newer' }, index.version)
  }
  return { platform, store, sessions, signIn, rewrite }
}

test('a login whose time is not known is earlier than any logout', async () => {
  const { platform, sessions, signIn } = setUp()
  const { token } = await signIn()
  const logout = { ...subject, issuedAt: platform.now() - 1000 }
  expect(await sessions.revokeProviderLogin(logout)).toBe(1)
  expect(await sessions.verify(token)).toBeNull()
  await expect(signIn()).rejects.toMatchObject({ code: 'unauthenticated' })
})

test('a logout that comes late takes nothing back from a later one', async () => {
  const { platform, sessions, signIn } = setUp()
  const now = platform.now()
  for (const issuedAt of [now, now - 100]) await sessions.revokeProviderLogin({ ...subject, issuedAt })
  await expect(signIn(now - 50)).rejects.toMatchObject({ code: 'unauthenticated' })
  expect((await signIn(now + 1)).session.userId).toBe('ann')
})

test('a second logout refuses logins up to its own time, and for as long as the first', async () => {
  const { platform, sessions, signIn } = setUp()
  await sessions.revokeProviderLogin(subject)
  platform.advance(86_000)
  const issuedAt = platform.now()
  await sessions.revokeProviderLogin({ ...subject, issuedAt })
  platform.advance(86_000)
  await expect(signIn(issuedAt)).rejects.toMatchObject({ code: 'unauthenticated' })
})

test('a logout ends every login but those that it cannot read, and is an outage for these', async () => {
  const { sessions, signIn, rewrite } = setUp()
  const made = [await signIn(), await signIn(), await signIn()]
  const kept = made[0]?.session.id ?? ''
  await rewrite(kept)
  await expect(sessions.revokeProviderLogin(subject)).rejects.toThrow(StoreError)
  expect((await sessions.list('ann')).map(({ id }) => id)).toEqual([kept])
})

test('a logout is no outage for a login that it cannot read and that is over', async () => {
  const { platform, sessions, signIn, rewrite } = setUp()
  const { session } = await signIn(undefined, 60)
  await rewrite(session.id)
  await signIn()
  platform.advance(61)
  expect(await sessions.revokeProviderLogin(subject)).toBe(1)
})

test('a logout whose one removal fails ends all others', async () => {
  const { platform, store, sessions, signIn } = setUp()
  const ids: string[] = []
  for (let count = 0; count < 25; count += 1) ids.push((await signIn()).session.id)
  const remove: Store['remove'] = (kind, key, ...given) =>
    key === ids[3] ? Promise.reject(new Error('down')) : store.remove(kind, key, ...given)
  const failing = createSessions({ store: { ...store, remove }, platform })
  await expect(failing.revokeProviderLogin(subject)).rejects.toThrow(StoreError)
  expect((await sessions.list('ann')).map(({ id }) => id)).toEqual([ids[3]])
})

test('a logout of many logins lists the refresh families once, and ends those of all of them', async () => {
  const { platform, store, signIn } = setUp()
  for (let count = 0; count < 21; count += 1) {
    const value = JSON.stringify({ sessionId: (await signIn()).session.id })
    await store.insert({ kind: 'refresh-family', key: `${count}`, owner: 'ann', value, version: '1', expiresAt: null })
  }
  const listed: string[] = []
  const listByOwner: Store['listByOwner'] = (kind, owner) => (listed.push(kind), store.listByOwner(kind, owner))
  expect(await createSessions({ store: { ...store, listByOwner }, platform }).revokeProviderLogin(subject)).toBe(21)
  expect(listed).toEqual(['provider-login', 'refresh-family'])
  expect(await store.listByOwner('refresh-family', 'ann')).toEqual([])
})

test('a logout of a subject whom two users connected ends the logins and families of both', async () => {
  const { store, sessions, signIn } = setUp()
  for (const owner of ['ann', 'bob']) {
    const { session } = await signIn(undefined, undefined, owner)
    const value = JSON.stringify({ sessionId: session.id })
    await store.insert({ kind: 'refresh-family', key: owner, owner, value, version: '1', expiresAt: null })
  }
  expect(await sessions.revokeProviderLogin(subject)).toBe(2)
  for (const owner of ['ann', 'bob']) expect(await store.listByOwner('refresh-family', owner)).toEqual([])
})
