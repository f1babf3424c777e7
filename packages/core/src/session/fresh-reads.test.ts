/** What another process did a moment ago, where this one has a copy from before, and no bus. */
import { testPlatform } from '@tessera-auth/testing'
import { expect, test } from 'vitest'
import { createAuthenticator } from '../http/index.js'
import { cachedStore } from '../store/cached-store.js'
import { memoryStore } from '../store/memory-store.js'
import { createSessions } from './sessions.js'

/** A process with a cache that keeps everything, and one without, over one store. */
function setUp() {
  const platform = testPlatform()
  const store = memoryStore({ platform })
  const here = createSessions({ store: cachedStore(store, { platform, maxStalenessSeconds: 3600 }), platform })
  const there = createSessions({ store, platform })
  const signIn = async () => there.create({ attempt: await there.beginLogin('ann') })
  return { platform, store, here, there, signIn }
}

test('revoke ends a session that was not there when it was last asked for', async () => {
  const { store, here, signIn } = setUp()
  const { token, session } = await signIn()
  const entry = await store.get('session', session.id)
  if (!entry) throw new Error('expected a record')
  await store.remove('session', session.id)
  expect(await here.verify(token)).toBeNull()
  await store.insert(entry)
  expect(await here.revoke('ann', session.id)).toBe(true)
})

test('a sign-out ends the session by a token that it was given elsewhere', async () => {
  const { platform, here, there, signIn } = setUp()
  const first = await signIn()
  for (let times = 0; times < 2; times += 1) await here.verify(first.token)
  const { token } = await there.rotate(first.session, { methods: ['pwd'] })
  const origin = 'https://app.example'
  const headers = new Headers({ origin, cookie: `__Host-session=${token}` })
  const authenticator = createAuthenticator({ origin, sessions: here, platform })
  await authenticator.bind({ method: 'POST', url: '/', headers }, new Headers()).signOut()
  expect(await there.verify(token)).toBeNull()
})

test.each([
  ['the provider’s session', 'sid-1'],
  ['the subject', null],
])('a sign-in finds the logout of %s, though there was none at the last one', async (_, providerSessionId) => {
  const { platform, here, there } = setUp()
  const named = { issuer: 'https://id.example', subject: 'sub-1' }
  const providerLogin = { ...named, providerSessionId: 'sid-1', issuedAt: platform.now() }
  const signIn = async () => here.create({ attempt: await here.beginLogin('ann'), providerLogin })
  await signIn()
  await there.revokeProviderLogin({ ...named, providerSessionId })
  await expect(signIn()).rejects.toMatchObject({ code: 'unauthenticated' })
})
