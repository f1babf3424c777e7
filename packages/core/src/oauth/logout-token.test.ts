import { describe, expect, test } from 'vitest'
import { systemPlatform } from '../platform.js'
import { beginForged, issuer } from './fixtures/attacked-login.js'

const now = systemPlatform.now()
const logoutEvent = 'http://schemas.openid.net/event/backchannel-logout'
const standard = { iss: issuer, aud: 'app', iat: now, exp: now + 120, jti: 'j1', sub: 'ada', sid: 's1' }
const claims = { ...standard, events: { [logoutEvent]: {} } }
const header = { typ: 'logout+jwt' }

describe('OpenID Connect Back-Channel Logout 1.0 §2.6', () => {
  test('a logout token names the session and the subject', async () => {
    const { flow, network } = await beginForged()
    expect(await flow.verifyLogoutToken(await network.sign(claims, header))).toEqual({
      ...{ issuer, subject: 'ada', providerSessionId: 's1' },
      issuedAt: now,
    })
  })

  test.each([undefined, 'JWT', 'application/logout+jwt', 'LOGOUT+JWT'])('typ %s will do', async (typ) => {
    const { flow, network } = await beginForged()
    const token = await network.sign(claims, typ === undefined ? {} : { typ })
    expect(await flow.verifyLogoutToken(token)).toMatchObject({ subject: 'ada' })
  })

  const wrong: [string, Record<string, unknown>, string][] = [
    ['of another issuer', { iss: 'https://evil.example' }, 'iss'],
    ['for another client', { aud: 'other' }, 'aud'],
    ['with a nonce', { nonce: 'n' }, 'nonce'],
    ['without events', { events: undefined }, 'events'],
    ['with another event', { events: { 'http://schemas.openid.net/event/other': {} } }, 'events'],
    ['with an event that is no object', { events: { [logoutEvent]: true } }, 'events'],
    ['with events as a list', { events: [logoutEvent] }, 'events'],
    ['without jti', { jti: undefined }, 'jti'],
    ['without iat', { iat: undefined }, 'iat'],
    ['of the future', { iat: now + 600 }, 'iat'],
    ['of long ago', { iat: now - 700 }, 'iat'],
    ['without exp', { exp: undefined }, 'exp'],
    ['that has ended', { exp: now - 60 }, 'exp'],
    ['that names nobody', { sub: undefined, sid: undefined }, 'sub'],
    ['with a sub that is a list', { sub: ['ada'] }, 'sub'],
    ['with a sid that is a number', { sid: 7 }, 'sid'],
  ]
  test.each(wrong)('one %s is refused', async (_name, change, reason) => {
    const { flow, network } = await beginForged()
    await expect(flow.verifyLogoutToken(await network.sign({ ...claims, ...change }, header))).rejects.toMatchObject({
      code: 'invalid_request',
      details: { reason: `logout_token_${reason}` },
    })
  })

  test.each(['at+jwt', 'dpop+jwt', 'secevent+jwt'])('a token of type %s is refused', async (typ) => {
    const { flow, network } = await beginForged()
    await expect(flow.verifyLogoutToken(await network.sign(claims, { typ }))).rejects.toMatchObject({
      details: { reason: 'logout_token_typ' },
    })
  })

  test('an ID token is none', async () => {
    const { flow, network } = await beginForged()
    const { events: _none, ...idToken } = claims
    await expect(flow.verifyLogoutToken(await network.sign({ ...idToken, nonce: 'n' }))).rejects.toMatchObject({
      code: 'invalid_request',
    })
  })

  test.each([undefined, null, 7, {}, '', 'a.b', 'a.b.c'])('%o is none', async (token) => {
    const { flow } = await beginForged()
    await expect(flow.verifyLogoutToken(token)).rejects.toMatchObject({ code: 'invalid_request', status: 400 })
  })

  test('a token that is delivered again names the same: the ending that follows may have failed', async () => {
    const { flow, network } = await beginForged()
    const token = await network.sign(claims, header)
    const deliveries = await Promise.all([flow.verifyLogoutToken(token), flow.verifyLogoutToken(token)])
    expect(deliveries[0]).toEqual(deliveries[1])
    expect(await flow.verifyLogoutToken(token)).toEqual(deliveries[0])
  })

  test('keys that cannot be had are the provider’s error: the provider may deliver again', async () => {
    const { flow, network } = await beginForged()
    network.answers[`${issuer}/keys`] = () => new Response('down', { status: 503 })
    await expect(flow.verifyLogoutToken(await network.sign(claims, header))).rejects.toMatchObject({
      code: 'provider_error',
    })
  })
})

describe('RP-Initiated Logout 1.0', () => {
  test('the address carries client, hint and a path of our origin', async () => {
    const { flow } = await beginForged({ metadata: { end_session_endpoint: `${issuer}/bye?a=b` } })
    const url = new URL((await flow.logoutUrl({ idTokenHint: 'a.b.c', returnTo: '/bye' })) ?? '')
    expect(Object.fromEntries(url.searchParams)).toEqual({
      ...{ a: 'b', client_id: 'app', id_token_hint: 'a.b.c' },
      post_logout_redirect_uri: 'https://app.example/bye',
    })
  })

  test('it leads nowhere else', async () => {
    const { flow } = await beginForged({ metadata: { end_session_endpoint: `${issuer}/bye` } })
    const url = new URL((await flow.logoutUrl({ returnTo: '//evil.example' })) ?? '')
    expect(url.searchParams.get('post_logout_redirect_uri')).toBe('https://app.example/')
  })

  test('a provider without such a page has none', async () => {
    const { flow } = await beginForged()
    expect(await flow.logoutUrl()).toBeNull()
  })
})
