import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { memoryStore } from '../store/memory-store.js'
import { type AuthorizationCodeFlow, createAuthorizationCodeFlow } from './authorization-code-flow.js'
import { appBrowser } from './fixtures/app-browser.js'
import { beginForged } from './fixtures/attacked-login.js'
import { clientSecret, ProviderUser, type RealProvider, startRealProvider } from './fixtures/real-provider.js'
import type { AuthorizationCodeFlowOptions } from './flow-options.js'
import { github } from './providers/github.js'
import { oauth2 } from './providers/oauth2.js'
import { oidc } from './providers/oidc.js'

const secrets = ['a secret for tests only, which has 32 characters or more']
let idp: RealProvider

beforeAll(async () => {
  idp = await startRealProvider({
    features: { dPoP: { enabled: true }, pushedAuthorizationRequests: { enabled: true } },
  })
})
afterAll(() => idp.close())

function flowOf(options: Partial<AuthorizationCodeFlowOptions> = {}): AuthorizationCodeFlow {
  const provider = oidc({
    name: 'acme',
    issuer: idp.issuer,
    clientId: 'app',
    clientSecret,
    dangerouslyAllowPrivateNetwork: true,
  })
  return createAuthorizationCodeFlow({
    secrets,
    origin: 'https://app.example',
    provider,
    redirectPath: '/callback',
    ...options,
  })
}

describe('the code flow against a certified provider', () => {
  test('begin and finish make a login without any store', async () => {
    const flow = flowOf()
    const browser = appBrowser()
    const url = await flow.begin(browser.click('/auth'), { returnTo: '/cart?x=1' })
    const returned = await new ProviderUser('ada').visit(url)
    const login = await flow.finish(browser.arrive(returned.url))
    expect(login.identity).toMatchObject({
      provider: 'acme',
      issuer: idp.issuer,
      subject: 'ada',
      email: 'ada@mail.example',
      emailProven: true,
      name: 'Name of ada',
    })
    expect(login.returnTo).toBe('/cart?x=1')
    expect(login.methods).toEqual(['fed'])
    expect(login.providerLogin).toMatchObject({ issuer: idp.issuer, subject: 'ada' })
    expect(browser.cookies.size).toBe(0)
  })

  test('an answer that comes as a form finishes, also where a query was asked for', async () => {
    const { flow, browser, callback } = await beginForged()
    const form = Object.fromEntries(new URL(callback(), 'https://app.example').searchParams)
    expect((await flow.finish(browser.post('/callback'), form)).identity.subject).toBe('ada')
    expect(browser.cookies.size).toBe(0)
  })

  test('an answer by form_post finishes', async () => {
    const flow = flowOf({ responseMode: 'form_post' })
    const browser = appBrowser()
    const returned = await new ProviderUser('ada').visit(await flow.begin(browser.click('/auth')))
    const login = await flow.finish(browser.post('/callback'), returned.form)
    expect(login.identity.subject).toBe('ada')
  })

  test('the hybrid flow finishes', async () => {
    const flow = flowOf({ responseType: 'code id_token' })
    const browser = appBrowser()
    const returned = await new ProviderUser('ada').visit(await flow.begin(browser.click('/auth')))
    expect(returned.form?.id_token).toBeDefined()
    const login = await flow.finish(browser.post('/callback'), returned.form)
    expect(login.identity.subject).toBe('ada')
  })

  test('tokens are bound to a key with dpop, in every proof the nonce that the server wants', async () => {
    const flow = flowOf({ dpop: true })
    const browser = appBrowser()
    const returned = await new ProviderUser('ada').visit(await flow.begin(browser.click('/auth')))
    const { tokens, identity } = await flow.finish(browser.arrive(returned.url))
    expect(tokens.dpopKey).toMatchObject({ kty: 'EC', crv: 'P-256' })
    expect(identity.email).toBe('ada@mail.example')
  })

  test('a pushed request shows the browser nothing but a reference', async () => {
    const flow = flowOf({ pushedRequest: true })
    const browser = appBrowser()
    const url = await flow.begin(browser.click('/auth'))
    expect([...new URL(url).searchParams.keys()].toSorted()).toEqual(['client_id', 'request_uri'])
    const returned = await new ProviderUser('ada').visit(url)
    expect((await flow.finish(browser.arrive(returned.url))).identity.subject).toBe('ada')
  })

  test('with a store, one of two answers at once is taken, before the code is sent', async () => {
    const flow = flowOf({ store: memoryStore() })
    const browser = appBrowser()
    const url = await flow.begin(browser.click('/auth'), { returnTo: '/cart' })
    const returned = await new ProviderUser('ada').visit(url)
    idp.asked.length = 0
    const exchanges = [browser.arrive(returned.url), browser.arrive(returned.url)]
    const outcomes = await Promise.allSettled(exchanges.map((exchange) => flow.finish(exchange)))
    expect(outcomes.map(({ status }) => status).toSorted()).toEqual(['fulfilled', 'rejected'])
    const loser = outcomes.find((outcome) => outcome.status === 'rejected')
    expect(loser?.reason).toMatchObject({ code: 'transaction_missing', details: { returnTo: '/cart' } })
    expect(idp.asked.filter((line) => line === 'POST /token')).toHaveLength(1)
  })
})

describe('maxAgeSeconds at a provider without ID tokens, which never says when somebody authenticated', () => {
  test('is refused at the start', async () => {
    const flow = flowOf({ provider: github({ clientId: 'app' }) })
    await expect(flow.begin(appBrowser().click('/auth'), { maxAgeSeconds: 0 })).rejects.toMatchObject({
      code: 'invalid_request',
      details: { parameter: 'maxAgeSeconds', reason: 'provider_without_id_token' },
    })
  })

  test('is refused at the end, for an attempt of an earlier release, before the code is sent', async () => {
    const endpoints = { authorizationEndpoint: `${idp.issuer}/auth`, tokenEndpoint: `${idp.issuer}/token` }
    const provider = oauth2({
      ...{ name: 'acme', issuer: idp.issuer, clientId: 'app', clientSecret, ...endpoints },
      dangerouslyAllowPrivateNetwork: true,
      readUser: async () => ({ subject: 'ada', email: null, emailProven: false, name: null, claims: {} }),
    })
    const browser = appBrowser()
    const url = await flowOf().begin(browser.click('/auth'), { maxAgeSeconds: 60 })
    const returned = await new ProviderUser('ada').visit(url)
    idp.asked.length = 0
    await expect(flowOf({ provider }).finish(browser.arrive(returned.url))).rejects.toMatchObject({
      code: 'callback_rejected',
      details: { reason: 'auth_time_unknown' },
    })
    expect(idp.asked).toEqual([])
  })
})

describe('createAuthorizationCodeFlow', () => {
  const atGithub = { provider: github({ clientId: 'app' }) }
  const wrong: [string, object, RegExp][] = [
    ['no provider', { provider: undefined }, /provider: expected/],
    [
      'a provider put together by hand',
      { provider: { name: 'acme', issuer: 'https://a.example' } },
      /provider: expected/,
    ],
    ['an origin over http', { origin: 'http://app.example' }, /origin: expected/],
    ['an origin with a path', { origin: 'https://app.example/app' }, /origin: expected/],
    ['a redirect path that is a URL', { redirectPath: 'https://app.example/callback' }, /redirectPath: expected/],
    ['a redirect path of another host', { redirectPath: '//evil.example' }, /redirectPath: expected/],
    ['a redirect path with a query', { redirectPath: '/callback?a=b' }, /redirectPath: expected/],
    ['a scope with two spaces', { scope: 'openid  email' }, /scope: expected/],
    ['no secrets', { secrets: undefined }, /secrets: expected/],
    ['a store that is none', { store: {} }, /store: expected/],
    ['a fragment answer', { responseMode: 'fragment' }, /responseMode: expected/],
    [
      'the hybrid flow without ID tokens',
      { ...atGithub, responseType: 'code id_token' },
      /responseType: expected 'code'/,
    ],
    ['a pushed request without endpoint', { ...atGithub, pushedRequest: true }, /pushedRequest: expected false/],
    ['the hybrid flow by query', { responseType: 'code id_token', responseMode: 'query' }, /form_post/],
  ]
  test.each(wrong)('%s is a ConfigError', (_name, options, message) => {
    expect(() => flowOf(options)).toThrow(message)
  })

  test('the cookie of a form_post attempt goes along cross-site, all others do not', async () => {
    const lines: string[] = []
    const responseHeaders = { append: (_name: string, line: string): unknown => lines.push(line) }
    const request = { method: 'GET', url: '/auth', headers: new Headers() }
    await flowOf({ responseMode: 'form_post' }).begin({ request, responseHeaders })
    await flowOf().begin({ request, responseHeaders })
    expect(lines[0]).toMatch(/^__Host-oauth-[\w-]{22}=.+; Max-Age=600; Path=\/; HttpOnly; SameSite=None; Secure$/)
    expect(lines[1]).toMatch(/; HttpOnly; SameSite=Lax; Secure$/)
  })

  test('the cookie tells nothing of what is in it', async () => {
    const browser = appBrowser()
    await flowOf().begin(browser.click('/auth'), { returnTo: '/a-private-page' })
    const [value = ''] = [...browser.cookies.values()]
    expect(value.split('.')).toHaveLength(5)
    expect(Buffer.from(value, 'base64url').toString('latin1')).not.toContain('private-page')
  })
})
