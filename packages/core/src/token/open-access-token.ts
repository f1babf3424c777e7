/** From a text to the claims of an access token: form, key, signature, claims, in that order. Times and ends are the caller's. */
import { fromBase64url } from './base64url.js'
import { type AccessTokenClaims, type AccessTokenRules, isAccessTokenHeader, readClaims } from './access-token.js'
import type { VerifyingKey } from './jws-key.js'
import { type ParsedJws, parseJws } from './jws-parser.js'
import type { KeySource } from './key-ring.js'
import { parseJsonBytes } from './strict-json.js'

/** Why a token was refused; for the audit stream. */
export type Refusal = 'malformed' | 'unknown_key' | 'bad_signature' | 'wrong_claims'

/** A token that a trusted key signed. */
export interface OpenedAccessToken {
  readonly claims: AccessTokenClaims
  /** As the token names it. */
  readonly kid: string | undefined
  readonly key: VerifyingKey
}

/** How it went. */
export type Opening = OpenedAccessToken | Refusal

/** The token, opened; or why not. No promise where keys and signature are at hand. Throws `StoreError` where keys cannot be known. */
export function openAccessToken(
  token: string,
  source: Pick<KeySource, 'find'>,
  rules: AccessTokenRules,
): Opening | Promise<Opening> {
  const parsed = parseJws(token)
  if (!parsed || !isAccessTokenHeader(parsed.header)) return 'malformed'
  const key = source.find(parsed.header.kid, parsed.header.alg)
  return key instanceof Promise ? key.then((found) => verifyWith(found, parsed, rules)) : verifyWith(key, parsed, rules)
}

function verifyWith(key: VerifyingKey | null, parsed: ParsedJws, rules: AccessTokenRules): Opening | Promise<Opening> {
  if (!key) return 'unknown_key'
  const conclude = (isVerified: boolean): Opening => {
    if (!isVerified) return 'bad_signature'
    const claims = readClaims(parseJsonBytes(fromBase64url(parsed.payload)), rules)
    return claims ? { claims, kid: parsed.header.kid, key } : 'wrong_claims'
  }
  const verified = key.verify(parsed)
  return verified instanceof Promise ? verified.then(conclude) : conclude(verified)
}
