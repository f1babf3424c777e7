/** From a text to the claims of an access token: form, key, signature, claims, in that order. Times and ends are the caller's. */
import { fromBase64url } from './base64url.js'
import { type AccessTokenClaims, type AccessTokenRules, isAccessTokenHeader, readClaims } from './access-token.js'
import type { VerifyingKey } from './jws-key.js'
import { parseJws } from './jws-parser.js'
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

/** The token, opened; or why not. Throws `StoreError` where the keys cannot be known. */
export async function openAccessToken(
  token: string,
  source: Pick<KeySource, 'find'>,
  rules: AccessTokenRules,
): Promise<OpenedAccessToken | Refusal> {
  const parsed = parseJws(token)
  if (!parsed || !isAccessTokenHeader(parsed.header)) return 'malformed'
  const { kid, alg } = parsed.header
  const found = source.find(kid, alg)
  const key = found instanceof Promise ? await found : found
  if (!key) return 'unknown_key'
  const verified = key.verify(parsed)
  if (!(verified instanceof Promise ? await verified : verified)) return 'bad_signature'
  const claims = readClaims(parseJsonBytes(fromBase64url(parsed.payload)), rules)
  return claims ? { claims, kid, key } : 'wrong_claims'
}
