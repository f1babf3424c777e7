import { describe, expect, test, vi } from 'vitest'
import { testPlatform } from '@tessera-auth/testing'
import { familyKind } from '../store/login-records.js'
import { memoryStore } from '../store/memory-store.js'
import type { Store } from '../store/store.js'
import { audience, claimsOf, issuer, refreshTokenOf, secrets, tokenApp } from './fixtures/token-app.js'
import { createKeyRing } from './managed-key-ring.js'
import { createTokenVerifier } from './token-verifier.js'

const day = 86_400
const invalidGrant = expect.objectContaining({ code: 'invalid_grant' })
const unauthenticated = expect.objectContaining({ code: 'unauthenticated' })

describe('issue', () => {
  test('answers as RFC 6749 §5.1 says', async () => {
    const { tokens, signIn } = tokenApp()
    const { session } = await signIn()
    expect(await tokens.issue({ session, scope: 'profile orders:read' })).toEqual({
      access_token: expect.any(String),
      refresh_token: expect.stringMatching(/^[\w-]{22}\.0\.[\w-]{43}$/),
      token_type: 'Bearer',
      expires_in: 300,
      scope: 'profile orders:read',
    })
  })

  test('writes the claims that RFC 9068 §2.2 requires, for one audience', async () => {
    const { tokens, signIn, platform } = tokenApp()
    const { session } = await signIn()
    const claims = claimsOf((await tokens.issue({ session, scope: 'profile' })).access_token)
    expect(claims).toEqual({
      iss: issuer,
      sub: 'user-1',
      aud: audience,
      iat: platform.now(),
      exp: platform.now() + 300,
      jti: expect.any(String),
      client_id: issuer,
      scope: 'profile',
      sid: session.id,
      fid: expect.any(String),
      auth_time: session.authenticatedAt,
    })
  })

  test('refuses a session that was signed out meanwhile, and leaves no family behind', async () => {
    const { tokens, signIn, sessions } = tokenApp()
    const { session } = await signIn()
    await sessions.revoke('user-1', session.id)
    await expect(tokens.issue({ session })).rejects.toEqual(unauthenticated)
    expect(await tokens.listFamilies('user-1')).toEqual([])
  })

  test.each([
    ['the key ring cannot be read', (kind: string) => kind === 'key-ring'],
    [
      'the login cannot be looked at',
      (kind: string, inserted: string) => kind === 'session' && inserted === familyKind,
    ],
  ])('leaves no family behind when %s', async (_name, fails) => {
    const inner = memoryStore()
    let isDown = false
    let inserted = ''
    const store: Store = {
      ...inner,
      get: (kind, ...read) =>
        isDown && fails(kind, inserted) ? Promise.reject(new Error('down')) : inner.get(kind, ...read),
      insert: (entry) => ((inserted = entry.kind), inner.insert(entry)),
    }
    const { tokens, signIn, sessions } = tokenApp({ store }, (platform) => createKeyRing({ store, secrets, platform }))
    const { session } = await signIn()
    const attempt = await sessions.beginLogin('user-1')
    isDown = true
    await expect(tokens.issue({ session })).rejects.toMatchObject({ code: 'unavailable' })
    await expect(tokens.issue({ attempt })).rejects.toMatchObject({ code: 'unavailable' })
    isDown = false
    expect(await tokens.listFamilies('user-1')).toEqual([])
  })

  test('refuses a session whose token was rotated since', async () => {
    const { tokens, signIn, sessions } = tokenApp()
    const { session, token } = await signIn()
    const current = await sessions.verify(token)
    await sessions.rotate(current ?? session, { methods: ['pwd'] })
    await expect(tokens.issue({ session })).rejects.toEqual(unauthenticated)
  })

  test('refuses a bare copy of a session', async () => {
    const { tokens, signIn } = tokenApp()
    const { session } = await signIn()
    await expect(tokens.issue({ session: { ...session } })).rejects.toEqual(unauthenticated)
    await expect(tokens.issueAccessToken({ session: { ...session } })).rejects.toEqual(unauthenticated)
  })

  test('refuses an attempt that a sign-out everywhere overtook', async () => {
    const { tokens, sessions } = tokenApp()
    const attempt = await sessions.beginLogin('user-1')
    await sessions.revokeAll('user-1')
    await expect(tokens.issue({ attempt })).rejects.toEqual(unauthenticated)
    expect(await tokens.listFamilies('user-1')).toEqual([])
  })

  test('refuses an attempt of nobody', async () => {
    const { tokens, sessions } = tokenApp()
    await expect(tokens.issue({ attempt: await sessions.beginLogin(null) })).rejects.toEqual(unauthenticated)
  })

  test.each(['', ' ', 'a  b', ' a', 'a ', 'a"b', 'a\\b', 'a\nb', 'ä'])('refuses the scope %j', async (scope) => {
    const { tokens } = tokenApp()
    await expect(tokens.issue({ clientId: 'billing', scope })).rejects.toMatchObject({ code: 'invalid_scope' })
  })

  test.each([
    ...['iss', 'sub', 'aud', 'exp', 'nbf', 'iat', 'jti', 'sid', 'fid', 'cnf', 'act', 'scope', 'client_id', 'auth_time'],
    '__proto__',
  ])('refuses the app’s own claim named %s', async (name) => {
    const { tokens } = tokenApp()
    const grant = { clientId: 'billing', claims: { [name]: 'x' } }
    await expect(tokens.issue(grant)).rejects.toMatchObject({ code: 'invalid_request' })
  })

  test.each([
    ['a visitor without a session', { session: null, clientId: 'app' }],
    ['a session that is undefined', { session: undefined, clientId: 'app' }],
    ['an attempt that is undefined', { attempt: undefined, clientId: 'app' }],
  ])('takes %s for nobody, not for the client itself', async (_name, grant) => {
    const { tokens } = tokenApp()
    const nobody = grant as object as Parameters<typeof tokens.issue>[0]
    await expect(tokens.issue(nobody)).rejects.toMatchObject({ code: 'unauthenticated' })
    await expect(tokens.issueAccessToken(nobody)).rejects.toMatchObject({ code: 'unauthenticated' })
  })

  test('takes neither a session nor an attempt for the client itself, by default the issuer', async () => {
    const { tokens, verifier } = tokenApp()
    const { access_token: token } = await tokens.issueAccessToken({ scope: 'orders:read' })
    const claims = await verifier.verify(token)
    expect(claims).toMatchObject({ scope: 'orders:read', sub: claims?.iss, client_id: claims?.iss })
  })

  test('waits for a store that hangs once', async () => {
    const { store, platform, signIn } = tokenApp()
    const { session } = await signIn()
    const hangs = vi.fn(() => new Promise<never>(() => {}))
    const { tokens } = tokenApp({ store: { ...store, insert: hangs, remove: hangs }, platform })
    const issued = expect(tokens.issue({ session })).rejects.toMatchObject({ code: 'unavailable' })
    await vi.waitFor(() => expect(hangs).toHaveBeenCalled())
    platform.advance(6)
    await issued
  })

  test('gives a client itself no refresh token', async () => {
    const { tokens, verifier } = tokenApp()
    const response = await tokens.issue({ clientId: 'billing', scope: 'orders:read' })
    expect(response).not.toHaveProperty('refresh_token')
    expect(await verifier.verify(response.access_token)).toMatchObject({ sub: 'billing', client_id: 'billing' })
  })

  test('keeps no secret in the store', async () => {
    const written: string[] = []
    const inner = memoryStore()
    const store: Store = { ...inner, insert: (entry) => (written.push(JSON.stringify(entry)), inner.insert(entry)) }
    const { tokens, signIn } = tokenApp({ store })
    const response = await tokens.issue({ session: (await signIn()).session })
    const mac = refreshTokenOf(response).split('.')[2] ?? ''
    expect(written.length).toBeGreaterThan(1)
    expect(written.join()).not.toContain(mac)
  })
})

describe('a login of its own', () => {
  test('ends thirty days after its last refresh, and ninety after its start, where no option says otherwise', async () => {
    const { tokens, sessions, platform } = tokenApp()
    const start = platform.now()
    let { refresh_token } = await tokens.issue({ attempt: await sessions.beginLogin('user-1') })
    const endOf = async () => ((await tokens.listFamilies('user-1'))[0]?.expiresAt ?? 0) - start
    expect(await endOf()).toBe(30 * day)
    for (let refreshes = 0; refreshes < 3; refreshes += 1) {
      platform.advance(29 * day)
      refresh_token = (await tokens.refresh(refresh_token)).refresh_token
    }
    expect(await endOf()).toBe(90 * day)
  })

  test('is listed beside those of living sessions, and one whose session has ended by itself is not', async () => {
    const { tokens, sessions, platform, signIn } = tokenApp()
    await tokens.issue({ session: (await signIn()).session })
    platform.advance(5 * day)
    await tokens.issue({ attempt: await sessions.beginLogin('user-1') })
    const { session } = await signIn()
    await tokens.issue({ session })
    expect(await tokens.listFamilies('user-1')).toHaveLength(3)
    platform.advance(3 * day)
    const listed = await tokens.listFamilies('user-1')
    expect(listed.map(({ sessionId }) => sessionId).toSorted()).toEqual([null, session.id].toSorted())
  })

  test('is named by its family and ends with it', async () => {
    const { tokens, sessions, verifier } = tokenApp()
    const { access_token } = await tokens.issue({ attempt: await sessions.beginLogin('user-1') })
    const [family] = await tokens.listFamilies('user-1')
    expect(await verifier.verify(access_token)).toMatchObject({ sid: family?.id, fid: family?.id })
    expect(await tokens.endFamily('user-1', family?.id ?? '')).toBe(true)
    expect(await verifier.verify(access_token)).toBe(null)
  })

  test('ends when its user signs out everywhere, also without a refresh token', async () => {
    const { tokens, sessions, verifier } = tokenApp()
    const { access_token } = await tokens.issueAccessToken({ attempt: await sessions.beginLogin('user-1') })
    expect(await verifier.verify(access_token)).not.toBe(null)
    await sessions.revokeAll('user-1')
    expect(await verifier.verify(access_token)).toBe(null)
  })
})

describe('endFamily', () => {
  test('does not end another user’s family', async () => {
    const { tokens, sessions } = tokenApp()
    const { refresh_token } = await tokens.issue({ attempt: await sessions.beginLogin('user-1') })
    const [family] = await tokens.listFamilies('user-1')
    expect(await tokens.endFamily('user-2', family?.id ?? '')).toBe(false)
    await expect(tokens.refresh(refresh_token)).resolves.toBeDefined()
  })
})

describe('revoke (RFC 7009)', () => {
  test('ends an access token at once', async () => {
    const { tokens, signIn, verifier } = tokenApp()
    const { access_token, refresh_token } = await tokens.issue({ session: (await signIn()).session })
    expect(await verifier.verify(access_token)).not.toBe(null)
    await tokens.revoke(access_token)
    expect(await verifier.verify(access_token)).toBe(null)
    expect(await verifier.verify((await tokens.refresh(refresh_token)).access_token)).not.toBe(null)
  })

  test('ends an expired access token that a verifier with more leeway still takes', async () => {
    const { tokens, platform, store, keys, events } = tokenApp()
    const verifier = createTokenVerifier({ store, platform, keys, issuer, audience, leewaySeconds: 60 })
    const { access_token } = await tokens.issueAccessToken({ clientId: 'c' })
    platform.advance(310)
    expect(await verifier.verify(access_token)).not.toBe(null)
    await tokens.revoke(access_token)
    expect(await verifier.verify(access_token)).toBe(null)
    expect(events.map(({ type }) => type)).toEqual(['token.issued', 'token.revoked'])
  })

  test('has nothing to do for a token that nobody takes any more', async () => {
    const { tokens, platform, store, events } = tokenApp()
    const { access_token } = await tokens.issueAccessToken({ clientId: 'c' })
    platform.advance(600)
    await tokens.revoke(access_token)
    expect(events.map(({ type }) => type)).toEqual(['token.issued'])
    expect(await store.removeExpired(Infinity, 10)).toBe(0)
  })

  test('ends a family, its access tokens included, by any of its refresh tokens', async () => {
    const { tokens, signIn, verifier, platform } = tokenApp()
    const first = await tokens.issue({ session: (await signIn()).session })
    platform.advance(16)
    const second = await tokens.refresh(first.refresh_token)
    await tokens.revoke(first.refresh_token)
    await expect(tokens.refresh(second.refresh_token)).rejects.toEqual(invalidGrant)
    expect(await verifier.verify(second.access_token)).toBe(null)
  })

  test.each(['x', 'a.b.c', 'aaaaaaaaaaaaaaaaaaaaaa.0.aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa'])(
    'is fine with the unknown token %j',
    async (token) => {
      await expect(tokenApp().tokens.revoke(token)).resolves.toBeUndefined()
    },
  )

  test.each([undefined, null, 1, '', {}])('refuses %j as a token', async (token) => {
    await expect(tokenApp().tokens.revoke(token)).rejects.toMatchObject({ code: 'invalid_request' })
  })

  test('ends no family for a wrong MAC', async () => {
    const { tokens, signIn } = tokenApp()
    const { refresh_token } = await tokens.issue({ session: (await signIn()).session })
    const [selector, generation] = refreshTokenOf({ refresh_token: refresh_token ?? '' }).split('.')
    await tokens.revoke(`${selector}.${generation}.${'a'.repeat(43)}`)
    await expect(tokens.refresh(refresh_token)).resolves.toBeDefined()
  })
})

describe('revokeClient', () => {
  test('ends all tokens and families of the client, and of no other', async () => {
    const { tokens, sessions, verifier, platform } = tokenApp()
    const attempt = await sessions.beginLogin('user-1')
    const app = await tokens.issue({ attempt, clientId: 'app' })
    const other = await tokens.issue({ attempt, clientId: 'other' })
    await tokens.revokeClient('app')
    expect(await verifier.verify(app.access_token)).toBe(null)
    await expect(tokens.refresh(app.refresh_token)).rejects.toEqual(invalidGrant)
    expect(await verifier.verify(other.access_token)).not.toBe(null)
    platform.advance(6)
    const later = await tokens.issue({ attempt, clientId: 'app' })
    expect(await verifier.verify(later.access_token)).not.toBe(null)
  })

  test('reaches up to the clock skew ahead, for what a process with a fast clock has issued', async () => {
    const app = tokenApp({ clockSkewSeconds: 5 })
    const attempt = await app.sessions.beginLogin('user-1')
    app.platform.advance(5)
    const pair = await app.tokens.issue({ attempt, clientId: 'app' })
    const slower = testPlatform({ now: app.platform.now() - 5 })
    await tokenApp({ store: app.store, platform: slower, keys: app.keys }).tokens.revokeClient('app')
    expect(await app.verifier.verify(pair.access_token)).toBe(null)
    await expect(app.tokens.refresh(pair.refresh_token)).rejects.toEqual(invalidGrant)
  })

  test('is not shortened by a process with a slower clock', async () => {
    const app = tokenApp()
    const slower = testPlatform({ now: app.platform.now() - 60 })
    const pair = await app.tokens.issue({ attempt: await app.sessions.beginLogin('user-1'), clientId: 'app' })
    await app.tokens.revokeClient('app')
    await tokenApp({ store: app.store, platform: slower, keys: app.keys }).tokens.revokeClient('app')
    expect(await app.verifier.verify(pair.access_token)).toBe(null)
    await expect(app.tokens.refresh(pair.refresh_token)).rejects.toEqual(invalidGrant)
  })

  test('reaches further each time it is called', async () => {
    const { tokens, sessions, platform } = tokenApp()
    const attempt = await sessions.beginLogin('user-1')
    await tokens.revokeClient('app')
    platform.advance(60)
    const later = await tokens.issue({ attempt, clientId: 'app' })
    await tokens.revokeClient('app')
    await expect(tokens.refresh(later.refresh_token)).rejects.toEqual(invalidGrant)
  })

  test('outlasts every family, also those of an issuer whose families lived longer', async () => {
    const longer = tokenApp({ familySeconds: 90 * day, refreshTokenSeconds: 60 * day })
    const { store, platform, keys, sessions } = longer
    const pair = await longer.tokens.issue({ attempt: await sessions.beginLogin('user-1'), clientId: 'app' })
    const { tokens } = tokenApp({ store, platform, keys, familySeconds: 7 * day })
    await tokens.revokeClient('app')
    platform.advance(10 * day)
    await tokens.revokeClient('app')
    platform.advance(10 * day)
    await store.removeExpired(platform.now(), 100)
    expect(await tokens.introspect(pair.refresh_token)).toEqual({ active: false })
    await expect(tokens.refresh(pair.refresh_token)).rejects.toEqual(invalidGrant)
  })
})

describe('a session’s end', () => {
  test('ends its tokens: sign-out', async () => {
    const { tokens, signIn, sessions, verifier } = tokenApp()
    const { session } = await signIn()
    const { access_token, refresh_token } = await tokens.issue({ session })
    await sessions.revoke('user-1', session.id)
    expect(await verifier.verify(access_token)).toBe(null)
    await expect(tokens.refresh(refresh_token)).rejects.toEqual(invalidGrant)
  })

  test('ends families even of the session that a password change keeps', async () => {
    const { tokens, signIn, sessions } = tokenApp()
    const { session } = await signIn()
    const { refresh_token } = await tokens.issue({ session })
    await sessions.revokeAll('user-1', { except: session })
    await expect(tokens.refresh(refresh_token)).rejects.toEqual(invalidGrant)
  })
})
