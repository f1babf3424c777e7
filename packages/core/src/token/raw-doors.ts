/** The raw doors, for payloads that are not access tokens: the same strict parser, the algorithm fixed by the key. */
import { expected } from '../internal/options.js'
import type { JsonWebKey } from '../json-web-key.js'
import { fromBase64url } from './base64url.js'
import { type Algorithm } from './jwk.js'
import { parseJws } from './jws-parser.js'
import { checkKeys, createKeySet, type KeyRing, type KeySource, sourceOf } from './key-ring.js'

/** What a raw door let through. */
export interface OpenedToken {
  /** The protected header's members. */
  readonly header: Readonly<Record<string, unknown>>
  /** The bytes that were signed or sealed. */
  readonly payload: Uint8Array
}

/** Which tokens a raw door takes. */
export interface VerifyJwsOptions {
  /** Algorithms to take; a key is only ever used with its own. */
  readonly algorithms: readonly Algorithm[]
  /** The `typ` that the token must have; not named: any. Name one (RFC 8725 §3.11). */
  readonly typ?: string
}

/**
 * The payload of a compact JWS (RFC 7515) that one of the keys signed; `null` for every no. It checks the signature and the
 * form, not the claims: use `createTokenVerifier` for access tokens.
 *
 * Throws `ConfigError` for keys or algorithms that are none, `StoreError` where a managed ring cannot be read.
 */
export async function verifyJws(
  token: string,
  keys: KeyRing | readonly JsonWebKey[],
  options: VerifyJwsOptions,
): Promise<OpenedToken | null> {
  const { algorithms }: { readonly algorithms: unknown } = options
  if (!Array.isArray(algorithms)) throw expected('algorithms', 'a list of algorithms', algorithms)
  const isRing = typeof keys === 'object' && keys !== null && 'jwks' in keys
  const source = isRing ? sourceOf(keys) : createKeySet(checkKeys('keys', keys))
  return openJws(token, source, options)
}

/** The same, for keys that are at hand. */
export async function openJws(
  token: unknown,
  source: Pick<KeySource, 'find'>,
  { algorithms, typ }: VerifyJwsOptions,
): Promise<OpenedToken | null> {
  const parsed = parseJws(token)
  if (!parsed || (typ !== undefined && parsed.header.typ !== typ)) return null
  const algorithm = algorithms.find((name) => name === parsed.header.alg)
  if (!algorithm) return null
  const key = await source.find(parsed.header.kid, algorithm)
  if (!key || !(await key.verify(parsed))) return null
  return { header: parsed.header.members, payload: fromBase64url(parsed.payload) }
}
