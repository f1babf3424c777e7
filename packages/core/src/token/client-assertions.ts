/** Clients that authenticate with a key instead of a secret: `private_key_jwt` (RFC 7523 §2.2), both sides. */
import { createEmit } from '../events.js'
import { randomText } from '../internal/opaque-token.js'
import { expected, optionalFunction, requireMethods, requireText, seconds } from '../internal/options.js'
import type { JsonWebKey } from '../json-web-key.js'
import { type Platform, systemPlatform } from '../platform.js'
import type { Shared } from '../shared.js'
import { boundedStore } from '../store/bounded-store.js'
import { fromBase64url } from './base64url.js'
import type { Algorithm } from './jwk.js'
import { createSigningKey } from './jws-key.js'
import { parseJws } from './jws-parser.js'
import { checkPrivateKey, createKeySet, usableKeys } from './key-ring.js'
import { createReplayGuard } from './replay-guard.js'
import { type JsonObject, parseJsonBytes } from './strict-json.js'

/** The `client_assertion_type` that goes with an assertion (RFC 7523 §2.2). */
export const clientAssertionType = 'urn:ietf:params:oauth:client-assertion-type:jwt-bearer'

/** Options of {@link createClientAssertions}. */
export interface ClientAssertionsOptions {
  /** The client that authenticates. */
  readonly clientId: string
  /** The server's issuer identifier, or its token endpoint. */
  readonly audience: string
  /** A private key. */
  readonly key: JsonWebKey
  /** Default 60. */
  readonly lifetimeSeconds?: number
  /** Default: the runtime’s own. */
  readonly platform?: Platform
}

/** Options of {@link createAssertionVerifier}. */
export interface AssertionVerifierOptions extends Pick<Shared, 'store' | 'onEvent' | 'platform'> {
  /** This server's issuer identifier, the only audience that is accepted. */
  readonly audience: string
  /** The public keys of a client, such as its JWKS lists them; `null`: no such client. Keys for something else are passed over. */
  readonly keysOf: (clientId: string) => readonly JsonWebKey[] | null | Promise<readonly JsonWebKey[] | null>
  /** How far a client's clock may be off. Default 5. */
  readonly leewaySeconds?: number
}

/** Explicit typing (RFC 8725 §3.11), so that no other kind of token is ever one. Clients that write `JWT` or nothing pass too. */
const assertionType = 'client-authentication+jwt'
const acceptedTypes: readonly (string | undefined)[] = [assertionType, 'JWT', undefined]
const algorithms: readonly Algorithm[] = ['ES256', 'EdDSA', 'RS256', 'PS256']
const longestLifetimeSeconds = 300
const assertionIdBytes = 16

/** Makes assertions of one client for one server. Throws `ConfigError`. */
export function createClientAssertions(options: ClientAssertionsOptions): { assertion(): Promise<string> } {
  const { platform = systemPlatform } = options
  const clientId = requireText('clientId', options.clientId)
  const aud = requireText('audience', options.audience)
  const bounds = { default: 60, min: 1, max: longestLifetimeSeconds }
  const lifetime = seconds('lifetimeSeconds', options.lifetimeSeconds, bounds)
  const key = createSigningKey(checkPrivateKey('key', options.key))
  return {
    async assertion() {
      const iat = platform.now()
      const jti = randomText(platform, assertionIdBytes)
      const claims = { iss: clientId, sub: clientId, aud, iat, exp: iat + lifetime, jti }
      return key.sign({ typ: assertionType }, JSON.stringify(claims))
    },
  }
}

/**
 * Verifies assertions, each once. Throws `ConfigError`.
 *
 * `verify` gives the client's id, or `null` for every no; it may throw `StoreError`. One atomic insert.
 */
export function createAssertionVerifier(options: AssertionVerifierOptions): {
  verify(assertion: unknown): Promise<string | null>
} {
  const { platform = systemPlatform, keysOf } = options
  requireMethods('store', options.store, ['insert'])
  optionalFunction('onEvent', options.onEvent)
  if (typeof keysOf !== 'function') throw expected('keysOf', 'a function', keysOf)
  const audience = requireText('audience', options.audience)
  const leeway = seconds('leewaySeconds', options.leewaySeconds, { default: 5, min: 0, max: 60 })
  const emit = createEmit(options.onEvent, platform)
  const guard = createReplayGuard(boundedStore(options.store, platform, 5), platform, 'client-assertion')

  async function open(assertion: unknown): Promise<AssertionClaims | null> {
    const parsed = parseJws(assertion)
    if (!parsed || !acceptedTypes.includes(parsed.header.typ)) return null
    if (!algorithms.some((name) => name === parsed.header.alg)) return null
    const claims = readAssertion(parseJsonBytes(fromBase64url(parsed.payload)), audience)
    const now = platform.now()
    if (!claims || claims.exp <= now - leeway || claims.exp > now + longestLifetimeSeconds + leeway) return null
    if ([claims.iat, claims.nbf].some((time) => time !== undefined && time > now + leeway)) return null
    const keys: unknown = (await keysOf(claims.iss)) ?? null
    if (keys !== null && !Array.isArray(keys)) throw expected('keysOf', 'a list of JSON Web Keys or null', keys)
    const key = keys && (await createKeySet(usableKeys(keys, algorithms)).find(parsed.header.kid, parsed.header.alg))
    return key && (await key.verify(parsed)) ? claims : null
  }

  return {
    async verify(assertion) {
      const claims = await open(assertion)
      // Only what is signed is remembered: a stranger cannot use up a client's ids.
      if (claims && (await guard.isFirst(`${claims.iss}\n${claims.jti}`, claims.exp + leeway))) return claims.iss
      emit('token.rejected', { reason: claims ? 'assertion_replayed' : 'assertion_refused' })
      return null
    },
  }
}

interface AssertionClaims {
  readonly iss: string
  readonly jti: string
  readonly exp: number
  readonly iat: number | undefined
  readonly nbf: number | undefined
}

function readAssertion(payload: JsonObject | null, audience: string): AssertionClaims | null {
  if (!payload) return null
  const { iss, sub, jti, exp, iat, nbf } = payload
  // A list of one is how some clients write one audience; more would let one server use it at another.
  const aud = Array.isArray(payload.aud) && payload.aud.length === 1 ? payload.aud[0] : payload.aud
  if (typeof iss !== 'string' || iss === '' || sub !== iss || aud !== audience) return null
  if (typeof jti !== 'string' || jti === '' || typeof exp !== 'number') return null
  return isTimeOrNone(iat) && isTimeOrNone(nbf) ? { iss, jti, exp, iat, nbf } : null
}

function isTimeOrNone(value: unknown): value is number | undefined {
  return value === undefined || typeof value === 'number'
}
