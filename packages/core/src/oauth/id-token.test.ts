import { createHmac } from 'node:crypto'
import { exportJWK } from 'jose/key/export'
import { generateKeyPair } from 'jose/key/generate/keypair'
import { SignJWT } from 'jose/jwt/sign'
import { describe, expect, test } from 'vitest'
import { systemPlatform } from '../platform.js'
import { beginForged, clientSecret, type Forged, issuer } from './fixtures/attacked-login.js'
import { jwks, type Recorded, type RecordedNetwork } from './fixtures/recorded-provider.js'

const now = systemPlatform.now()
const logoutEvent = 'http://schemas.openid.net/event/backchannel-logout'
const encode = (value: object): string => Buffer.from(JSON.stringify(value)).toString('base64url')

async function finish(forged: Forged): Promise<unknown> {
  const { flow, browser, callback } = await beginForged(forged)
  return flow.finish(browser.arrive(callback()))
}

function hmacSigned(claims: object, key: string | Buffer): string {
  const input = `${encode({ alg: 'HS256', kid: 'recorded' })}.${encode(claims)}`
  return `${input}.${createHmac('sha256', key).update(input).digest('base64url')}`
}

async function signedByStranger(claims: Record<string, unknown>): Promise<string> {
  const { privateKey } = await generateKeyPair('RS256')
  return new SignJWT(claims).setProtectedHeader({ alg: 'RS256', kid: 'recorded' }).sign(privateKey)
}

describe('OpenID Connect Core §3.1.3.7', () => {
  test('a token as it should be is taken', async () => {
    expect(await finish({})).toMatchObject({ identity: { issuer, subject: 'ada' } })
  })

  const wrongClaims: [string, Record<string, unknown>, string][] = [
    ['iss of another issuer', { iss: 'https://evil.example' }, 'iss'],
    ['iss with a slash more', { iss: `${issuer}/` }, 'iss'],
    ['no iss', { iss: undefined }, 'iss'],
    ['aud of another client', { aud: 'other' }, 'aud'],
    ['no aud', { aud: undefined }, 'aud'],
    ['several aud without azp', { aud: ['app', 'other'] }, 'azp'],
    ['several aud with azp of another client', { aud: ['app', 'other'], azp: 'other' }, 'azp'],
    ['one aud with azp of another client', { azp: 'other' }, 'azp'],
    ['nonce of another attempt', { nonce: 'other' }, 'nonce'],
    ['no nonce', { nonce: undefined }, 'nonce'],
    ['exp in the past', { exp: now - 60 }, 'exp'],
    ['no exp', { exp: undefined }, 'times'],
    ['iat in the future', { iat: now + 600, exp: now + 1200 }, 'times'],
    ['no iat', { iat: undefined }, 'times'],
    ['nbf in the future', { nbf: now + 600 }, 'nbf'],
    ['no sub', { sub: undefined }, 'sub'],
    ['an empty sub', { sub: '' }, 'sub'],
    ['a sub that is a number', { sub: 1 }, 'sub'],
    ['an endless sub', { sub: 's'.repeat(256) }, 'sub'],
    ['at_hash of another access token', { at_hash: 'AAAAAAAAAAAAAAAAAAAAAA' }, 'at_hash'],
  ]
  test.each(wrongClaims)('%s is refused', async (_name, claims, reason) => {
    await expect(finish({ claims })).rejects.toMatchObject({
      code: 'callback_rejected',
      details: { reason: `id_token_${reason}` },
    })
  })

  test.each(['JWT', 'jwt'])('typ %s will do', async (typ) => {
    expect(await finish({ header: { typ } })).toMatchObject({ identity: { subject: 'ada' } })
  })

  test.each(['at+jwt', 'application/at+jwt', 'logout+jwt', 'token-introspection+jwt', 'dpop+jwt', ''])(
    'a token of type %o is refused',
    async (typ) => {
      await expect(finish({ header: { typ } })).rejects.toMatchObject({ details: { reason: 'id_token_typ' } })
    },
  )

  test.each([{ [logoutEvent]: {} }, {}, null])(
    'a token with the events %o is none, whatever its type',
    async (events) => {
      await expect(finish({ claims: { events } })).rejects.toMatchObject({ details: { reason: 'id_token_events' } })
    },
  )

  // From the second at which the token is looked at.
  const times: [string, (at: number) => Record<string, number>, string | null][] = [
    ['ended 29 s ago', (at) => ({ exp: at - 29 }), null],
    ['ended 30 s ago', (at) => ({ exp: at - 30 }), 'exp'],
    ['begins in 30 s', (at) => ({ nbf: at + 30 }), null],
    ['begins in 31 s', (at) => ({ nbf: at + 31 }), 'nbf'],
    ['is issued in 30 s', (at) => ({ iat: at + 30 }), null],
    ['is issued in 31 s', (at) => ({ iat: at + 31 }), 'times'],
  ]
  test.each(times)('clocks may differ by half a minute: a token that %s', async (_name, timesAt, reason) => {
    const claims: Record<string, unknown> = {}
    const { flow, browser, callback, network } = await beginForged({ claims })
    const at = network.platform.now()
    Object.assign(network.platform, { now: () => at })
    Object.assign(claims, timesAt(at))
    const outcome = await flow.finish(browser.arrive(callback())).catch((error: { details: object }) => error.details)
    expect(outcome).toMatchObject(reason === null ? { returnTo: '/cart' } : { reason: `id_token_${reason}` })
  })

  const wrongTokens: [string, NonNullable<Forged['idToken']>][] = [
    ['HS256 with the client secret', (claims) => hmacSigned(claims, clientSecret)],
    ['HS256 with the public key as the secret', (claims) => hmacSigned(claims, JSON.stringify(jwks.keys[0]))],
    ['alg none', (claims) => `${encode({ alg: 'none' })}.${encode(claims)}.`],
    ['a key that is not published', signedByStranger],
    ['a kid that is not published', (claims, network) => network.sign(claims, { kid: 'other' })],
    ['an unknown crit', (claims, network) => network.sign(claims, { crit: ['b64'], b64: true, other: 1 })],
    [
      'a changed payload',
      async (claims, network) =>
        (await network.sign(claims)).replace(/\.[^.]+\./, `.${encode({ ...claims, sub: 'bob' })}.`),
    ],
    ['five parts', () => 'a.b.c.d.e'],
    ['padding', async (claims, network) => `${await network.sign(claims)}=`],
    ['no token at all', () => ''],
  ]
  test.each(wrongTokens)('%s is refused', async (_name, idToken) => {
    await expect(finish({ idToken })).rejects.toMatchObject({ code: 'callback_rejected' })
  })

  test('keys that a token names are not used, and nothing is fetched for them; a good token may name them', async () => {
    const { privateKey, publicKey } = await generateKeyPair('RS256')
    const [jku, x5u] = ['https://evil.example/keys', 'https://evil.example/certificate']
    const named = { jwk: await exportJWK(publicKey), jku, x5u, x5c: ['AAAA'], cty: 'JWT' }
    const header = { alg: 'RS256', ...named }
    const idToken = (claims: object) => new SignJWT({ ...claims }).setProtectedHeader(header).sign(privateKey)
    const forged = await beginForged({ idToken })
    await expect(forged.flow.finish(forged.browser.arrive(forged.callback()))).rejects.toMatchObject({
      details: { reason: 'id_token_jws_signature_verification_failed' },
    })
    const good = await beginForged({ header: named })
    expect(await good.flow.finish(good.browser.arrive(good.callback()))).toMatchObject({ returnTo: '/cart' })
    const asked = [...forged.network.asked, ...good.network.asked].map(({ url }) => new URL(url).origin)
    expect(new Set(asked)).toEqual(new Set([issuer]))
  })

  test('an answer without an ID token is refused', async () => {
    const answer = { access_token: 'at', token_type: 'Bearer' }
    await expect(finish({ answer })).rejects.toMatchObject({ details: { reason: 'id_token_missing' } })
  })

  test('a symmetric key in the published set signs nothing', async () => {
    const attempt = await beginForged({ idToken: (claims) => hmacSigned(claims, 'known to all') })
    const shared = { kty: 'oct', kid: 'recorded', alg: 'HS256', k: Buffer.from('known to all').toString('base64url') }
    attempt.network.answers[`${issuer}/keys`] = { keys: [shared] }
    await expect(attempt.flow.finish(attempt.browser.arrive(attempt.callback()))).rejects.toMatchObject({
      code: 'callback_rejected',
    })
  })

  test('the userinfo of another subject is refused', async () => {
    await expect(finish({ userinfo: { sub: 'bob', email: 'bob@mail.example' } })).rejects.toMatchObject({
      details: { reason: 'userinfo_sub' },
    })
  })

  test('the userinfo of this subject brings the address, and changes no claim of the token', async () => {
    const userinfo = { sub: 'ada', email: 'ada@mail.example', email_verified: true, iss: 'https://evil.example' }
    expect(await finish({ userinfo })).toMatchObject({
      identity: { issuer, email: 'ada@mail.example', emailProven: true },
    })
  })

  test('a token for another API is not shown to the userinfo endpoint', async () => {
    const claims: Record<string, unknown> = {}
    const { flow, browser, callback, network } = await beginForged({
      claims,
      userinfo: { sub: 'ada', email: 'a@b.example' },
    })
    const { searchParams } = new URL(await flow.begin(browser.click('/auth'), { resource: 'https://api.example' }))
    claims.nonce = searchParams.get('nonce')
    const login = await flow.finish(browser.arrive(callback({ state: searchParams.get('state') })))
    expect(login.identity.email).toBeNull()
    expect(login.tokens.resource).toBe('https://api.example')
    expect(network.asked.map(({ url }) => url)).not.toContain(`${issuer}/userinfo`)
  })

  test.each(['true', 1, undefined, null])('email_verified: %s proves nothing', async (verified) => {
    const claims = { email: 'ada@mail.example', email_verified: verified }
    expect(await finish({ claims })).toMatchObject({ identity: { emailProven: false } })
  })

  test.each(['not an address', 'a b@c.example', `${'a'.repeat(320)}@c.example`, ''])(
    '%o is no address',
    async (email) => {
      const claims = { email, email_verified: true }
      expect(await finish({ claims })).toMatchObject({ identity: { email: null, emailProven: false } })
    },
  )

  test('amr becomes methods, as far as they are words', async () => {
    const claims = { amr: ['pwd', 'otp', 'pwd', 7, '<script>'] }
    expect(await finish({ claims })).toMatchObject({ methods: ['fed', 'pwd', 'otp'] })
  })
})

describe('keys of the provider', () => {
  const keyFetches = ({ asked }: RecordedNetwork): number => asked.filter(({ url }) => url === `${issuer}/keys`).length

  /** Moves the monotonic clock of a network that is in use. */
  function waiting({ platform }: RecordedNetwork): (seconds: number) => void {
    let waited = 0
    Object.assign(platform, { monotonic: () => systemPlatform.monotonic() + waited })
    return (seconds) => (waited += seconds * 1000)
  }

  test('a key that is rotated in mid-login is fetched, at once', async () => {
    const { privateKey, publicKey } = await generateKeyPair('RS256')
    const attempt = await beginForged({
      idToken: (claims) => new SignJWT(claims).setProtectedHeader({ alg: 'RS256', kid: 'next' }).sign(privateKey),
    })
    const { answers } = attempt.network
    const next = { ...(await exportJWK(publicKey)), kid: 'next', alg: 'RS256' }
    await expect(attempt.flow.verifyLogoutToken(await attempt.network.sign({}))).rejects.toThrow()
    answers[`${issuer}/keys`] = { keys: [...jwks.keys, next] }
    expect(await attempt.flow.finish(attempt.browser.arrive(attempt.callback()))).toMatchObject({ returnTo: '/cart' })
    expect(keyFetches(attempt.network)).toBe(2)
  })

  test('tokens by a new key that come at the same moment share its one fetch', async () => {
    const { privateKey, publicKey } = await generateKeyPair('RS256')
    const { flow, network } = await beginForged()
    await expect(flow.verifyLogoutToken(await network.sign({}))).rejects.toThrow()
    network.answers[`${issuer}/keys`] = { keys: [{ ...(await exportJWK(publicKey)), kid: 'next', alg: 'RS256' }] }
    const claims = { iss: issuer, aud: 'app', iat: now, exp: now + 60, sub: 'ada', events: { [logoutEvent]: {} } }
    const sign = (jti: string): Promise<string> =>
      new SignJWT({ ...claims, jti }).setProtectedHeader({ alg: 'RS256', kid: 'next' }).sign(privateKey)
    const tokens = await Promise.all(['one', 'two', 'three'].map(sign))
    const seen = await Promise.all(tokens.map((token) => flow.verifyLogoutToken(token)))
    expect(seen.map(({ subject }) => subject)).toEqual(['ada', 'ada', 'ada'])
    expect(keyFetches(network)).toBe(2)
  })

  test('forged logout tokens cannot make us ask for keys again and again', async () => {
    const { flow, network } = await beginForged()
    const forged = `${encode({ alg: 'RS256', kid: 'unknown' })}.${encode({})}.AAAA`
    for (let tries = 0; tries < 20; tries += 1) {
      await expect(flow.verifyLogoutToken(forged)).rejects.toMatchObject({ code: 'invalid_request' })
    }
    expect(keyFetches(network)).toBe(2)
  })

  test('a token that could be of several keys is refused, and asks for no others', async () => {
    const { flow, network } = await beginForged()
    network.answers[`${issuer}/keys`] = { keys: [...jwks.keys, { ...jwks.keys[0], kid: 'twin' }] }
    const unnamed = await network.sign({ iss: issuer, aud: 'app' }, { kid: undefined })
    for (let tries = 0; tries < 2; tries += 1) {
      await expect(flow.verifyLogoutToken(unnamed)).rejects.toMatchObject({
        details: { reason: 'logout_token_jwks_multiple_matching_keys' },
      })
    }
    expect(keyFetches(network)).toBe(1)
  })

  const unusable: [string, Recorded][] = [
    ['that cannot be had', () => new Response('down', { status: 500 })],
    ['of an error answer', () => Response.json(jwks, { status: 500 })],
    ['that is no list', { keys: jwks.keys[0] }],
    ['with something else in it', { keys: [...jwks.keys, null] }],
  ]
  test.each(unusable)(
    'a key set %s is the provider’s error, and is asked for again after five seconds',
    async (_name, answer) => {
      const { flow, browser, network, callback } = await beginForged()
      const wait = waiting(network)
      network.answers[`${issuer}/keys`] = answer
      await expect(flow.finish(browser.arrive(callback()))).rejects.toMatchObject({ code: 'provider_error' })
      expect(keyFetches(network)).toBe(1)
      network.answers[`${issuer}/keys`] = jwks
      await expect(flow.verifyLogoutToken(await network.sign({}))).rejects.toMatchObject({ code: 'provider_error' })
      expect(keyFetches(network)).toBe(1)
      wait(5)
      await expect(flow.verifyLogoutToken(await network.sign({}))).rejects.toMatchObject({ code: 'invalid_request' })
      expect(keyFetches(network)).toBe(2)
    },
  )

  describe('that have been read, while the provider’s key set is down', () => {
    const forged = `${encode({ alg: 'RS256', kid: 'unknown' })}.${encode({})}.AAAA`
    const claims = { iss: issuer, aud: 'app', iat: now, exp: now + 60, sub: 'ada', events: { [logoutEvent]: {} } }

    /** Keys were read; now the next reading does not answer until the test lets it fail. */
    async function withKeys() {
      const { flow, network } = await beginForged()
      const genuine = await network.sign({ ...claims, jti: '1' })
      await flow.verifyLogoutToken(genuine)
      const { promise, resolve } = Promise.withResolvers<Response>()
      network.answers[`${issuer}/keys`] = async () => (await promise).clone()
      return { flow, network, genuine, fail: () => resolve(new Response('down', { status: 503 })) }
    }

    test('are not thrown away for the token of a stranger, neither during the next reading nor after it', async () => {
      const { flow, genuine, fail } = await withKeys()
      const stranger = flow.verifyLogoutToken(forged)
      expect(await flow.verifyLogoutToken(genuine)).toMatchObject({ subject: 'ada' })
      fail()
      await expect(stranger).rejects.toMatchObject({ code: 'provider_error' })
      expect(await flow.verifyLogoutToken(genuine)).toMatchObject({ subject: 'ada' })
    })

    test('are looked for in vain once in five seconds, however many forged tokens come; nobody is told a lie', async () => {
      const { flow, network, fail } = await withKeys()
      const wait = waiting(network)
      fail()
      for (let tries = 0; tries < 20; tries += 1) {
        if (tries === 10) wait(5)
        await expect(flow.verifyLogoutToken(forged)).rejects.toMatchObject({ code: 'provider_error' })
      }
      expect(keyFetches(network)).toBe(3)
    })

    test('are believed for five minutes all the same, and no longer', async () => {
      const { flow, network, genuine, fail } = await withKeys()
      const wait = waiting(network)
      fail()
      wait(290)
      await expect(flow.verifyLogoutToken(forged)).rejects.toMatchObject({ code: 'provider_error' })
      expect(await flow.verifyLogoutToken(genuine)).toMatchObject({ subject: 'ada' })
      wait(10)
      await expect(flow.verifyLogoutToken(genuine)).rejects.toMatchObject({ code: 'provider_error' })
    })
  })
})

describe('max_age', () => {
  const finishWithin = async (claims: Record<string, unknown>, ago?: number): Promise<unknown> => {
    const attempt = await beginForged({ claims })
    const at = attempt.network.platform.now()
    Object.assign(attempt.network.platform, { now: () => at })
    if (ago !== undefined) Object.assign(claims, { auth_time: at - ago })
    const url = new URL(await attempt.flow.begin(attempt.browser.click('/auth'), { maxAgeSeconds: 60 }))
    expect(url.searchParams.get('max_age')).toBe('60')
    const change = { state: url.searchParams.get('state') }
    Object.assign(claims, { nonce: url.searchParams.get('nonce') })
    return attempt.flow.finish(attempt.browser.arrive(attempt.callback(change)))
  }

  test('an authentication that is young enough will do, by clocks that differ by half a minute', async () => {
    expect(await finishWithin({}, 90)).toMatchObject({ returnTo: '/' })
    await expect(finishWithin({}, 91)).rejects.toMatchObject({ details: { reason: 'id_token_auth_time' } })
  })

  test.each([{ auth_time: now - 600 }, {}, { auth_time: 'now' }])('%o will not', async (claims) => {
    await expect(finishWithin(claims)).rejects.toMatchObject({ details: { reason: 'id_token_auth_time' } })
  })
})
