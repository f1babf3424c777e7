/** Verifies access tokens, at the cost of a session check: what was verified once is remembered, its end is asked every time. */
import { createEmit } from '../events.js'
import { expected, optionalFunction, requireMethods, requireText, seconds, wholeNumber } from '../internal/options.js'
import { type Platform, sha256Text, systemPlatform } from '../platform.js'
import type { Shared } from '../shared.js'
import { boundedStore } from '../store/bounded-store.js'
import type { Store } from '../store/store.js'
import { type AccessTokenClaims, isTimely } from './access-token.js'
import { type ClaimsSchema, isSchema, withSchema } from './claims-schema.js'
import { freezeDeeply } from './freeze.js'
import type { Algorithm } from './jwk.js'
import { mostTokenLength } from './jws-parser.js'
import { type KeyRing, type KeySource, sourceOf } from './key-ring.js'
import { openAccessToken, type OpenedAccessToken, type Opening, type Refusal } from './open-access-token.js'
import { rememberTokens } from './remembered-tokens.js'
import { createRemoteKeySet } from './remote-key-set.js'
import { createRevocations, type Lifelines, lifelinesOf, type Revocations } from './revocation.js'

/** Options of {@link createTokenVerifier}. */
export type TokenVerifierOptions<Claims extends object = object> = Partial<
  Pick<Shared, 'store' | 'onEvent' | 'platform'>
> & {
  /** The only `iss` that is accepted. */
  readonly issuer: string
  /** This API's identifier: it must be the token's `aud`, or in it. */
  readonly audience: string
  /** How far the issuer's clock may be off. Default 5, at most 60. */
  readonly leewaySeconds?: number
  /** A token with a longer life is refused. Default 86_400. */
  readonly maxLifetimeSeconds?: number
  /** How many verified tokens are remembered. Default 10_000; 0: none. */
  readonly rememberedTokens?: number
  /** A Standard Schema for the app's own claims, such as one of zod's: what it does not accept is refused. */
  readonly claims?: ClaimsSchema<Claims>
} & (
    | { readonly keys: KeyRing; readonly jwksUri?: undefined }
    | {
        /** Where the issuer publishes its keys; https, or http on a loopback host. */
        readonly jwksUri: string
        /** Algorithms to take from there. Default: all that are signed with a private key. */
        readonly algorithms?: readonly Algorithm[]
        /** How long the last keys are used while the issuer cannot be reached, past their age. Default 3_600. */
        readonly maxStaleSeconds?: number
        readonly keys?: undefined
      }
  )

/** Verifies access tokens for one API. */
export interface TokenVerifier<Claims extends object = object> {
  /**
   * The claims of a token that is good now; `null` for every no, and an event with the reason. With a `store`, revocations and
   * ended logins are seen within its cache's bound; without one at expiry. A token that is bound to a key is good only with
   * the thumbprint of a proof (`jkt`) that a DPoP verifier accepted for this token, and a thumbprint only with such a token.
   *
   * Throws `StoreError` where it cannot be known.
   */
  verify(accessToken: string, proven?: { readonly jkt: string }): Promise<(AccessTokenClaims & Claims) | null>
}

/** A verified token: signature and claims, never that it is still alive. */
interface Verified<Claims> extends OpenedAccessToken {
  readonly claims: AccessTokenClaims & Claims
  /** The claims as an answer: everybody who asks gets the same promise. */
  readonly answer: Promise<AccessTokenClaims & Claims>
  /** `null`: there is no store to ask. */
  readonly lifelines: Lifelines | null
}

const storeTimeoutSeconds = 5
/** Longer ones are verified every time: what is remembered stays bounded in bytes, too. */
const mostRememberedLength = 4096

/**
 * Makes the verifier of one API (RFC 9068 §4). It needs no secret of the issuer's, only its keys.
 *
 * Throws `ConfigError`.
 *
 * @example
 * ```ts
 * const issuer = 'https://app.example'
 * const verifier = createTokenVerifier({ issuer, jwksUri: `${issuer}/.well-known/jwks.json`, audience: 'https://api.example' })
 * const claims = await verifier.verify(token)
 * ```
 */
export function createTokenVerifier<Claims extends object = object>(
  options: TokenVerifierOptions<Claims>,
): TokenVerifier<Claims> {
  const { platform = systemPlatform, claims: schema } = options
  optionalFunction('onEvent', options.onEvent)
  if (schema !== undefined && !isSchema(schema)) throw expected('claims', 'a Standard Schema', schema)
  const emit = createEmit(options.onEvent, platform)
  const rules = {
    issuer: requireText('issuer', options.issuer),
    audience: requireText('audience', options.audience),
    leewaySeconds: seconds('leewaySeconds', options.leewaySeconds, { default: 5, min: 0, max: 60 }),
    longestSeconds: seconds('maxLifetimeSeconds', options.maxLifetimeSeconds, {
      default: 86_400,
      min: 1,
      max: 31_536_000,
    }),
  }
  const source = keySourceOf(options, platform)
  const revocations = options.store === undefined ? null : revocationsOf(options.store, platform)
  const remembered = rememberTokens<Verified<Claims>>(
    wholeNumber('rememberedTokens', options.rememberedTokens, {
      default: 10_000,
      min: 0,
      max: 1_000_000,
      unit: 'entries',
    }),
  )
  type Outcome = Verified<Claims> | Refusal
  const flights = new Map<string, Promise<Outcome>>()

  /** Callers that come with the same token while it is being verified share one verification. */
  function open(token: string, digest: string): Outcome | Promise<Outcome> {
    const opening = openAccessToken(token, source, rules)
    if (!(opening instanceof Promise)) return check(token, digest, opening)
    const flight = land(token, digest, opening)
    flights.set(digest, flight)
    return flight
  }

  async function land(token: string, digest: string, opening: Promise<Opening>): Promise<Outcome> {
    try {
      const outcome = check(token, digest, await opening)
      return outcome instanceof Promise ? await outcome : outcome
    } finally {
      flights.delete(digest)
    }
  }

  function check(token: string, digest: string, opened: Opening): Outcome | Promise<Outcome> {
    if (typeof opened === 'string') return opened
    const keep = (claims: (AccessTokenClaims & Claims) | null): Outcome => {
      if (!claims) return 'wrong_claims'
      const lifelines = revocations ? lifelinesOf(platform, claims) : null
      const verified = { ...opened, claims: freezeDeeply(claims), answer: Promise.resolve(claims), lifelines }
      if (token.length <= mostRememberedLength) remembered.set(digest, verified)
      return verified
    }
    const claims = withSchema(schema, opened.claims)
    return claims instanceof Promise ? claims.then(keep) : keep(claims)
  }

  /** Whether the key is trusted still that a remembered token was verified with. */
  function isKeyTrusted({ kid, key }: Verified<Claims>): boolean | Promise<boolean> {
    const found = source.find(kid, key.algorithm)
    return found instanceof Promise ? found.then((current) => current === key) : found === key
  }

  function refuse(reason: string, claims?: AccessTokenClaims): null {
    emit('token.rejected', {
      reason,
      userId: claims?.sid === undefined ? null : claims.sub,
      sessionId: claims?.sid ?? null,
    })
    return null
  }

  type Answer = Promise<(AccessTokenClaims & Claims) | null>

  function refused(reason: string, claims?: AccessTokenClaims): Answer {
    return Promise.resolve(refuse(reason, claims))
  }

  /** The signature is proven: whether the token is good now, and here. */
  function judge(verified: Verified<Claims>, digest: string, proven?: { readonly jkt: string }): Answer {
    const { claims, lifelines } = verified
    const now = platform.now()
    if (!isTimely(claims, now, rules.leewaySeconds)) {
      remembered.delete(digest)
      return refused('expired', claims)
    }
    // Both ways: a token that is bound to no key proves nothing together with a stranger's proof (RFC 9449 §7.1).
    if (claims.cnf?.jkt !== proven?.jkt) return refused(claims.cnf ? 'proof_missing' : 'not_bound', claims)
    if (!lifelines || !revocations) return verified.answer
    const isLive = revocations.isLive(lifelines, now)
    if (isLive === true) return verified.answer
    return Promise.resolve(isLive).then((live) => (live ? claims : refuse('revoked', claims)))
  }

  function verifyAnew(token: string, digest: string, proven?: { readonly jkt: string }): Answer {
    const conclude = (outcome: Outcome): Answer =>
      typeof outcome === 'string' ? refused(outcome) : judge(outcome, digest, proven)
    const outcome = flights.get(digest) ?? open(token, digest)
    return outcome instanceof Promise ? outcome.then(conclude) : conclude(outcome)
  }

  function verifyDigested(token: string, digest: string, proven?: { readonly jkt: string }): Answer {
    const known = remembered.get(digest)
    if (!known) return verifyAnew(token, digest, proven)
    const isTrusted = isKeyTrusted(known)
    if (isTrusted === true) return judge(known, digest, proven)
    return Promise.resolve(isTrusted).then((trusted) => {
      if (trusted) return judge(known, digest, proven)
      remembered.delete(digest)
      return verifyAnew(token, digest, proven)
    })
  }

  // Each promise costs as much as the look-up: a remembered token about which all is known at once makes none.
  return {
    verify(accessToken, proven) {
      if (typeof accessToken !== 'string' || accessToken.length > mostTokenLength) return refused('malformed')
      try {
        return verifyDigested(accessToken, sha256Text(platform, accessToken), proven)
      } catch (error) {
        return Promise.reject(error)
      }
    },
  }
}

function keySourceOf<Claims extends object>(
  options: TokenVerifierOptions<Claims>,
  platform: Platform,
): Pick<KeySource, 'find'> {
  if (options.jwksUri === undefined) return sourceOf(options.keys)
  const { keys }: { readonly keys?: unknown } = options
  if (keys !== undefined) throw expected('keys', 'nothing beside jwksUri', keys)
  return createRemoteKeySet({ ...options, platform })
}

function revocationsOf(store: Store, platform: Platform): Revocations {
  requireMethods('store', store, ['get', 'insert', 'replace', 'remove', 'listByOwner'])
  const bounded = boundedStore(store, platform, storeTimeoutSeconds)
  return createRevocations(bounded, platform)
}
