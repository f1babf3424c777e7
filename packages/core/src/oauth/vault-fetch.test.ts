import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import type { AuthEvent } from '../events.js'
import { systemPlatform } from '../platform.js'
import { memoryStore } from '../store/memory-store.js'
import { createDpopKey } from './dpop.js'
import { type RotatingProvider, startRotatingProvider } from './fixtures/rotating-provider.js'
import { oidc } from './providers/oidc.js'
import { tokenExchangeGrant } from './exchange-token.js'
import { createTokenVault, type TokenVault, type TokenVaultOptions } from './token-vault.js'

let upstream: RotatingProvider
let plain: RotatingProvider
let events: AuthEvent[]

beforeAll(async () => {
  upstream = await startRotatingProvider({ grant_types_supported: [tokenExchangeGrant] })
  plain = await startRotatingProvider()
})
afterAll(() => Promise.all([upstream.close(), plain.close()]))
beforeEach(() => {
  events = []
  upstream.calls.length = 0
})

function providerAt(name: string, { issuer }: RotatingProvider): ReturnType<typeof oidc> {
  const client = { clientId: 'app', clientSecret: 'for tests', dangerouslyAllowPrivateNetwork: true }
  return oidc({ name, issuer, apiOrigins: [issuer], ...client })
}

function vaultOf(options: Partial<TokenVaultOptions> = {}): TokenVault {
  return createTokenVault({
    store: memoryStore(),
    secrets: ['a secret for tests only, which has 32 characters or more'],
    providers: [providerAt('clinic', upstream), providerAt('plain', plain)],
    onEvent: (event) => void events.push(event),
    ...options,
  })
}

async function connect(vault: TokenVault, provider = 'clinic', expiresIn = 3600): Promise<string> {
  const user = `u${crypto.randomUUID()}`
  const server = provider === 'clinic' ? upstream : plain
  const accessToken = `at.${user}.first`
  server.allow(accessToken)
  const tokens = { provider, accessToken, refreshToken: server.grant(user), scope: 'read write' }
  const expiresAt = systemPlatform.now() + expiresIn
  await vault.save(user, { tokens: { ...tokens, expiresAt, resource: null, idToken: null, dpopKey: null } })
  return user
}

describe('fetch', () => {
  test('calls the API with the user’s token, and answers what it answers', async () => {
    const vault = vaultOf()
    const user = await connect(vault)
    const response = await vault.fetch(user, 'clinic', `${upstream.issuer}/api/prescriptions?since=1`)
    expect(response.status).toBe(200)
    expect(await response.json()).toMatchObject({ path: '/api/prescriptions', method: 'GET' })
    expect(upstream.calls[0]?.headers.authorization).toBe(`Bearer at.${user}.first`)
    expect(events.at(-1)).toMatchObject({ type: 'vault.fetched', userId: user, reason: '200' })
  })

  test.each([
    ['another origin', () => 'https://evil.example/api'],
    ['another port', () => `${plain.issuer}/api`],
    ['the origin as a user name', () => upstream.issuer.replace('http://', 'http://evil.example@')],
    ['a name and password', () => upstream.issuer.replace('http://', 'http://a:b@')],
    ['the origin as a prefix', () => `${upstream.issuer}.evil.example/`],
    ['a path alone', () => '/api'],
    ['no URL', () => ''],
    ['a script', () => 'javascript:alert(1)'],
  ])('%s is destination_refused, and no token is sent', async (_name, url) => {
    const vault = vaultOf()
    const user = await connect(vault)
    await expect(vault.fetch(user, 'clinic', url())).rejects.toMatchObject({ code: 'destination_refused' })
    expect(upstream.calls).toEqual([])
  })

  test('a redirect is the answer, and is not followed', async () => {
    const vault = vaultOf()
    const response = await vault.fetch(await connect(vault), 'clinic', `${upstream.issuer}/api/redirect`)
    expect(response.status).toBe(302)
  })

  test('what a browser sent along does not reach the API', async () => {
    const vault = vaultOf()
    const user = await connect(vault)
    const headers = { cookie: 'session=secret', authorization: 'Bearer of the browser', 'x-note': 'kept' }
    await vault.fetch(user, 'clinic', `${upstream.issuer}/api/a`, { headers })
    const sent = upstream.calls[0]?.headers
    expect(sent?.cookie).toBeUndefined()
    expect(sent?.authorization).toBe(`Bearer at.${user}.first`)
    expect(sent?.['x-note']).toBe('kept')
  })

  const form = new FormData()
  form.set('a', 'b')
  const bodies: [string, RequestInit['body'], string | undefined, string][] = [
    ['text', 'hello', undefined, 'hello'],
    ['a form', new URLSearchParams({ a: 'b' }), 'application/x-www-form-urlencoded', 'a=b'],
    ['bytes', new TextEncoder().encode('bytes'), undefined, 'bytes'],
    ['a blob', new Blob(['blob'], { type: 'text/csv' }), 'text/csv', 'blob'],
    ['a multipart form', form, 'multipart/form-data', 'name="a"'],
  ]
  test.each(bodies)('%s is sent as it is', async (_name, body, type, expected) => {
    const vault = vaultOf()
    const init = { method: 'POST', body: body ?? null }
    const response = await vault.fetch(await connect(vault), 'clinic', `${upstream.issuer}/api/a`, init)
    expect(await response.json()).toMatchObject({ method: 'POST', body: expect.stringContaining(expected) })
    if (type) expect(upstream.calls[0]?.headers['content-type']).toContain(type)
  })

  test('a stream is sent as a stream', async () => {
    const vault = vaultOf()
    const body = new Blob(['str', 'eam']).stream()
    const response = await vault.fetch(await connect(vault), 'clinic', `${upstream.issuer}/api/a`, {
      method: 'PUT',
      body,
    })
    expect(await response.json()).toMatchObject({ method: 'PUT', body: 'stream' })
  })

  test('a token that the API refuses is refreshed once, and the call is sent again', async () => {
    const vault = vaultOf()
    const user = await connect(vault)
    upstream.forbid(user)
    const response = await vault.fetch(user, 'clinic', `${upstream.issuer}/api/a`, {
      method: 'POST',
      body: 'once more',
    })
    expect(response.status).toBe(200)
    expect(upstream.refreshes.get(user)).toBe(1)
    expect(upstream.calls.map(({ body }) => body)).toEqual(['once more', 'once more'])
  })

  test('the body of the refusal is not waited for, and its connection is let go', async () => {
    let letGo = 0
    const endless = new ReadableStream({ cancel: () => void (letGo += 1) })
    const refusals = [new Response(endless, { status: 401 })]
    const asked = systemPlatform.fetch
    const fetch: typeof asked = async (url, init) =>
      (url.includes('/api/') ? refusals.pop() : undefined) ?? asked(url, init)
    const vault = vaultOf({ platform: { ...systemPlatform, fetch } })
    const response = await vault.fetch(await connect(vault), 'clinic', `${upstream.issuer}/api/a`)
    expect(response.status).toBe(200)
    expect(letGo).toBe(1)
  })

  test('many calls with a token that the API refuses cause one refresh', async () => {
    const vault = vaultOf()
    const user = await connect(vault)
    upstream.forbid(user)
    const calls = Array.from({ length: 10 }, () => vault.fetch(user, 'clinic', `${upstream.issuer}/api/a`))
    expect((await Promise.all(calls)).map(({ status }) => status)).toEqual(calls.map(() => 200))
    expect(upstream.refreshes.get(user)).toBe(1)
  })

  test('a token that is bound to a key is sent with a proof for this very call (RFC 9449)', async () => {
    const vault = vaultOf()
    const tokens = { provider: 'clinic', accessToken: 'bound', refreshToken: null, expiresAt: null, scope: '' }
    const dpopKey = await createDpopKey()
    await vault.save('ada', { tokens: { ...tokens, resource: null, idToken: null, dpopKey } })
    await vault.fetch('ada', 'clinic', `${upstream.issuer}/api/a?b=c`, { method: 'POST' })
    const { authorization, dpop } = upstream.calls[0]?.headers ?? {}
    expect(authorization).toBe('DPoP bound')
    const proof: unknown = JSON.parse(Buffer.from(String(dpop).split('.')[1] ?? '', 'base64url').toString())
    expect(proof).toMatchObject({
      htm: 'POST',
      htu: `${upstream.issuer}/api/a`,
      ath: expect.stringMatching(/^[\w-]{43}$/),
    })
  })

  test('an API that does not answer is unavailable', async () => {
    const gone = await startRotatingProvider()
    await gone.close()
    const options = { name: 'gone', issuer: upstream.issuer, clientId: 'app', dangerouslyAllowPrivateNetwork: true }
    const vault = vaultOf({ providers: [oidc({ ...options, apiOrigins: [gone.issuer] })] })
    const tokens = { provider: 'gone', accessToken: 'at', refreshToken: null, expiresAt: null, scope: '' }
    await vault.save('ada', { tokens: { ...tokens, resource: null, idToken: null, dpopKey: null } })
    await expect(vault.fetch('ada', 'gone', `${gone.issuer}/api`)).rejects.toMatchObject({ code: 'unavailable' })
  })

  test('the caller’s own signal ends the call with its own reason', async () => {
    const vault = vaultOf()
    const signal = AbortSignal.abort(new Error('the visitor left'))
    await expect(vault.fetch(await connect(vault), 'clinic', `${upstream.issuer}/api/a`, { signal })).rejects.toThrow(
      'the visitor left',
    )
  })
})

describe('userinfo', () => {
  test('asks the endpoint that the metadata names, whatever the apiOrigins are', async () => {
    const server = await startRotatingProvider()
    const found = await startRotatingProvider({ userinfo_endpoint: `${server.issuer}/me` })
    const vault = vaultOf({ providers: [providerAt('clinic', found)] })
    server.allow('at')
    const tokens = { provider: 'clinic', accessToken: 'at', refreshToken: null, expiresAt: null, scope: '' }
    await vault.save('ada', { tokens: { ...tokens, resource: null, idToken: null, dpopKey: null } })
    expect(await (await vault.userinfo('ada', 'clinic')).json()).toMatchObject({ path: '/me', method: 'GET' })
    await Promise.all([server.close(), found.close()])
  })

  test('a provider without one is not_found', async () => {
    const vault = vaultOf()
    await expect(vault.userinfo(await connect(vault), 'clinic')).rejects.toMatchObject({ code: 'not_found' })
  })

  test('a provider whose metadata cannot be had is unavailable', async () => {
    const gone = await startRotatingProvider()
    await gone.close()
    const vault = vaultOf({ providers: [providerAt('clinic', gone)] })
    await expect(vault.userinfo(await connect(vault), 'clinic')).rejects.toMatchObject({ code: 'unavailable' })
  })

  test('whoever is not connected is told so without the provider', async () => {
    const gone = await startRotatingProvider()
    await gone.close()
    const vault = vaultOf({ providers: [providerAt('clinic', gone)] })
    await expect(vault.userinfo('nobody', 'clinic')).rejects.toMatchObject({ code: 'reconnect_required' })
  })
})

describe('delegate', () => {
  test('gives a narrower token for a few minutes, never the stored one', async () => {
    const vault = vaultOf()
    const user = await connect(vault)
    const narrow = { scope: 'read', resource: `${upstream.issuer}/api` }
    const delegated = await vault.delegate(user, 'clinic', narrow)
    expect(delegated).toMatchObject({ token_type: 'Bearer', expires_in: 300, scope: 'read' })
    expect(delegated.access_token).toMatch(/^narrow\./)
    expect(Object.keys(delegated)).toEqual(['access_token', 'token_type', 'expires_in', 'scope'])
    expect(events.at(-1)).toMatchObject({ type: 'vault.delegated', userId: user })
  })

  const refused: [string, string, (() => { scope: string; resource: string }) | null][] = [
    ['a provider without token exchange', 'plain', null],
    ['no scope', 'clinic', () => ({ scope: '', resource: upstream.issuer })],
    ['an API of somebody else', 'clinic', () => ({ scope: 'read', resource: 'https://evil.example' })],
    ['an answer with more scope than was asked', 'clinic', () => ({ scope: 'too-much', resource: upstream.issuer })],
  ]
  test.each(refused)('%s is delegation_refused', async (_name, provider, narrow) => {
    const vault = vaultOf()
    const user = await connect(vault, provider)
    const asked = narrow?.() ?? { scope: 'read', resource: plain.issuer }
    await expect(vault.delegate(user, provider, asked)).rejects.toMatchObject({ code: 'delegation_refused' })
  })

  test('the stored token is handed out only where a loud option says so', async () => {
    const vault = vaultOf({ dangerouslyDelegateStoredTokensOf: ['plain'] })
    const user = await connect(vault, 'plain')
    const delegated = await vault.delegate(user, 'plain', { scope: 'read', resource: plain.issuer })
    expect(delegated).toMatchObject({ access_token: `at.${user}.first`, scope: 'read write' })
  })

  test('a token that lives for longer than an hour is not handed out at all', async () => {
    const vault = vaultOf({ dangerouslyDelegateStoredTokensOf: ['plain'] })
    const user = await connect(vault, 'plain', 7200)
    await expect(vault.delegate(user, 'plain', { scope: 'read', resource: plain.issuer })).rejects.toMatchObject({
      details: { reason: 'lifetime' },
    })
  })
})

describe('createTokenVault', () => {
  const wrong: [string, object, RegExp][] = [
    ['no providers', { providers: undefined }, /providers: expected/],
    ['something else than a provider', { providers: [{ name: 'clinic' }] }, /provider: expected/],
    ['a lease shorter than two timeouts', { leaseSeconds: 19 }, /leaseSeconds: expected/],
    ['no secrets', { secrets: [] }, /secrets: expected/],
    ['no store', { store: undefined }, /store: expected/],
    ['an event handler that is none', { onEvent: 'log' }, /onEvent: expected/],
    ['a text where names belong', { dangerouslyDelegateStoredTokensOf: 'plain' }, /^dangerouslyDelegate\w+: expected/],
    [
      'a name that is not among them',
      { dangerouslyDelegateStoredTokensOf: ['plane'] },
      /^dangerouslyDelegate\w+: expe/,
    ],
  ]
  test.each(wrong)('%s is a ConfigError', (_name, options, message) => {
    expect(() => vaultOf(options)).toThrow(message)
  })

  test('two providers of one name are a ConfigError', () => {
    const providers = [providerAt('clinic', upstream), providerAt('clinic', plain)]
    expect(() => vaultOf({ providers })).toThrow(/two have the same name/)
  })
})
