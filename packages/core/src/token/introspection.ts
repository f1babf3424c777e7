/** Introspection (RFC 7662), also as a signed answer (RFC 9701): the issuer's own look at its tokens. */
import { randomText } from '../internal/opaque-token.js'
import type { Platform } from '../platform.js'
import type { LoginRecords } from '../store/login-records.js'
import type { Records } from '../store/records.js'
import { type AccessTokenClaims, isTimely } from './access-token.js'
import type { KeySource } from './key-ring.js'
import { openAccessToken } from './open-access-token.js'
import { type FamilyValue, judgeRefresh, type RefreshTiming } from './refresh-family.js'
import { readPresented } from './refresh-rotation.js'
import type { RefreshTokenCodec } from './refresh-token.js'
import { lifelinesOf, type Revocations } from './revocation.js'

/** An introspection response (RFC 7662 §2.2); an inactive token gets nothing but that. */
export interface IntrospectionResponse {
  /** Whether the token is good now; nothing else is told of one that is not. */
  readonly active: boolean
  /** The token’s claims. */
  readonly [claim: string]: unknown
}

/** To whom something is told of a token. */
export interface IntrospectionCaller {
  /**
   * The APIs that the caller is, by their identifiers: only access tokens for one of them are active to it (RFC 9701 §5).
   * Default: any token of the issuer's, refresh tokens too.
   */
  readonly apis?: readonly string[]
}

/** Tells other servers about tokens. Authenticate the caller first (`requireClient`). Methods may throw `StoreError`. */
export interface Introspection {
  /** What is known of a token of either kind (RFC 7662); `{ active: false }` for all others. */
  introspect(token: unknown, caller?: IntrospectionCaller): Promise<IntrospectionResponse>
  /**
   * The same as a signed JWT for one caller, its `audience` (RFC 9701), to be sent as `application/token-introspection+jwt`; an
   * answer that its receiver can keep as evidence.
   */
  introspectSigned(token: unknown, receiver: IntrospectionCaller & { readonly audience: string }): Promise<string>
}

/** Introspection as the issuer has it. */
interface OwnIntrospection extends Introspection {
  /** The claims of one of the issuer's own access tokens, for whatever audience and however long ago it expired. */
  readOwn(token: string): Promise<AccessTokenClaims | null>
}

interface IntrospectionParts {
  readonly platform: Platform
  readonly source: KeySource
  readonly issuer: string
  readonly timing: RefreshTiming
  readonly families: Records<FamilyValue>
  readonly codec: RefreshTokenCodec
  readonly revocations: Revocations
  readonly logins: LoginRecords
}

/** The media type's token type (RFC 9701 §5). */
const responseType = 'token-introspection+jwt'
const inactive: IntrospectionResponse = Object.freeze({ active: false })

/** Makes the introspection of one issuer. */
export function createIntrospection(parts: IntrospectionParts): OwnIntrospection {
  const { platform, source, issuer, timing, revocations } = parts
  const rules = { issuer, audience: null, leewaySeconds: timing.clockSkewSeconds, longestSeconds: Infinity }

  async function readOwn(token: string): Promise<AccessTokenClaims | null> {
    const opened = await openAccessToken(token, source, rules)
    return typeof opened === 'string' ? null : opened.claims
  }

  async function introspect(token: unknown, { apis }: IntrospectionCaller = {}): Promise<IntrospectionResponse> {
    if (typeof token !== 'string') return inactive
    const presented = await readPresented(parts, token)
    // No API has a use for a refresh token; one that took it for an access token would let its sender in.
    if (presented) return apis ? inactive : describeFamily(parts, presented)
    const claims = await readOwn(token)
    if (!claims || !isTimely(claims, platform.now(), rules.leewaySeconds)) return inactive
    if (apis && ![claims.aud].flat().some((audience) => apis.includes(audience))) return inactive
    if (!(await revocations.isLive(lifelinesOf(platform, claims), platform.now()))) return inactive
    return { ...claims, active: true, token_type: claims.cnf ? 'DPoP' : 'Bearer' }
  }

  return {
    readOwn,
    introspect,
    async introspectSigned(token, { audience, apis }) {
      const claims = {
        iss: issuer,
        aud: audience,
        iat: platform.now(),
        jti: randomText(platform, 16),
        token_introspection: await introspect(token, apis && { apis }),
      }
      return (await source.signingKey()).sign({ typ: responseType }, JSON.stringify(claims))
    },
  }
}

async function describeFamily(
  { platform, issuer, timing, revocations, logins }: IntrospectionParts,
  { family, generation }: NonNullable<Awaited<ReturnType<typeof readPresented>>>,
): Promise<IntrospectionResponse> {
  const { sessionId, clientId, scope, createdAt, audience } = family.value
  const verdict = judgeRefresh(family.value, generation, { now: platform.now(), timing })
  if (verdict === 'reuse' || verdict === 'unknown') return inactive
  const revokedUntil = await revocations.clientRevokedUntil(clientId)
  if (revokedUntil !== null && createdAt <= revokedUntil) return inactive
  if (sessionId !== null && !(await logins.isAlive({ kind: 'session', key: sessionId }))) return inactive
  const exp = family.expiresAt ?? undefined
  const subject = family.owner ?? clientId
  const claims = { iss: issuer, sub: subject, client_id: clientId, aud: audience, iat: createdAt, exp }
  return { active: true, ...claims, ...(scope === null ? {} : { scope }) }
}
