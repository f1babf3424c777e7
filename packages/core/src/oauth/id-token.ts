/** The one door for ID tokens (OpenID Connect Core §3.1.3.7), whichever flow brought them. */
import { jwtVerify } from 'jose/jwt/verify'
import { AuthError } from '../errors.js'
import { encodeBase64urlNoPadding } from '@oslojs/encoding'
import type { Platform } from '../platform.js'
import type { Claims, ProviderDefinition } from './provider.js'
import type { KeyFinder } from './provider-keys.js'
import type { ServerMetadata } from './server-metadata.js'

/** What an ID token has to fit besides its issuer and our client id. */
export interface IdTokenExpectation {
  /** The nonce that was sent; `null` where the flow has none. */
  readonly nonce: string | null
  /** The oldest authentication that was asked for, in seconds; `null`: any. */
  readonly maxAgeSeconds?: number | null
  /** A code that came with the token: `c_hash` must be there and fit (hybrid flow, §3.3.2.11). */
  readonly code?: string
  /** An access token that came with it: `at_hash`, if there, must fit (§3.1.3.6). */
  readonly accessToken?: string
}

/** Asymmetric only: with HS256 our own client secret, or a public key taken for one, would be a signing key. */
const algorithms = ['RS256', 'RS384', 'RS512', 'PS256', 'PS384', 'PS512', 'ES256', 'ES384', 'ES512', 'EdDSA', 'Ed25519']
/** Clocks of providers differ from ours by this much at most. */
export const leewaySeconds = 30
const shape = /^[\w-]+\.[\w-]+\.[\w-]+$/
const tenant = /^[\da-f]{8}-[\da-f]{4}-[\da-f]{4}-[\da-f]{4}-[\da-f]{12}$/
const mostSubject = 255

/** The parts that every check of a provider's JWT needs. */
export interface JwtContext {
  readonly definition: ProviderDefinition
  readonly platform: Platform
  readonly keys: KeyFinder
  readonly metadata: ServerMetadata
}

/**
 * The claims of a valid ID token. Throws 'callback_rejected' with the reason for any other, 'provider_error' when the
 * keys cannot be had.
 */
export async function verifyIdToken(
  context: JwtContext,
  token: unknown,
  expectation: IdTokenExpectation,
): Promise<Claims> {
  const { definition, platform } = context
  const { claims, algorithm, typ } = await verifyProviderJwt(context, token)
  const now = platform.now()
  const { aud, azp, sub, nonce, iat, exp, events } = claims
  // A provider signs more than ID tokens with one key: its access and logout tokens sign nobody in (RFC 8725 §3.11).
  if (typ !== null && typ.toLowerCase() !== 'jwt') throw refused('typ')
  if (events !== undefined) throw refused('events')
  if (typeof exp !== 'number' || typeof iat !== 'number' || iat > now + leewaySeconds) throw refused('times')
  if (typeof sub !== 'string' || sub === '' || sub.length > mostSubject) throw refused('sub')
  if (azp !== undefined ? azp !== definition.clientId : Array.isArray(aud) && aud.length > 1) throw refused('azp')
  checkNonce(definition, nonce, expectation.nonce)
  checkAuthTime(claims.auth_time, expectation.maxAgeSeconds ?? null, now)
  if (expectation.code !== undefined && (await halfHash(algorithm, expectation.code)) !== claims.c_hash) {
    throw refused('c_hash')
  }
  if (expectation.accessToken !== undefined && claims.at_hash !== undefined) {
    if ((await halfHash(algorithm, expectation.accessToken)) !== claims.at_hash) throw refused('at_hash')
  }
  return claims
}

/** Signature, algorithm, issuer, audience and `exp` of any JWT from the provider. Throws 'callback_rejected'. */
export async function verifyProviderJwt(
  { definition, platform, keys, metadata }: JwtContext,
  token: unknown,
): Promise<{ claims: Claims; algorithm: string; typ: string | null }> {
  if (typeof token !== 'string' || !shape.test(token)) throw refused('malformed')
  const published = metadata.id_token_signing_alg_values_supported ?? ['RS256']
  try {
    const { payload, protectedHeader } = await jwtVerify(token, keys, {
      algorithms: algorithms.filter((name) => published.includes(name)),
      audience: definition.clientId,
      clockTolerance: leewaySeconds,
      currentDate: new Date(platform.now() * 1000),
    })
    if (protectedHeader.crit !== undefined) throw refused('crit')
    if (payload.iss !== issuerOf(definition, payload)) throw refused('iss')
    return { claims: payload, algorithm: protectedHeader.alg, typ: protectedHeader.typ ?? null }
  } catch (error) {
    throw error instanceof AuthError ? error : refused(reasonOf(error))
  }
}

/** The error for an ID token that does not fit. */
function refused(reason: string): AuthError {
  return new AuthError('callback_rejected', { reason: `id_token_${reason}` })
}

/** Entra's metadata for many tenants names a template; the token's `tid` says which tenant's issuer it must be. */
function issuerOf({ issuer, deviations }: ProviderDefinition, { tid }: Claims): string | null {
  if (!deviations.tenantIssuer) return issuer
  return typeof tid === 'string' && tenant.test(tid) ? issuer.replace('{tenantid}', tid) : null
}

function checkNonce({ deviations }: ProviderDefinition, nonce: unknown, expected: string | null): void {
  if (expected === null) return
  if (nonce === undefined && deviations.idTokenWithoutNonce) return
  if (nonce !== expected) throw refused('nonce')
}

function checkAuthTime(authTime: unknown, maxAgeSeconds: number | null, now: number): void {
  if (maxAgeSeconds === null) return
  if (typeof authTime !== 'number' || authTime + maxAgeSeconds < now - leewaySeconds) throw refused('auth_time')
}

/** The left half of a hash whose length follows from the algorithm (§3.1.3.6). */
async function halfHash(algorithm: string, text: string): Promise<string> {
  const length = /^Ed/.test(algorithm) ? '512' : algorithm.slice(-3)
  const digest = new Uint8Array(await crypto.subtle.digest(`SHA-${length}`, new TextEncoder().encode(text)))
  return encodeBase64urlNoPadding(digest.slice(0, digest.length / 2))
}

/** jose's own code and claim, which never hold a value of the token. */
function reasonOf(error: unknown): string {
  const { code, claim } = (error ?? {}) as { code?: unknown; claim?: unknown }
  if (typeof claim === 'string' && claim !== 'unspecified') return claim
  return typeof code === 'string' ? code.replace(/^ERR_/, '').toLowerCase() : 'unreadable'
}
