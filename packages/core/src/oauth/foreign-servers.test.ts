import { setTimeout as wait } from 'node:timers/promises'
import { decodeJwt } from 'jose/jwt/decode'
import { type MutableResponse, type MutableToken, OAuth2Server } from 'oauth2-mock-server'
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest'
import { systemPlatform } from '../platform.js'
import { memoryStore } from '../store/memory-store.js'
import { generateJwk } from '../token/key-formats.js'
import { type AuthorizationCodeFlow, createAuthorizationCodeFlow, type OAuthLogin } from './authorization-code-flow.js'
import { createClientCredentials } from './client-credentials.js'
import { appBrowser } from './fixtures/app-browser.js'
import { type ForeignProvider, startForeignProvider } from './fixtures/foreign-provider.js'
import { appWith, identityOf } from './fixtures/linking-app.js'
import { recordedNetwork } from './fixtures/recorded-provider.js'
import type { Provider } from './provider.js'
import { oauth2 } from './providers/oauth2.js'
import { oidc } from './providers/oidc.js'
import { createTokenVault } from './token-vault.js'

const shared = {
  secrets: ['a secret for tests only, which has 32 characters or more'],
  origin: 'https://app.example',
  redirectPath: '/callback',
}

/** A whole sign-in at a server that asks nobody. */
async function signIn(flow: AuthorizationCodeFlow): Promise<OAuthLogin> {
  const browser = appBrowser()
  const response = await fetch(await flow.begin(browser.click('/auth')), { redirect: 'manual' })
  await response.body?.cancel()
  return flow.finish(browser.arrive(response.headers.get('location') ?? ''))
}

describe('a plain OAuth 2 server of other authors', () => {
  let server: ForeignProvider
  beforeAll(async () => {
    server = await startForeignProvider()
  })
  afterAll(() => server.close())

  test('signs in with PKCE and its user endpoint', async () => {
    const { identity, tokens } = await signIn(createAuthorizationCodeFlow({ ...shared, provider: server.provider }))
    expect(identity).toMatchObject({
      provider: 'foreign',
      issuer: `${server.origin}/token`,
      subject: 'ada',
      emailProven: false,
    })
    expect(tokens.refreshToken).toBeTypeOf('string')
  })

  test('its single-use refresh tokens carry the vault from rotation to rotation', async () => {
    let now = systemPlatform.now()
    const { provider } = server
    const platform = { ...systemPlatform, now: () => now }
    const vault = createTokenVault({ ...shared, store: memoryStore(), providers: [provider], platform })
    const login = await signIn(createAuthorizationCodeFlow({ ...shared, provider }))
    await vault.save('ada', login)
    const tokens = new Set<string>()
    for (let rotation = 0; rotation < 3; rotation += 1) {
      now += 3600
      tokens.add(await vault.accessToken('ada', 'foreign'))
    }
    expect(tokens.size).toBe(3)
    await vault.save('ada', login)
    now += 3600
    await expect(vault.accessToken('ada', 'foreign')).rejects.toMatchObject({ code: 'reconnect_required' })
  })

  test('it refuses a verifier that is not the one of the challenge', async () => {
    const platform = { ...systemPlatform, fetch: withOtherVerifier }
    const flow = createAuthorizationCodeFlow({ ...shared, provider: server.provider, platform })
    await expect(signIn(flow)).rejects.toMatchObject({ code: 'provider_error', error: 'invalid_grant' })
  })

  function withOtherVerifier(url: string, init: RequestInit = {}): Promise<Response> {
    const body = init.body instanceof URLSearchParams ? new URLSearchParams(init.body) : init.body
    if (body instanceof URLSearchParams && body.has('code_verifier')) body.set('code_verifier', 'x'.repeat(43))
    return fetch(url, { ...init, body: body ?? null })
  }
})

describe('oauth2', () => {
  const options = {
    ...{ name: 'acme', clientId: 'app', clientSecret: 'for-tests_only.1', readUser: async () => null },
    ...{ authorizationEndpoint: 'https://acme.example/authorize', tokenEndpoint: 'https://acme.example/token' },
  }
  const wrong: [string, object, RegExp][] = [
    ['no readUser', { readUser: undefined }, /readUser: expected/],
    ['no token endpoint', { tokenEndpoint: undefined }, /tokenEndpoint: expected/],
    ['an endpoint on this machine', { tokenEndpoint: 'http://localhost:1/token' }, /tokenEndpoint: expected/],
    [
      'an endpoint that is a script',
      { authorizationEndpoint: 'javascript:alert(1)' },
      /authorizationEndpoint: expected/,
    ],
    [
      'a revocation endpoint in a private network',
      { revocationEndpoint: 'https://10.0.0.1/' },
      /revocationEndpoint: expected/,
    ],
    ['an unknown way to send the secret', { clientAuthentication: 'POST' }, /clientAuthentication: expected 'basic'/],
    ['an issuer that is a number', { issuer: 7 }, /issuer: expected a text/],
    ['an empty issuer', { issuer: '' }, /issuer: expected a text/],
    ['a private network by a text', { dangerouslyAllowPrivateNetwork: 'false' }, /dangerouslyAllowPrivateNetwork: exp/],
    ['one API origin as a text', { apiOrigins: 'https://api.example' }, /apiOrigins: expected a list/],
    ['an API over http', { apiOrigins: ['http://api.example'] }, /apiOrigins: expected a list/],
    ['an API with a path', { apiOrigins: ['https://api.example/v1'] }, /apiOrigins: expected a list/],
    ['an API on this machine', { apiOrigins: ['https://localhost'] }, /apiOrigins: expected a list/],
  ]
  test.each(wrong)('%s is a ConfigError', (_name, change, message) => {
    expect(() => oauth2({ ...options, ...change })).toThrow(message)
  })

  describe('without an issuer', () => {
    const tokenEndpoint = 'https://login.saas.example/tenant-a/token'
    const profile = { subject: '1', email: null, emailProven: false, name: null, claims: {} }
    const own = { ...options, tokenEndpoint, readUser: async () => profile }

    test('two tenants of one host are two issuers, and the same subject at both is two users', async () => {
      const { identities } = appWith()
      const userOf = async ({ issuer }: Provider): Promise<string | null> =>
        (await identities.resolve(identityOf({ issuer, subject: '1', email: null }), null)).userId
      const other = oauth2({ ...own, tokenEndpoint: 'https://login.saas.example/tenant-b/token' })
      expect(oauth2(own).issuer).toBe(tokenEndpoint)
      expect(await userOf(oauth2(own))).not.toBe(await userOf(other))
    })

    /** Finishes with an answer in which the server names itself. */
    async function finishWithIss(provider: Provider): Promise<OAuthLogin> {
      const { platform } = recordedNetwork({ [tokenEndpoint]: { access_token: 'at', token_type: 'Bearer' } })
      const flow = createAuthorizationCodeFlow({ ...shared, provider, platform })
      const browser = appBrowser()
      const state = new URL(await flow.begin(browser.click('/auth'))).searchParams.get('state')
      const iss = encodeURIComponent('https://login.saas.example/tenant-a')
      return flow.finish(browser.arrive(`/callback?code=c&state=${state}&iss=${iss}`))
    }

    test('the name that the server gives itself is not compared (RFC 9207)', async () => {
      expect((await finishWithIss(oauth2(own))).identity.issuer).toBe(tokenEndpoint)
    })

    test('an issuer that is stated is compared', async () => {
      const issuer = 'https://login.saas.example/tenant-a'
      expect((await finishWithIss(oauth2({ ...own, issuer }))).identity.issuer).toBe(issuer)
      const other = oauth2({ ...own, issuer: 'https://login.saas.example/tenant-b' })
      await expect(finishWithIss(other)).rejects.toMatchObject({ code: 'callback_rejected' })
    })

    test('private_key_jwt is for the token endpoint', async () => {
      const network = recordedNetwork({ [tokenEndpoint]: { access_token: 'at', token_type: 'Bearer' } })
      const { clientSecret: _none, ...rest } = own
      const provider = oauth2({ ...rest, privateKey: await generateJwk() })
      await createClientCredentials({ provider, platform: network.platform }).accessToken()
      expect(decodeJwt(network.asked[0]?.form.get('client_assertion') ?? '').aud).toBe(tokenEndpoint)
    })
  })

  test('a user that cannot be read is refused', async () => {
    const server = await startForeignProvider()
    const provider = oauth2({
      ...{ ...options, dangerouslyAllowPrivateNetwork: true },
      ...{ authorizationEndpoint: `${server.origin}/authorize`, tokenEndpoint: `${server.origin}/token` },
    })
    await expect(signIn(createAuthorizationCodeFlow({ ...shared, provider }))).rejects.toMatchObject({
      details: { reason: 'profile_unreadable' },
    })
    await server.close()
  })
})

describe('a server that fails', () => {
  const server = new OAuth2Server()
  let provider: Provider
  beforeAll(async () => {
    await server.issuer.keys.generate('RS256')
    await server.start(0, 'localhost')
    const issuer = server.issuer.url ?? ''
    const client = { clientId: 'app', clientSecret: 'for tests', dangerouslyAllowPrivateNetwork: true }
    provider = oidc({ name: 'mock', issuer, ...client })
    server.service.on('beforeTokenSigning', (token: MutableToken) => Object.assign(token.payload, { aud: 'app' }))
  })
  afterAll(() => server.stop())
  afterEach(() => server.service.removeAllListeners('beforeResponse'))

  const flowOf = (platform = systemPlatform): AuthorizationCodeFlow =>
    createAuthorizationCodeFlow({ ...shared, provider, platform, scope: 'openid' })

  test('signs in as long as it does not', async () => {
    expect((await signIn(flowOf())).identity).toMatchObject({ provider: 'mock', subject: 'johndoe' })
  })

  const faults: [string, (answer: MutableResponse) => void, object][] = [
    [
      'an error answer',
      (answer) => Object.assign(answer, { statusCode: 400, body: { error: 'invalid_grant' } }),
      { error: 'invalid_grant' },
    ],
    ['an error without words', (answer) => Object.assign(answer, { statusCode: 500, body: '' }), {}],
    ['an answer without access token', (answer) => Object.assign(answer.body, { access_token: undefined }), {}],
    ['an access token that is a number', (answer) => Object.assign(answer.body, { access_token: 7 }), {}],
    ['another kind of token', (answer) => Object.assign(answer.body, { token_type: 'mac' }), {}],
    ['a lifetime that is none', (answer) => Object.assign(answer.body, { expires_in: 'soon' }), {}],
    ['a refresh token that is an object', (answer) => Object.assign(answer.body, { refresh_token: {} }), {}],
  ]
  test.each(faults)('%s is provider_error', async (_name, fault, error) => {
    server.service.on('beforeResponse', fault)
    await expect(signIn(flowOf())).rejects.toMatchObject({ code: 'provider_error', ...error })
  })

  const wires: [string, (response: Response) => Response | Promise<Response>][] = [
    ['a page for people', () => new Response('<html>', { headers: { 'content-type': 'text/html' } })],
    ['broken JSON', () => new Response('{"access_token":', { headers: { 'content-type': 'application/json' } })],
    ['a lost answer', () => Promise.reject(new TypeError('fetch failed'))],
    [
      'an answer that breaks off',
      () => new Response(new ReadableStream({ pull: (controller) => controller.error(new Error('reset')) })),
    ],
    ['a redirect', () => new Response(null, { status: 307, headers: { location: 'https://evil.example/' } })],
  ]
  test.each(wires)('%s is provider_error', async (_name, change) => {
    const platform = {
      ...systemPlatform,
      fetch: async (url: string, init?: RequestInit) => {
        const response = await fetch(url, init)
        return url.endsWith('/token') ? change(response) : response
      },
    }
    await expect(signIn(flowOf(platform))).rejects.toMatchObject({ code: 'provider_error' })
  })

  test('an answer that takes too long is provider_error', async () => {
    const platform = {
      ...systemPlatform,
      fetch: async (url: string, init?: RequestInit) => {
        if (url.endsWith('/token')) await wait(50)
        return fetch(url, { ...init, signal: AbortSignal.timeout(url.endsWith('/token') ? 0 : 5000) })
      },
    }
    await expect(signIn(flowOf(platform))).rejects.toMatchObject({ code: 'provider_error' })
  })

  test('a key that it rotates in mid-login is found', async () => {
    const flow = flowOf()
    await signIn(flow)
    await server.issuer.keys.generate('RS256')
    for (let logins = 0; logins < 3; logins += 1) {
      expect((await signIn(flow)).identity.subject).toBe('johndoe')
    }
  })
})
