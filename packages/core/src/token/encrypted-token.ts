/** Encrypted tokens: content that only holders of the app's secrets can read (JWE, dir, A256GCM). */
import { AuthError } from '../errors.js'
import { requireText, seconds } from '../internal/options.js'
import { createSealer } from '../internal/sealing.js'
import { systemPlatform } from '../platform.js'
import type { Shared } from '../shared.js'
import { parseJweHeader } from './jwe.js'
import { parseJsonObject } from './strict-json.js'

/** Options of {@link createEncryptedTokens}, besides the shared ones. */
export interface EncryptedTokensOptions extends Pick<Shared, 'secrets' | 'platform'> {
  /** Keeps kinds apart: a token for one purpose is nothing to another. */
  readonly purpose: string
  /** How long a token is good. */
  readonly lifetimeSeconds: number
}

/** Issues and opens encrypted tokens of one purpose. */
export interface EncryptedTokens {
  /** The claims, sealed, with `iat` and `exp`. Throws `invalid_request` where they name one of those. */
  issue(claims: Readonly<Record<string, unknown>>): Promise<string>
  /** The claims of a token that is good now; `null` for every no. It can be used more than once. */
  verify(token: string): Promise<Readonly<Record<string, unknown>> | null>
}

const longestLifetime = 34_560_000

/**
 * Makes the tokens of one purpose. They need no store, so they cannot be revoked: keep lifetimes short.
 *
 * Throws `ConfigError`.
 *
 * @example
 * ```ts
 * const invitations = createEncryptedTokens({ ...shared, purpose: 'invitation', lifetimeSeconds: 3_600 })
 * const token = await invitations.issue({ team: 'blue' })
 * ```
 */
export function createEncryptedTokens(options: EncryptedTokensOptions): EncryptedTokens {
  const { platform = systemPlatform } = options
  const purpose = requireText('purpose', options.purpose)
  // Never a default: how long a leaked one may be used is this caller's decision.
  const lifetime = seconds('lifetimeSeconds', options.lifetimeSeconds ?? null, {
    default: 0,
    min: 1,
    max: longestLifetime,
  })
  const sealer = createSealer(platform, options.secrets, `encrypted-token/${purpose}`)
  return {
    async issue(claims) {
      if ('iat' in claims || 'exp' in claims) throw new AuthError('invalid_request')
      const iat = platform.now()
      return sealer.seal(JSON.stringify({ ...claims, iat, exp: iat + lifetime }))
    },
    async verify(token) {
      const header = parseJweHeader(token)
      if (header?.alg !== 'dir' || header.enc !== 'A256GCM') return null
      const opened = await sealer.open(token)
      const claims = opened && parseJsonObject(opened.plaintext)
      return claims && typeof claims.exp === 'number' && claims.exp > platform.now() ? claims : null
    },
  }
}
