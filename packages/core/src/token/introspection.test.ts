import { decodeJwt, decodeProtectedHeader } from 'jose'
import { describe, expect, test } from 'vitest'
import { audience, issuer, tokenApp } from './fixtures/token-app.js'
import { verifyJws } from './raw-doors.js'

describe('introspect (RFC 7662)', () => {
  test('tells of an access token what it says', async () => {
    const { tokens, signIn } = tokenApp()
    const { session } = await signIn()
    const { access_token } = await tokens.issue({ session, scope: 'profile' })
    expect(await tokens.introspect(access_token)).toMatchObject({
      active: true,
      token_type: 'Bearer',
      iss: issuer,
      sub: 'user-1',
      aud: audience,
      scope: 'profile',
      sid: session.id,
    })
  })

  test('tells of a refresh token, and nothing of its MAC', async () => {
    const { tokens, signIn } = tokenApp()
    const { refresh_token } = await tokens.issue({
      session: (await signIn()).session,
      scope: 'profile',
      clientId: 'app',
    })
    const answer = await tokens.introspect(refresh_token)
    expect(answer).toMatchObject({ active: true, sub: 'user-1', client_id: 'app', scope: 'profile' })
    expect(JSON.stringify(answer)).not.toContain(refresh_token?.split('.')[2])
  })

  test('tells nothing but that of a token that is not active', async () => {
    const app = tokenApp()
    const { session } = await app.signIn()
    const first = await app.tokens.issue({ session })
    app.platform.advance(16)
    await app.tokens.refresh(first.refresh_token)
    app.platform.advance(16)
    expect(await app.tokens.introspect(first.refresh_token)).toEqual({ active: false })
    await app.tokens.revoke(first.access_token)
    expect(await app.tokens.introspect(first.access_token)).toEqual({ active: false })
    const second = await app.tokens.issue({ session })
    await app.sessions.revoke('user-1', session.id)
    expect(await app.tokens.introspect(second.access_token)).toEqual({ active: false })
    expect(await app.tokens.introspect(second.refresh_token)).toEqual({ active: false })
  })

  test('is not active for a refresh token whose session is over, though its family is not', async () => {
    const app = tokenApp()
    const { refresh_token } = await app.tokens.issue({ session: (await app.signIn()).session })
    app.platform.advance(8 * 86_400)
    expect(await app.store.listByOwner('refresh-family', 'user-1')).toHaveLength(1)
    expect(await app.tokens.introspect(refresh_token)).toEqual({ active: false })
  })

  test('ends nothing by looking at a reused token', async () => {
    const app = tokenApp()
    const first = await app.tokens.issue({ session: (await app.signIn()).session })
    app.platform.advance(16)
    const second = await app.tokens.refresh(first.refresh_token)
    app.platform.advance(16)
    await app.tokens.introspect(first.refresh_token)
    await expect(app.tokens.refresh(second.refresh_token)).resolves.toBeDefined()
  })

  test('is not active once it expired, within the clock skew', async () => {
    const { tokens, platform } = tokenApp()
    const { access_token } = await tokens.issue({ clientId: 'app' })
    platform.advance(304)
    expect(await tokens.introspect(access_token)).toMatchObject({ active: true })
    platform.advance(1)
    expect(await tokens.introspect(access_token)).toEqual({ active: false })
  })

  test('is not active for a revoked client', async () => {
    const { tokens, sessions } = tokenApp()
    const pair = await tokens.issue({ attempt: await sessions.beginLogin('user-1'), clientId: 'app' })
    await tokens.revokeClient('app')
    expect(await tokens.introspect(pair.access_token)).toEqual({ active: false })
    expect(await tokens.introspect(pair.refresh_token)).toEqual({ active: false })
  })

  test.each([undefined, null, 7, '', 'x', 'a.b.c', {}])('is not active for %j', async (token) => {
    expect(await tokenApp().tokens.introspect(token)).toEqual({ active: false })
  })
})

describe('introspectSigned (RFC 9701)', () => {
  test('signs the answer for one receiver, with a typ of its own', async () => {
    const { tokens, keys, platform, verifier } = tokenApp()
    const { access_token } = await tokens.issue({ clientId: 'billing' })
    const signed = await tokens.introspectSigned(access_token, { audience: 'https://orders.example' })
    expect(decodeProtectedHeader(signed).typ).toBe('token-introspection+jwt')
    expect(decodeJwt(signed)).toMatchObject({
      iss: issuer,
      aud: 'https://orders.example',
      iat: platform.now(),
      token_introspection: { active: true, sub: 'billing' },
    })
    expect(decodeJwt(signed)).not.toHaveProperty('sub')
    expect(await verifyJws(signed, keys, { algorithms: ['ES256'], typ: 'token-introspection+jwt' })).not.toBe(null)
    expect(await verifier.verify(signed)).toBe(null)
  })
})
