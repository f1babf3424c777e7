/** JSON Web Keys (RFC 7517) as this library takes them: known kinds, strong enough, one algorithm each. */
import { encodeBase64urlNoPadding } from '@oslojs/encoding'
import type { JsonWebKey } from '../json-web-key.js'
import { sha256Text, systemPlatform } from '../platform.js'
import { fromBase64url, isBase64url } from './base64url.js'

/** Signature algorithms (RFC 7518 §3, RFC 8037). `EdDSA` is Ed25519. */
export type Algorithm = 'ES256' | 'EdDSA' | 'RS256' | 'PS256' | 'HS256'

/** A JSON Web Key that has been checked: its members are what its algorithm needs. */
export interface CheckedKey {
  /** Its `kid`, or else its thumbprint (RFC 7638). */
  readonly kid: string
  readonly algorithm: Algorithm
  /** Whether it can sign. */
  readonly isPrivate: boolean
  /** Only the members that belong to its kind. */
  readonly jwk: JsonWebKey
}

/** What each algorithm needs of a key. */
interface KeyShape {
  readonly kty: string
  readonly crv?: string
  /** Members of the public key, in the order RFC 7638 §3.2 wants them. */
  readonly publicMembers: readonly (keyof JsonWebKey)[]
  readonly privateMembers: readonly (keyof JsonWebKey)[]
}

const rsa: KeyShape = {
  kty: 'RSA',
  publicMembers: ['e', 'kty', 'n'],
  privateMembers: ['d', 'p', 'q', 'dp', 'dq', 'qi'],
}

/** By algorithm. */
export const keyShapes: Readonly<Record<Algorithm, KeyShape>> = {
  ES256: { kty: 'EC', crv: 'P-256', publicMembers: ['crv', 'kty', 'x', 'y'], privateMembers: ['d'] },
  EdDSA: { kty: 'OKP', crv: 'Ed25519', publicMembers: ['crv', 'kty', 'x'], privateMembers: ['d'] },
  RS256: rsa,
  PS256: rsa,
  HS256: { kty: 'oct', publicMembers: ['kty'], privateMembers: ['k'] },
}

const coordinateBytes = 32
const leastSecretBytes = 32
const leastModulusBytes = 256
/** A longer modulus makes every verification slow, which its owner, not ours, would choose. */
const mostModulusBytes = 1024
/** A key's name is no longer. */
export const mostKidLength = 256

/** The algorithm that a key is for: its `alg`, or the only one that fits its kind (RS256 for RSA). `null`: none here. */
export function algorithmOf(jwk: JsonWebKey): Algorithm | null {
  const named = jwk.alg === 'Ed25519' ? 'EdDSA' : jwk.alg
  const fits = (Object.keys(keyShapes) as Algorithm[]).filter(
    (name) => keyShapes[name].kty === jwk.kty && (keyShapes[name].crv ?? undefined) === (jwk.crv ?? undefined),
  )
  return (named === undefined ? fits[0] : fits.find((name) => name === named)) ?? null
}

/** The key, checked; or a sentence that says what is wrong with it, naming no value. */
export function checkJwk(jwk: JsonWebKey): CheckedKey | string {
  const algorithm = algorithmOf(jwk)
  if (!algorithm) return 'a key for ES256, EdDSA (Ed25519), RS256, PS256 or HS256'
  if (jwk.use !== undefined && jwk.use !== 'sig') return 'a key whose use is sig'
  const { kty, crv, publicMembers, privateMembers } = keyShapes[algorithm]
  const isPrivate = kty === 'oct' || jwk.d !== undefined
  const needed = isPrivate ? [...publicMembers, ...privateMembers] : publicMembers
  const texts = needed.filter((name) => name !== 'kty' && name !== 'crv')
  if (!texts.every((name) => isCanonical(jwk[name]))) return 'a key whose members are canonical base64url'
  const weak = weakness(jwk, algorithm)
  if (weak) return weak
  const { kid = defaultKid(jwk, algorithm) } = jwk as { kid?: unknown }
  if (typeof kid !== 'string' || kid === '' || kid.length > mostKidLength) return 'a key whose kid is a short text'
  const members = Object.fromEntries(needed.map((name) => [name, jwk[name]]))
  return { kid, algorithm, isPrivate, jwk: { ...members, kty, ...(crv ? { crv } : {}) } }
}

/** The public half, as it goes into a JWKS; `null` for a secret, which has none. */
export function publicJwk({ kid, algorithm, jwk }: CheckedKey): JsonWebKey | null {
  if (algorithm === 'HS256') return null
  const members = keyShapes[algorithm].publicMembers.map((name) => [name, jwk[name]])
  return { ...Object.fromEntries(members), kid, alg: algorithm, use: 'sig' }
}

/** SHA-256 thumbprint of a public key (RFC 7638 §3), base64url. */
export function thumbprint(jwk: JsonWebKey): string {
  const algorithm = algorithmOf(jwk) ?? 'RS256'
  const members = keyShapes[algorithm].publicMembers.map((name) => [name, jwk[name]])
  return sha256Text(systemPlatform, JSON.stringify(Object.fromEntries(members)))
}

/** A secret's thumbprint would be a digest of the secret; a MAC with it tells no more than any token does. */
function defaultKid(jwk: JsonWebKey, algorithm: Algorithm): string {
  if (algorithm !== 'HS256') return thumbprint(jwk)
  return encodeBase64urlNoPadding(systemPlatform.hmacSha256(fromBase64url(jwk.k ?? ''), 'kid').slice(0, 16))
}

function weakness(jwk: JsonWebKey, algorithm: Algorithm): string | null {
  if (algorithm === 'HS256') return secretWeakness(fromBase64url(jwk.k ?? ''))
  if (algorithm === 'ES256' || algorithm === 'EdDSA') {
    const points = [jwk.x, algorithm === 'ES256' ? jwk.y : jwk.x].map((text) => fromBase64url(text ?? '').length)
    return points.every((length) => length === coordinateBytes) ? null : 'coordinates of 32 bytes'
  }
  const modulus = fromBase64url(jwk.n ?? '')
  if (modulus.length < leastModulusBytes || modulus.length > mostModulusBytes || (modulus[0] ?? 0) < 0x80) {
    return 'an RSA key of 2048 to 8192 bits'
  }
  const exponent = fromBase64url(jwk.e ?? '').reduce((value, byte) => value * 256 + byte, 0)
  return exponent >= 3 && exponent % 2 === 1 && exponent <= 0xffff_ffff ? null : 'a usual RSA exponent'
}

/** Public keys that were taken for secrets are how algorithm confusion starts. */
function secretWeakness(secret: Uint8Array): string | null {
  if (secret.length < leastSecretBytes) return 'a secret of at least 32 bytes'
  const text = new TextDecoder('latin1').decode(secret).trimStart()
  // Random bytes may begin like JSON or DER: only what reads as a key to its end is one.
  if (text.startsWith('-----BEGIN') || isJsonText(text)) return 'a secret that is not itself a key in PEM or JSON'
  return isDerKey(secret) ? 'a secret that is not itself a key in DER' : null
}

function isJsonText(text: string): boolean {
  if (!text.startsWith('{')) return false
  try {
    return typeof JSON.parse(text) === 'object'
  } catch {
    return false
  }
}

/** A DER sequence that spans the whole of it, and begins with an integer or a sequence, as every key does. */
function isDerKey([tag, length, high = 0, low = 0, inner, ...rest]: Uint8Array): boolean {
  const isKeyPart = (first: number | undefined): boolean => first === 0x02 || first === 0x30
  if (tag !== 0x30) return false
  if (length === 0x82) return (high << 8) + low === rest.length + 1 && isKeyPart(inner)
  if (length === 0x81) return high === rest.length + 2 && isKeyPart(low)
  return length === rest.length + 3 && isKeyPart(high)
}

function isCanonical(value: unknown): boolean {
  return typeof value === 'string' && value !== '' && isBase64url(value)
}
