/**
 * What core must do on every web-standard runtime: sign in, come back, be refused across sites, sign out; a signed token;
 * signing in with a provider, as the example without an adapter does it.
 */
import {
  type Algorithm,
  createAuthenticator,
  createKeyRing,
  createSessions,
  createTokenIssuer,
  createTokenVerifier,
  generateJwk,
  memoryStore,
  type RequestAuth,
  staticKeyRing,
  systemPlatform,
} from '@tessera-auth/core'
import { type Fetch, openBrowser, signIn } from '../../examples/web-standard/src/browser.ts'
import { createAuth, createFetchApp, createHonoApp } from '../../examples/web-standard/src/index.ts'
import { appOrigin, client } from './provider-client.ts'

/** The issuer of a running provider; written in by the bundler. */
declare const PROVIDER_ISSUER: string

const origin = 'https://app.example'

/** Rejects when anything is not as it must be. */
export async function scenario(): Promise<void> {
  await sessions()
  await tokens()
  await providerSignIn('a function', createFetchApp)
  await providerSignIn('Hono', (auth) => createHonoApp(auth).fetch)
}

async function sessions(): Promise<void> {
  const authenticator = createAuthenticator({ origin, sessions: createSessions({ store: memoryStore() }) })
  const send = (path: string, headers: Record<string, string>): Promise<Response> =>
    authenticator.respond(new Request(origin + path, { method: path === '/me' ? 'GET' : 'POST', headers }), route(path))

  const signedIn = await send('/sign-in', { 'sec-fetch-site': 'same-origin' })
  const [cookie = ''] = (signedIn.headers.get('set-cookie') ?? '').split(';')
  expect('a cookie is set', cookie.startsWith('__Host-session='))
  expect('the cookie opens', (await send('/me', { cookie })).status === 200)
  expect('no cookie, nobody', (await send('/me', {})).status === 401)
  expect(
    'another site is refused',
    (await send('/sign-out', { cookie, 'sec-fetch-site': 'cross-site' })).status === 403,
  )
  expect('signing out works', (await send('/sign-out', { cookie, 'sec-fetch-site': 'same-origin' })).status === 200)
  expect('the cookie is dead', (await send('/me', { cookie })).status === 401)
}

function route(path: string): (auth: RequestAuth) => Promise<Response> {
  return async (auth) => {
    if (path === '/sign-in') await auth.signIn(await auth.beginLogin('user-1'), { methods: ['pwd'] })
    if (path === '/sign-out') await auth.signOut()
    if (path === '/me') await auth.requireSession()
    return Response.json({})
  }
}

async function tokens(): Promise<void> {
  for (const algorithm of ['EdDSA', 'ES256', 'RS256', 'PS256', 'HS256'] as const) await signatures(algorithm)
  const store = memoryStore()
  const shared = { store, origin, secrets: ['0123456789abcdef0123456789abcdef0123456789abcdef'] }
  const keys = createKeyRing(shared)
  const issuer = createTokenIssuer({ ...shared, keys, audience: 'https://api.example' })
  const verifier = createTokenVerifier({ store, keys, issuer: origin, audience: 'https://api.example' })
  const { access_token: token } = await issuer.issueAccessToken({ clientId: 'billing', scope: 'orders:read' })
  expect('a token verifies', (await verifier.verify(token))?.scope === 'orders:read')
  expect('a changed token does not', (await verifier.verify(`${token.slice(0, -4)}AAAA`)) === null)
  const jwksUri = `${origin}/.well-known/jwks.json`
  const elsewhere = createTokenVerifier({
    ...{ issuer: origin, audience: 'https://api.example', jwksUri },
    platform: { ...systemPlatform, fetch: answering(jwksUri, async () => Response.json(await keys.jwks())) },
  })
  expect('a token verifies by keys that are fetched', (await elsewhere.verify(token))?.scope === 'orders:read')
}

/** The signature is checked by the runtime's own WebCrypto, or its node:crypto. */
async function signatures(algorithm: Algorithm): Promise<void> {
  const keys = staticKeyRing([await generateJwk(algorithm)])
  const shared = { store: memoryStore(), origin, secrets: ['0123456789abcdef0123456789abcdef0123456789abcdef'] }
  const issuer = createTokenIssuer({ ...shared, keys, audience: 'https://api.example' })
  const verifier = createTokenVerifier({ keys, issuer: origin, audience: 'https://api.example' })
  const { access_token: token } = await issuer.issueAccessToken({ clientId: 'billing', scope: 'orders:read' })
  expect(`${algorithm}: a token verifies`, (await verifier.verify(token))?.client_id === 'billing')
  const [head, body, signature = ''] = token.split('.')
  const changed = (signature.startsWith('A') ? 'B' : 'A') + signature.slice(1)
  expect(`${algorithm}: a changed one does not`, (await verifier.verify(`${head}.${body}.${changed}`)) === null)
}

/** A network with one document. Runtimes differ in what they take for a request, so one is made of it. */
function answering(document: string, answer: () => Promise<Response>): typeof systemPlatform.fetch {
  return async (url, init) => {
    const { url: asked } = new Request(url, init)
    return asked === document ? answer() : new Response(null, { status: 404 })
  }
}

async function providerSignIn(name: string, make: (auth: ReturnType<typeof createAuth>) => Fetch): Promise<void> {
  const secret = '0123456789abcdef0123456789abcdef0123456789abcdef'
  const app = make(createAuth({ origin: appOrigin, secret, issuer: PROVIDER_ISSUER, ...client }))
  const browser = openBrowser(app, appOrigin)
  const { response, text } = await signIn(browser, appOrigin)
  const cookies = response.headers.getSetCookie()
  expect(
    `${name}: the provider signs in (${response.status} ${text})`,
    cookies.some((line) => /^session=./.test(line)),
  )
  const me = await browser('GET', '/me')
  expect(`${name}: it is known how`, me.response.status === 200 && JSON.parse(me.text).methods.includes('fed'))
  const { access_token: token } = JSON.parse((await browser('POST', '/token')).text)
  const call = await browser('GET', '/api/profile', { headers: { authorization: `Bearer ${token}` } })
  expect(`${name}: a token of that login opens`, JSON.parse(call.text).scope === 'profile')
  const stranger = openBrowser(app, appOrigin)
  const forged = await stranger('GET', '/callback?code=forged&state=forged')
  expect(`${name}: an answer that nobody asked for is refused`, forged.response.status === 400)
  await browser('POST', '/sign-out')
  expect(`${name}: signed out is signed out`, (await browser('GET', '/me')).response.status === 401)
}

function expect(rule: string, holds: boolean): void {
  if (!holds) throw new Error(`Does not hold: ${rule}`)
}
