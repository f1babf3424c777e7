/** Sign-in through another site as a whole: flow, links, sessions and the door together. */
import { describe, expect, test } from 'vitest'
import { appBrowser } from './oauth/fixtures/app-browser.js'
import { type Attempt, beginForged, issuer } from './oauth/fixtures/attacked-login.js'
import type { OAuthLogin } from './oauth/authorization-code-flow.js'
import type { LoginExchange } from './oauth/flow-options.js'
import type { Identity } from './oauth/identity.js'
import {
  createAuthenticator,
  createIdentities,
  createSessions,
  memoryStore,
  type RequestAuth,
  type Store,
  systemPlatform,
} from './index.js'

const origin = 'https://app.example'

/** An app on one store, whose door takes the exchanges of the test's browser. */
function appOn(store: Store) {
  const sessions = createSessions({ store })
  const authenticator = createAuthenticator({ origin, sessions })
  const identities = createIdentities({
    store,
    createUser: async ({ subject }) => `user-${subject}`,
    findUserByEmail: async () => null,
  })
  const door = ({ request, responseHeaders }: LoginExchange): RequestAuth =>
    authenticator.bind(request, responseHeaders)
  return { sessions, identities, door }
}

function formOf({ sent }: Attempt): Record<string, string> {
  return { code: 'the-code', state: sent.get('state') ?? '', iss: issuer }
}

describe('sign-in by form_post', () => {
  test('passes the door although the form came from another site, as its attempt proves it', async () => {
    const { sessions, identities, door } = appOn(memoryStore())
    const browser = appBrowser()
    const attempt = await beginForged({ options: { responseMode: 'form_post' } }, browser)
    const auth = door(browser.post('/callback'))
    const login = await attempt.flow.finish(auth, formOf(attempt))
    const session = await auth.signIn(await identities.resolve(login, await auth.session()), login)
    expect(session).toMatchObject({ userId: 'user-ada', methods: ['fed'] })
    expect(await sessions.list('user-ada')).toHaveLength(1)
    expect([...browser.cookies.keys()]).toEqual(['__Host-session'])
  })

  test('does not without one: nobody is signed in by a form of another site', async () => {
    const { door } = appOn(memoryStore())
    const browser = appBrowser()
    const attempt = await beginForged({ options: { responseMode: 'form_post' } }, browser)
    browser.cookies.clear()
    const auth = door(browser.post('/callback'))
    await expect(attempt.flow.finish(auth, formOf(attempt))).rejects.toMatchObject({ code: 'transaction_missing' })
    const forged = auth.beginLogin('user-ada').then((begun) => auth.signIn(begun))
    await expect(forged).rejects.toMatchObject({ code: 'csrf_rejected' })
    expect(browser.cookies.size).toBe(0)
  })
})

describe('a sign-in with an ID token that tells auth_time', () => {
  async function signedIn(claims: Record<string, unknown>) {
    const { identities, door } = appOn(memoryStore())
    const browser = appBrowser()
    const attempt = await beginForged({ claims }, browser)
    const auth = door(browser.arrive(attempt.callback()))
    const login = await attempt.flow.finish(auth)
    await auth.signIn(await identities.resolve(login, await auth.session()), login)
    return door(browser.click('/account'))
  }

  test('was proven then, so that an old session at the provider passes for no recent proof', async () => {
    const now = systemPlatform.now()
    const old = await signedIn({ auth_time: now - 30 * 86_400 })
    expect((await old.requireSession()).authenticatedAt).toBe(now - 30 * 86_400)
    await expect(old.requireRecentAuth(600)).rejects.toMatchObject({ code: 'reauthentication_required' })
    const recent = await signedIn({ auth_time: now - 60.5 })
    expect((await recent.requireRecentAuth(600)).authenticatedAt).toBe(now - 61)
  })

  test('was not proven later than now, by a provider whose clock is fast', async () => {
    const browser = appBrowser()
    const attempt = await beginForged({ claims: { auth_time: systemPlatform.now() + 20 } }, browser)
    const { authenticatedAt } = await attempt.flow.finish(browser.arrive(attempt.callback()))
    expect(authenticatedAt).toBeLessThanOrEqual(systemPlatform.now())
  })

  test('nor does it when it proves a session again', async () => {
    const now = systemPlatform.now()
    const { identities, door, sessions } = appOn(memoryStore())
    const browser = appBrowser()
    const begun = await sessions.beginLogin('user-ada')
    const { session, token } = await sessions.create({ attempt: begun, authenticatedAt: now - 90 * 86_400 })
    browser.cookies.set('__Host-session', token)
    for (const [ago, answer] of [
      [30 * 86_400, 'refused'],
      [60, session.id],
    ] as const) {
      const attempt = await beginForged({ claims: { auth_time: now - ago } }, browser)
      const auth = door(browser.arrive(attempt.callback()))
      const login = await attempt.flow.finish(auth)
      expect((await identities.resolve(login, null)).userId).toBe('user-ada')
      expect((await auth.reauthenticate(login)).authenticatedAt).toBe(now - ago)
      const recent = door(browser.click('/account')).requireRecentAuth(600)
      expect(await recent.then(({ id }) => id).catch(() => 'refused')).toBe(answer)
    }
  })

  test.each([{}, { auth_time: '0' }, { auth_time: -1 }, { auth_time: 1e10 }])(
    'was proven now, where it is %o',
    async (claims) => {
      const { authenticatedAt, createdAt } = await (await signedIn(claims)).requireRecentAuth(600)
      expect(createdAt - authenticatedAt).toBeLessThan(60)
    },
  )
})

describe('back-channel logout', () => {
  async function signedIn(claims: Record<string, unknown>, store: Store = memoryStore()) {
    const app = appOn(store)
    const browser = appBrowser()
    const attempt = await beginForged({ claims, options: { store } }, browser)
    const auth = app.door(browser.arrive(attempt.callback()))
    const login = await attempt.flow.finish(auth)
    return { ...app, attempt, auth, login, now: attempt.network.platform.now() }
  }

  async function logoutToken({ network }: Attempt, names: Record<string, unknown>): Promise<string> {
    const now = network.platform.now()
    const events = { 'http://schemas.openid.net/event/backchannel-logout': {} }
    const standard = { iss: issuer, aud: 'app', iat: now, exp: now + 60, jti: crypto.randomUUID() }
    return network.sign({ ...standard, events, ...names }, { typ: 'logout+jwt' })
  }

  test.each([{ sid: 's1' }, { sub: 'ada' }])('that names %o ends the session made by that login', async (names) => {
    const { sessions, identities, attempt, auth, login } = await signedIn({ sid: 's1' })
    await auth.signIn(await identities.resolve(login, null), login)
    const logout = await attempt.flow.verifyLogoutToken(await logoutToken(attempt, names))
    expect(await sessions.revokeProviderLogin(logout)).toBe(1)
    expect(await sessions.list('user-ada')).toEqual([])
  })

  test('that comes between the answer and the sign-in wins', async () => {
    const { sessions, identities, attempt, auth, login } = await signedIn({ sid: 's1' })
    const logout = await attempt.flow.verifyLogoutToken(await logoutToken(attempt, { sid: 's1' }))
    await sessions.revokeProviderLogin(logout)
    await expect(auth.signIn(await identities.resolve(login, null), login)).rejects.toMatchObject({
      code: 'unauthenticated',
    })
    expect(await sessions.list('user-ada')).toEqual([])
  })

  test('that could not be carried out is delivered again, and carried out', async () => {
    let writes: 'fail' | 'work' = 'work'
    const memory = memoryStore()
    const insert: Store['insert'] = (entry) =>
      writes === 'fail' ? Promise.reject(new Error('down')) : memory.insert(entry)
    const { sessions, identities, attempt, auth, login } = await signedIn({ sid: 's1' }, { ...memory, insert })
    await auth.signIn(await identities.resolve(login, null), login)
    const token = await logoutToken(attempt, { sid: 's1' })
    const deliver = async (): Promise<number> =>
      sessions.revokeProviderLogin(await attempt.flow.verifyLogoutToken(token))
    const named = await attempt.flow.verifyLogoutToken(token)
    writes = 'fail'
    await expect(sessions.revokeProviderLogin(named)).rejects.toMatchObject({ code: 'unavailable' })
    writes = 'work'
    expect(await deliver()).toBe(1)
    expect(await sessions.list('user-ada')).toEqual([])
    await expect(deliver()).rejects.toMatchObject({ status: 400, details: { reason: 'logout_token_replayed' } })
  })

  test('of two deliveries at once both are carried out, and a third is a replay', async () => {
    const { sessions, identities, attempt, auth, login } = await signedIn({ sid: 's1' })
    await auth.signIn(await identities.resolve(login, null), login)
    const token = await logoutToken(attempt, { sid: 's1' })
    const read = () => attempt.flow.verifyLogoutToken(token)
    const named = await Promise.all([read(), read()])
    await Promise.all(named.map((logout) => sessions.revokeProviderLogin(logout)))
    expect(await sessions.list('user-ada')).toEqual([])
    await expect(read()).rejects.toMatchObject({ code: 'invalid_request' })
  })

  test('that is replayed ends no login that followed it', async () => {
    const now = systemPlatform.now()
    const { sessions, identities, attempt, auth, login } = await signedIn({ iat: now - 60 })
    const token = await logoutToken(attempt, { sub: 'ada', iat: now - 30 })
    const deliver = async (): Promise<number> =>
      sessions.revokeProviderLogin(await attempt.flow.verifyLogoutToken(token))
    await auth.signIn(await identities.resolve(login, null), login)
    expect(await deliver()).toBe(1)
    const later = { ...login.providerLogin, issuedAt: now }
    await sessions.create({ attempt: await sessions.beginLogin('user-ada'), providerLogin: later })
    await expect(deliver()).rejects.toMatchObject({ code: 'invalid_request' })
    expect(await sessions.list('user-ada')).toHaveLength(1)
  })

  test('of another session ends nothing', async () => {
    const { sessions, identities, attempt, auth, login } = await signedIn({ sid: 's1' })
    await auth.signIn(await identities.resolve(login, null), login)
    const logout = await attempt.flow.verifyLogoutToken(await logoutToken(attempt, { sid: 's2' }))
    expect(await sessions.revokeProviderLogin(logout)).toBe(0)
    expect(await sessions.list('user-ada')).toHaveLength(1)
  })
})

describe('linking from a session', () => {
  test('an account that is signed in gets the second identity, and is found by both', async () => {
    const { identities, sessions, door } = appOn(memoryStore())
    const browser = appBrowser()
    const first = await beginForged({}, browser)
    const auth = door(browser.arrive(first.callback()))
    const login = await first.flow.finish(auth)
    await auth.signIn(await identities.resolve(login, null), login)

    const options = { redirectPath: '/other/callback' }
    const exchange = browser.click('/auth/other')
    const second = await beginForged(
      { claims: { sub: 'ada-there' }, options },
      { ...browser, click: () => door(exchange) },
    )
    const linking = door(browser.arrive(second.callback()))
    const other = await second.flow.finish(linking)
    const attempt = await identities.resolve(other, await linking.session())
    expect(attempt.userId).toBe('user-ada')
    expect((await identities.list('user-ada')).map(({ subject }) => subject).toSorted()).toEqual(['ada', 'ada-there'])
    expect(await sessions.list('user-ada')).toHaveLength(1)
  })

  test.each<[string, (login: OAuthLogin) => { identity: Identity }]>([
    ['as it came', (login) => login],
    ['copied', (login) => ({ ...login })],
    ['as its identity alone', ({ identity }) => ({ identity })],
  ])('a login that nobody was signed in for, %s, is not linked to who signed in meanwhile', async (_name, handed) => {
    const { identities, sessions } = appOn(memoryStore())
    const browser = appBrowser(() => null)
    const attempt = await beginForged({}, browser)
    const login = await attempt.flow.finish(browser.arrive(attempt.callback()))
    const { session } = await sessions.create({ attempt: await sessions.beginLogin('user-mallory') })
    const meanwhile = { id: session.id, userId: 'user-mallory', authenticatedAt: systemPlatform.now() }
    expect((await identities.resolve(handed(login), meanwhile)).userId).toBe('user-ada')
    expect(await identities.list('user-mallory')).toEqual([])
  })
})
