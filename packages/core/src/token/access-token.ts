/** Access tokens (RFC 9068): their claims, as they are written and as they are checked. Pure. */
import { isJsonObject, type JsonObject } from './strict-json.js'

/** What an access token says (RFC 9068 §2.2). Times are epoch seconds. */
export interface AccessTokenClaims {
  /** Who issued it. */
  readonly iss: string
  /** The user, or the client itself where no user is involved. */
  readonly sub: string
  /** Whom it is for. */
  readonly aud: string | readonly string[]
  /** When it ends; epoch seconds. */
  readonly exp: number
  /** When it was issued; epoch seconds. */
  readonly iat: number
  /** The token’s own id. */
  readonly jti: string
  /** The client it was issued to. */
  readonly client_id: string
  /** Space-separated (RFC 6749 §3.3). */
  readonly scope?: string
  /** The login it was made from: a session, or the refresh family that is a login of its own. It is alive while that is. */
  readonly sid?: string
  /** The refresh family it was made from, if any. Equal to `sid` where the family is the login. */
  readonly fid?: string
  /** When the user last proved who they are. */
  readonly auth_time?: number
  /** The key that the sender must prove to hold (RFC 9449 §6.1). */
  readonly cnf?: { readonly jkt: string }
  /** The app’s own claims. */
  readonly [claim: string]: unknown
}

/** The `typ` of access tokens (RFC 9068 §2.1). */
export const accessTokenType = 'at+jwt'
const acceptedTypes: ReadonlySet<string | undefined> = new Set([accessTokenType, 'application/at+jwt'])

/** Claims that only the library writes. */
const registered = [
  ...['iss', 'sub', 'aud', 'exp', 'nbf', 'iat', 'jti', 'client_id', 'scope', 'sid', 'fid', 'auth_time', 'cnf', 'act'],
  ...[
    'may_act',
    'token_introspection',
    'events',
    'nonce',
    'azp',
    'htm',
    'htu',
    'ath',
    'active',
    'token_type',
    '__proto__',
  ],
]
/** The end of year 9999: a time beyond it is a mistake of units. */
const lastTime = 253_402_300_799
const scopeShape = /^[\x21\x23-\x5B\x5D-\x7E]+(?: [\x21\x23-\x5B\x5D-\x7E]+)*$/

/** What a verifier expects. */
export interface AccessTokenRules {
  readonly issuer: string
  /** `null`: any; for the issuer's own look at its tokens. */
  readonly audience: string | null
  readonly leewaySeconds: number
  /** A token that lives longer than this is refused, whoever signed it. */
  readonly longestSeconds: number
}

/** Whether a header is that of an access token: not of an ID token, a logout token, a proof … (RFC 8725 §3.11). */
export function isAccessTokenHeader({ typ, cty }: { typ: string | undefined; cty: string | undefined }): boolean {
  return acceptedTypes.has(typ) && cty === undefined
}

/** The claims, where they are those of an access token from this issuer for this audience; times are not compared yet. */
export function readClaims(payload: JsonObject | null, rules: AccessTokenRules): AccessTokenClaims | null {
  if (!payload || payload.iss !== rules.issuer || !hasAudience(payload.aud, rules.audience)) return null
  const { sub, client_id, jti, exp, iat, nbf, scope, sid, fid, auth_time, cnf } = payload
  if (!isName(sub) || !isName(client_id) || !isName(jti) || !isTime(exp) || !isTime(iat)) return null
  if (exp <= iat || exp - iat > rules.longestSeconds) return null
  if (![nbf, auth_time].every((time) => time === undefined || isTime(time))) return null
  if (![sid, fid].every((name) => name === undefined || isName(name)) || (fid !== undefined && sid === undefined))
    return null
  if (scope !== undefined && !isScope(scope)) return null
  if (cnf !== undefined && !(isJsonObject(cnf) && isName(cnf.jkt) && Object.keys(cnf).length === 1)) return null
  return payload as AccessTokenClaims
}

/** Whether the token is good at this time: not expired, and neither issued nor valid from later on. */
export function isTimely(claims: AccessTokenClaims, now: number, leewaySeconds: number): boolean {
  const { exp, iat, nbf } = claims
  const latestStart = now + leewaySeconds
  return exp > now - leewaySeconds && iat <= latestStart && (typeof nbf !== 'number' || nbf <= latestStart)
}

/** Whether a text is a scope (RFC 6749 §3.3). */
export function isScope(value: unknown): value is string {
  return typeof value === 'string' && scopeShape.test(value)
}

/** Whether every scope token of `asked` is in `granted`. */
export function isWithinScope(asked: string, granted: string | undefined): boolean {
  const all = new Set(granted?.split(' '))
  return asked.split(' ').every((token) => all.has(token))
}

/** The first of the app's own claims whose name is not the app's; `null`: none. */
export function registeredClaim(claims: Readonly<Record<string, unknown>>): string | null {
  return registered.find((name) => Object.hasOwn(claims, name)) ?? null
}

function hasAudience(aud: unknown, audience: string | null): boolean {
  if (typeof aud === 'string') return aud !== '' && (audience === null || aud === audience)
  const all: unknown[] = Array.isArray(aud) ? aud : []
  return all.length > 0 && all.every(isName) && (audience === null || all.includes(audience))
}

function isName(value: unknown): value is string {
  return typeof value === 'string' && value !== ''
}

function isTime(value: unknown): value is number {
  return typeof value === 'number' && value >= 0 && value <= lastTime
}
