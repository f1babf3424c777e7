/** What tokens cost, against the least that can be asked, and against what people would use instead. */
import { createPrivateKey, createPublicKey, hash, randomUUID } from 'node:crypto'
import {
  type Algorithm,
  cachedStore,
  createSessions,
  createTokenIssuer,
  createTokenVerifier,
  generateJwk,
  memoryStore,
  staticKeyRing,
  type TokenVerifier,
} from '@tessera-auth/core'
import { createSigner, createVerifier } from 'fast-jwt'
import { importJWK, jwtVerify, SignJWT } from 'jose'
import { collectGarbage } from './garbage.ts'
import { pairedRatio } from './paired.ts'
import type { Row } from './row.ts'

const issuer = 'https://app.example'
const audience = 'https://api.example'
const secrets = ['a secret of this measurement, 32 characters or more']
const count = 1000
/** A cache that never has to ask again while it is measured: what the cache itself costs is measured elsewhere. */
const store = cachedStore(memoryStore(), { maxStalenessSeconds: 3600 })

/** Ratios of verifying tokens that were seen and that were not, of issuing, and bytes kept. */
export async function benchToken(): Promise<Row[]> {
  const rows = [
    await seen('revocation asked each time', { store }),
    await seen('its session and family too', { store, isUser: true }),
    await seen('without a store', {}),
    await seenAgainstFastJwt(),
    await shared(),
  ]
  for (const algorithm of ['EdDSA', 'ES256', 'RS256', 'PS256'] as const) {
    rows.push(await firstSeen(algorithm), await issuing(algorithm))
  }
  return [...rows, await firstSeenHmac(), await issuingHmac(), await bytesKept()]
}

/** Everything about one key: ours and theirs. */
async function party(algorithm: Algorithm, options: { store?: typeof store; rememberedTokens?: number } = {}) {
  const jwk = await generateJwk(algorithm)
  const keys = staticKeyRing([jwk])
  const tokens = createTokenIssuer({ store, secrets, origin: issuer, keys, audience, accessTokenSeconds: 3600 })
  const verifier = createTokenVerifier({ keys, issuer, audience, ...options })
  const issue = async (): Promise<string> =>
    (await tokens.issueAccessToken({ clientId: 'billing', scope: 'profile orders:read' })).access_token
  const sessions = createSessions({ store })
  const { session } = await sessions.create({ attempt: await sessions.beginLogin('user'), methods: ['pwd'] })
  const issueToUser = async (): Promise<string> =>
    (await tokens.issue({ session, scope: 'profile orders:read' })).access_token
  return { jwk, verifier, issue, issueToUser }
}

async function batch(issue: () => Promise<string>, size = count): Promise<string[]> {
  return Promise.all(Array.from({ length: size }, issue))
}

/** A token comes out of a header: a string that was never hashed before. */
function freshly(tokens: readonly string[]): () => string {
  let next = 0
  return () => Buffer.from(tokens[(next += 1) % tokens.length] ?? '', 'latin1').toString('latin1')
}

async function warm(verifier: TokenVerifier, tokens: readonly string[]): Promise<void> {
  for (const token of tokens) if ((await verifier.verify(token)) === null) throw new Error('a good token was refused')
}

async function seen(
  how: string,
  { isUser = false, ...options }: { store?: typeof store; isUser?: boolean },
): Promise<Row> {
  const { issue, issueToUser, verifier } = await party('ES256', options)
  const tokens = await batch(isUser ? issueToUser : issue)
  await warm(verifier, tokens)
  const known = new Map(tokens.map((token) => [hash('sha256', token, 'base64url'), { sub: 'billing' }]))
  const reference = async (token: string) => known.get(hash('sha256', token, 'base64url')) ?? null
  const fresh = freshly(tokens)
  const ratio = await pairedRatio(
    () => verifier.verify(fresh()),
    () => reference(fresh()),
    { runs: 20_000 },
  )
  return { name: `a token seen before, ${how} / SHA-256 + Map`, ratio, target: 2, unit: 'x' }
}

async function seenAgainstFastJwt(): Promise<Row> {
  // Without a store, as fast-jwt looks at no revocation either.
  const { jwk, issue, verifier } = await party('ES256')
  const tokens = await batch(issue)
  await warm(verifier, tokens)
  const verify = createVerifier({
    key: publicPem(jwk),
    cache: 10_000,
    allowedIss: issuer,
    allowedAud: audience,
    algorithms: ['ES256'],
  })
  const fresh = freshly(tokens)
  const ratio = await pairedRatio(
    () => verifier.verify(fresh()),
    async () => verify(fresh()),
    { runs: 10_000 },
  )
  return { name: 'a token seen before / fast-jwt with its cache', ratio, target: 0.5, unit: 'x' }
}

async function shared(): Promise<Row> {
  const { issue, verifier, jwk } = await party('ES256', { rememberedTokens: 0 })
  const key = await importJWK(publicOf(jwk), 'ES256')
  const tokens = await batch(issue, 200)
  const next = freshly(tokens)
  const many = (verify: (token: string) => Promise<unknown>) => async () => {
    const token = next()
    await Promise.all(Array.from({ length: 64 }, () => verify(token)))
  }
  const ratio = await pairedRatio(
    many((token) => verifier.verify(token)),
    many((token) => jwtVerify(token, key)),
    { runs: 30 },
  )
  return { name: '64 callers with one unseen token / 64 verifications', ratio, target: 0.2, unit: 'x' }
}

async function firstSeen(algorithm: Exclude<Algorithm, 'HS256'>): Promise<Row> {
  const { jwk, issue, verifier } = await party(algorithm, { rememberedTokens: 0 })
  const key = await importJWK(publicOf(jwk), algorithm)
  const fresh = freshly(await batch(issue, 200))
  const options = { issuer, audience, typ: 'at+jwt', algorithms: [algorithm] }
  const ratio = await pairedRatio(
    () => verifier.verify(fresh()),
    () => jwtVerify(fresh(), key, options),
    { runs: 300 },
  )
  return { name: `${algorithm} first seen / jose.jwtVerify`, ratio, target: 1.1, unit: 'x' }
}

async function issuing(algorithm: Exclude<Algorithm, 'HS256'>): Promise<Row> {
  const { jwk, issue } = await party(algorithm)
  const key = await importJWK({ ...jwk, kty: jwk.kty ?? '' }, algorithm)
  const header = { alg: algorithm, typ: 'at+jwt', kid: 'k' }
  const ratio = await pairedRatio(issue, () => new SignJWT(theirClaims()).setProtectedHeader(header).sign(key), {
    runs: 200,
  })
  return { name: `${algorithm} issuing / jose SignJWT`, ratio, target: 1.05, unit: 'x' }
}

async function firstSeenHmac(): Promise<Row> {
  const { jwk, issue, verifier } = await party('HS256', { rememberedTokens: 0 })
  const verify = createVerifier({ key: secretOf(jwk), allowedIss: issuer, allowedAud: audience, algorithms: ['HS256'] })
  const fresh = freshly(await batch(issue))
  const ratio = await pairedRatio(
    () => verifier.verify(fresh()),
    async () => verify(fresh()),
    { runs: 3000 },
  )
  return { name: 'HS256 first seen / fast-jwt without cache', ratio, target: 1, unit: 'x' }
}

async function issuingHmac(): Promise<Row> {
  const { jwk, issue } = await party('HS256')
  const sign = createSigner({
    key: secretOf(jwk),
    algorithm: 'HS256',
    header: { alg: 'HS256', typ: 'at+jwt' },
    kid: 'k',
  })
  const ratio = await pairedRatio(issue, async () => sign(theirClaims()), { runs: 3000 })
  return { name: 'HS256 issuing / fast-jwt', ratio, target: 1, unit: 'x' }
}

/** Heap that 10,000 remembered tokens take, each. */
async function bytesKept(): Promise<Row> {
  const { issue, verifier } = await party('HS256', { rememberedTokens: 10_000 })
  const tokens = await batch(issue, 10_000)
  await warm(verifier, tokens.slice(0, 100))
  const before = heap()
  await warm(verifier, tokens)
  return { name: 'kept per remembered token', ratio: (heap() - before) / 10_000 / 1000, target: 4, unit: 'kB' }
}

function heap(): number {
  collectGarbage()
  return process.memoryUsage().heapUsed
}

function theirClaims(): Record<string, unknown> {
  const iat = Math.floor(Date.now() / 1000)
  const scope = 'profile orders:read'
  return {
    iss: issuer,
    sub: 'billing',
    aud: audience,
    exp: iat + 3600,
    iat,
    jti: randomUUID(),
    client_id: 'billing',
    scope,
  }
}

function publicOf({ kty = '', crv, x, y, n, e }: JsonWebKey) {
  return JSON.parse(JSON.stringify({ kty, crv, x, y, n, e })) as { kty: string }
}

function publicPem(jwk: JsonWebKey): string {
  const key = createPublicKey(createPrivateKey({ key: jwk as Record<string, string>, format: 'jwk' }))
  return key.export({ format: 'pem', type: 'spki' }).toString()
}

function secretOf(jwk: JsonWebKey): Buffer {
  return Buffer.from(jwk.k ?? '', 'base64url')
}
