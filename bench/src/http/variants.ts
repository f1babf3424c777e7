/** What is measured over HTTP: a bare server, the check one would write by hand, Tessera, and what people use instead. */
import { hash, randomBytes } from 'node:crypto'
import type { Express, Response } from 'express'
import { createSigner, createVerifier } from 'fast-jwt'
import { Redis } from 'ioredis'
import {
  type Authenticator,
  cachedStore,
  createAuthenticator,
  createKeyRing,
  createSessions,
  createTokenIssuer,
  createTokenVerifier,
  memoryStore,
  type Store,
} from '@tessera-auth/core'
import { redisBus, redisStore } from '@tessera-auth/store-redis'

/** What a server under measurement answers with: how it is asked as somebody who is signed in. */
export interface Ready {
  readonly headers: Readonly<Record<string, string>>
}

/** Who is asked for; the answer of every variant. */
export const userId = 'user-1'
const secret = randomBytes(32).toString('base64url')
const origin = 'http://localhost'

/** What the hand-written check finds. */
export interface Found {
  readonly userId: string
  /** Epoch milliseconds. */
  readonly expiresAt: number
}

/** A check that an app wrote by itself, and the header field that it looks at. */
export interface HandWritten extends Ready {
  readonly field: 'cookie' | 'authorization'
  /** Who it is, by that field. */
  check(field: string | undefined): Promise<Found | null>
}

/** A hand-written session check, the least that is right: cookie, SHA-256, look-up, expiry. */
function byHand(find: (digest: string) => Promise<Found | null>): HandWritten['check'] {
  return async (field) => {
    const token = /(?:^|; )session=([^;]+)/.exec(field ?? '')?.[1]
    const found = token === undefined ? null : await find(hash('sha256', token, 'base64url'))
    return found && found.expiresAt > Date.now() ? found : null
  }
}

const inAnHour = (): number => Date.now() + 3_600_000

/** A token and where the hand-written check finds its session in memory. */
export function handMemory(): HandWritten {
  const token = randomBytes(32).toString('base64url')
  const known = new Map([[hash('sha256', token, 'base64url'), { userId, expiresAt: inAnHour() }]])
  const check = byHand(async (digest) => known.get(digest) ?? null)
  return { field: 'cookie', check, headers: { cookie: `session=${token}` } }
}

/** The same with one GET to Redis. */
export async function handRedis(): Promise<HandWritten> {
  const redis = newRedis()
  const token = randomBytes(32).toString('base64url')
  const key = (digest: string): string => `bench:hand:${digest}`
  await redis.set(
    key(hash('sha256', token, 'base64url')),
    JSON.stringify({ userId, expiresAt: inAnHour(), createdAt: 1, methods: ['pwd'] }),
    'EX',
    3600,
  )
  const check = byHand(async (digest) => {
    const found = await redis.get(key(digest))
    return found === null ? null : (JSON.parse(found) as Found)
  })
  return { field: 'cookie', check, headers: { cookie: `session=${token}` } }
}

/** A bearer token, checked by the fastest package there is, with its cache: nobody can revoke it. */
export function handJwt(): HandWritten {
  const claims = { iss: origin, aud: 'https://api.example', scope: 'profile' }
  const token = createSigner({ key: secret, algorithm: 'HS256', expiresIn: 3_600_000, sub: userId })(claims)
  const verify = createVerifier({ key: secret, cache: true, allowedIss: origin, allowedAud: claims.aud })
  const read = (field: string): Found | null => {
    try {
      const { sub, scope, exp } = verify(field.slice('Bearer '.length)) as { sub: string; scope: string; exp: number }
      return scope.split(' ').includes('profile') ? { userId: sub, expiresAt: exp * 1000 } : null
    } catch {
      return null
    }
  }
  const check: HandWritten['check'] = async (field) => (field?.startsWith('Bearer ') ? read(field) : null)
  return { field: 'authorization', check, headers: { authorization: `Bearer ${token}` } }
}

/** Tessera on Redis, with the cache before it or without. */
export async function tessera(cached: boolean): Promise<{ authenticator: Authenticator; headers: Ready['headers'] }> {
  const redis = newRedis()
  const records = redisStore(redis, { prefix: `bench:${randomBytes(4).toString('hex')}:` })
  const store: Store = cached ? cachedStore(records, { bus: redisBus(redis) }) : records
  const authenticator = createAuthenticator({ origin, sessions: createSessions({ store }) })
  const headers = new Headers()
  const auth = authenticator.bind({ method: 'POST', url: '/', headers: new Headers() }, headers)
  await auth.signIn(await auth.beginLogin(userId), { methods: ['pwd'] })
  return { authenticator, headers: { cookie: headers.getSetCookie()[0]?.split(';')[0] ?? '' } }
}

/** Tessera with bearer tokens, which are revocable: whether one is, is asked of the cache at each request. */
export async function tesseraJwt(): Promise<{ authenticator: Authenticator; headers: Ready['headers'] }> {
  const shared = { store: cachedStore(memoryStore()), secrets: [secret], origin }
  const keys = createKeyRing({ ...shared, algorithm: 'HS256' })
  const audience = 'https://api.example'
  const tokens = createTokenIssuer({ ...shared, keys, audience, accessTokenSeconds: 3600 })
  const verifier = createTokenVerifier({ ...shared, keys, issuer: origin, audience })
  const { access_token } = await tokens.issueAccessToken({ clientId: userId, scope: 'profile' })
  return { authenticator: createAuthenticator({ verifier }), headers: { authorization: `Bearer ${access_token}` } }
}

/** A client of the local Redis, or of `TEST_REDIS_URL`. */
export function newRedis(): Redis {
  return new Redis(process.env['TEST_REDIS_URL'] ?? 'redis://127.0.0.1:6379', { enableAutoPipelining: true })
}

/** Signs in over HTTP where a package needs its own route for it; the cookies of the answer. */
export async function signInAt(app: Express): Promise<Ready['headers']> {
  const server = app.listen(0, '127.0.0.1')
  await new Promise((resolve) => server.once('listening', resolve))
  const address = server.address()
  const port = typeof address === 'object' && address !== null ? address.port : 0
  const response = await fetch(`http://127.0.0.1:${port}/sign-in`, { method: 'POST' })
  await new Promise((resolve) => server.close(resolve))
  return {
    cookie: response.headers
      .getSetCookie()
      .map((line) => line.split(';')[0])
      .join('; '),
  }
}

/** Answers who was found, the same for every variant. */
export function reply(response: Response, found: { userId: string | null } | null): void {
  if (found) response.json({ id: found.userId })
  else response.status(401).json({ error: 'unauthenticated' })
}

export { secret as benchSecret }
