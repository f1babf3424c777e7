/** What core must do on every web-standard runtime: sign in, come back, be refused across sites, sign out; a signed token. */
import {
  createAuthenticator,
  createKeyRing,
  createSessions,
  createTokenIssuer,
  createTokenVerifier,
  memoryStore,
  type RequestAuth,
} from '@tessera-auth/core'

const origin = 'https://app.example'

/** Rejects when anything is not as it must be. */
export async function scenario(): Promise<void> {
  await sessions()
  await tokens()
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
  const store = memoryStore()
  const shared = { store, origin, secrets: ['0123456789abcdef0123456789abcdef0123456789abcdef'] }
  const keys = createKeyRing(shared)
  const issuer = createTokenIssuer({ ...shared, keys, audience: 'https://api.example' })
  const verifier = createTokenVerifier({ store, keys, issuer: origin, audience: 'https://api.example' })
  const { access_token: token } = await issuer.issueAccessToken({ clientId: 'billing', scope: 'orders:read' })
  expect('a token verifies', (await verifier.verify(token))?.scope === 'orders:read')
  expect('a changed token does not', (await verifier.verify(`${token.slice(0, -4)}AAAA`)) === null)
}

function expect(rule: string, holds: boolean): void {
  if (!holds) throw new Error(`Does not hold: ${rule}`)
}
