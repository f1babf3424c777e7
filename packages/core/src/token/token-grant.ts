/** For whom tokens are issued, and what is answered. */
import { AuthError } from '../errors.js'
import type { LoginAttempt } from '../store/login-records.js'
import { isScope, registeredClaim } from './access-token.js'
import type { Login } from './access-token-writer.js'
import type { Family } from './refresh-family.js'

/** A session as the request authenticated it: what `requireSession`, `verify` or `create` returned, not a copy. */
export interface TokenSession {
  /** The session’s public id. */
  readonly id: string
  /** Whose session it is. */
  readonly userId: string | null
  /** Epoch seconds. */
  readonly authenticatedAt: number | null
}

/** For whom a token is. */
export interface TokenGrant {
  /** Tokens of this login: `sub` and `sid` are its, and they end with it. */
  readonly session?: TokenSession
  /** Or a login of its own, begun before the credentials were checked. */
  readonly attempt?: LoginAttempt
  /** `client_id`. Default: the issuer. Also the subject where neither `session` nor `attempt` is a member: the client itself. */
  readonly clientId?: string
  /** Space-separated (RFC 6749 §3.3). */
  readonly scope?: string
  /** Another audience than the issuer's own. */
  readonly audience?: string
  /** Further claims; registered names are refused. */
  readonly claims?: Readonly<Record<string, unknown>>
  /** Binds the tokens to a key by its thumbprint, as a DPoP verifier returns it (RFC 9449 §6). */
  readonly jkt?: string
}

/** A token response (RFC 6749 §5.1); send it as it is, with `Cache-Control: no-store`. */
export interface TokenResponse {
  /** The access token (RFC 9068). */
  readonly access_token: string
  /** How it is presented. */
  readonly token_type: 'Bearer' | 'DPoP'
  /** Seconds. */
  readonly expires_in: number
  /** Absent where the grant has none. */
  readonly refresh_token?: string
  /** What was granted, space-separated. */
  readonly scope?: string
}

/** A refresh family as its user may see it. Times are epoch seconds. */
export interface TokenFamily {
  /** Public; alone it opens nothing. */
  readonly id: string
  /** The client the family belongs to. */
  readonly clientId: string
  /** What was granted, space-separated; `null`: nothing named. */
  readonly scope: string | null
  /** The session it belongs to; `null`: a login of its own. */
  readonly sessionId: string | null
  /** Epoch seconds. */
  readonly createdAt: number
  /** Epoch seconds. */
  readonly lastRefreshedAt: number
  /** Epoch seconds. */
  readonly expiresAt: number | null
}

/** What a grant takes from the issuer where it names nothing. */
interface GrantDefaults {
  readonly issuer: string
  readonly audience: string
}

/** Throws `invalid_scope` and `invalid_request` for what no token may hold, `unauthenticated` where nobody is named. */
export function checkGrant(grant: TokenGrant): void {
  const { session, attempt, scope, audience, clientId, claims } = grant
  // Nobody who is signed in is not the client itself: a token for that one would open what the client may.
  const namesSomebody = 'session' in grant || 'attempt' in grant
  if (!session && !attempt && namesSomebody) throw new AuthError('unauthenticated')
  if (scope !== undefined && !isScope(scope)) throw new AuthError('invalid_scope')
  const claim = claims ? registeredClaim(claims) : null
  if (claim !== null) throw new AuthError('invalid_request', { claim })
  if (session && attempt) throw new AuthError('invalid_request', { reason: 'session_and_attempt' })
  if (audience === '' || clientId === '') throw new AuthError('invalid_request')
}

/** A session without a family, or the client itself. */
export function grantLogin(grant: TokenGrant, defaults: GrantDefaults): Login {
  const { session, clientId = defaults.issuer } = grant
  return {
    subject: session?.userId ?? clientId,
    clientId,
    audience: grant.audience ?? defaults.audience,
    scope: grant.scope ?? null,
    sid: session?.id ?? null,
    fid: null,
    authTime: session?.authenticatedAt ?? null,
    jkt: grant.jkt ?? null,
    claims: grant.claims ?? {},
    endsAt: null,
  }
}

/** A family: of a session, or a login of its own. */
export function familyLogin({ key, owner, value }: Pick<Family, 'key' | 'owner' | 'value'>): Login {
  const { sessionId, clientId, audience, scope, authTime, jkt, claims, endsAt } = value
  return {
    subject: owner ?? clientId,
    clientId,
    audience,
    scope,
    sid: sessionId ?? key,
    fid: key,
    authTime,
    jkt,
    claims,
    endsAt,
  }
}

/** What its user may see of a family. */
export function toTokenFamily({ key, value, expiresAt }: Family): TokenFamily {
  const { clientId, scope, sessionId, createdAt, rotatedAt } = value
  return { id: key, clientId, scope, sessionId, createdAt, lastRefreshedAt: rotatedAt, expiresAt }
}

/** For events. */
export function aboutFamily({ key, owner, value }: Family): { userId: string | null; sessionId: string } {
  return { userId: owner, sessionId: value.sessionId ?? key }
}
