/** What a door tells of a request: at hand or yet to come, with sessions or without. */
import { testPlatform } from '@tessera-auth/testing'
import { describe, expect, test } from 'vitest'
import { ConfigError } from '../errors.js'
import { createSessions } from '../session/sessions.js'
import { cachedStore } from '../store/cached-store.js'
import { memoryStore } from '../store/memory-store.js'
import { createAuthenticator } from './authenticator.js'
import { origin, own, setUp } from './fixtures/cart-app.js'
import type { RequestAuth } from './request-auth.js'

type Auth<Data> = RequestAuth<Data>

describe('a request that is yet to come', () => {
  const verifier = { verify: async () => ({ sub: 'user-1', scope: 'orders' }) as never }

  test.each<[string, (auth: Auth<{ items: string[] }>) => Promise<unknown>, unknown]>([
    ['session', (auth) => auth.session(), { userId: 'user-1' }],
    ['requireSession', (auth) => auth.requireSession(), { userId: 'user-1' }],
    ['requireRecentAuth', (auth) => auth.requireRecentAuth(60), { userId: 'user-1' }],
    ['requireScope', (auth) => auth.requireScope('orders'), { sub: 'user-1' }],
    ['data', (auth) => auth.data(), { items: [] }],
    ['beginLogin', (auth) => auth.beginLogin('user-1'), { userId: 'user-1' }],
    ['signIn', async (auth) => auth.signIn(await auth.beginLogin('user-2')), { userId: 'user-2' }],
    ['signOut', (auth) => auth.signOut().then(() => auth.session()), null],
    ['reauthenticate', (auth) => auth.reauthenticate({ methods: ['otp'] }), { methods: ['otp'] }],
    ['updateData', (auth) => auth.updateData(() => ({ items: ['apple'] })), { items: ['apple'] }],
  ])('%s waits for it', async (_, run, answer) => {
    const { sessions, platform, signIn } = setUp()
    const { cookie } = await signIn()
    const request = new Request(origin, { method: 'POST', headers: { ...own, cookie, authorization: 'Bearer good' } })
    const authenticator = createAuthenticator({ origin, sessions, platform, verifier })
    const found = await run(authenticator.bind(Promise.resolve(request), new Headers()))
    expect(found).toEqual(answer === null ? null : expect.objectContaining(answer))
  })

  test('requireClient waits for it', async () => {
    const request = new Request(origin, { headers: { authorization: `Basic ${btoa('app:secret')}` } })
    const auth = createAuthenticator({ verifier }).bindReadonly(Promise.resolve(request))
    expect(await auth.requireClient({ app: 'secret' })).toBe('app')
  })

  test('is read past any cache where a recent proof is needed', async () => {
    const platform = testPlatform()
    const store = memoryStore({ platform })
    const cached = createSessions({ store: cachedStore(store, { platform, maxStalenessSeconds: 3600 }), platform })
    const { token, session } = await cached.create({ attempt: await cached.beginLogin('ann') })
    for (let times = 0; times < 2; times += 1) await cached.verify(token)
    await createSessions({ store, platform }).revoke('ann', session.id)
    const request = Promise.resolve(new Request(origin, { headers: { cookie: `__Host-session=${token}` } }))
    const door = () => createAuthenticator({ origin, sessions: cached, platform }).bind(request, new Headers())
    expect(await door().session()).toMatchObject({ userId: 'ann' })
    await expect(door().requireRecentAuth(600)).rejects.toMatchObject({ code: 'unauthenticated' })
  })
})

describe('an authenticator for bearer tokens only', () => {
  const auth = createAuthenticator({ verifier: { verify: async () => null } }).bind(new Request(origin), new Headers())

  test('knows nobody who is signed in', async () => {
    expect(await auth.session()).toBeNull()
  })

  test.each<[string, () => Promise<unknown>]>([
    ['requireSession', () => auth.requireSession()],
    ['requireRecentAuth', () => auth.requireRecentAuth(60)],
    ['data', () => auth.data()],
    ['beginLogin', () => auth.beginLogin('user-1')],
    ['signIn', () => auth.signIn({ userId: 'user-1', epoch: null })],
    ['signOut', () => auth.signOut()],
    ['reauthenticate', () => auth.reauthenticate({ methods: [] })],
    ['updateData', () => auth.updateData((data) => data)],
  ])('says that %s needs sessions, as requireScope needs a verifier', async (_, ask) => {
    await expect(ask()).rejects.toThrow(ConfigError)
  })

  test('requireScope says so where there is no verifier', async () => {
    const { authenticator } = setUp()
    const door = authenticator.bindReadonly(new Request(origin))
    await expect(door.requireScope('orders')).rejects.toThrow(ConfigError)
  })
})
