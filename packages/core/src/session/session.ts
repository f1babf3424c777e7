/** What a session is: as apps see it, and as it is stored. */
import type { LoginPolicy, LoginTimes } from '../store/login-policy.js'

/** A session, as it was when it was read. Times are epoch seconds. */
export interface Session<Data = null> {
  /** Public: names the login in lists, logs and `sid`. Alone it opens nothing. */
  readonly id: string
  /** `null`: an anonymous visitor. */
  readonly userId: string | null
  /** Epoch seconds. */
  readonly createdAt: number
  /** When credentials were last proven in it; `null` for an anonymous visitor. */
  readonly authenticatedAt: number | null
  /** When its use was last written down: up to one touch interval ago. */
  readonly lastSeenAt: number
  /** The earlier of the idle and the absolute end, as of `lastSeenAt`. */
  readonly expiresAt: number
  /** How it was last authenticated (RFC 8176 `amr`). */
  readonly methods: readonly string[]
  /** What the browser said it was, for lists. */
  readonly device: { readonly label: string }
  /** The app’s own; `null` without a parser. */
  readonly data: Data
}

/** The session of somebody who is signed in. */
export interface UserSession<Data = null> extends Session<Data> {
  /** The user’s id. */
  readonly userId: string
  /** When the user last proved who they are; epoch seconds. */
  readonly authenticatedAt: number
}

/** A session together with the token that opens it. The token is told once and stored nowhere. */
export interface SessionWithToken<Data = null> {
  /** The session. */
  readonly session: Session<Data>
  /** The cookie’s value: a secret, shown this once. */
  readonly token: string
}

/** What the app keeps in a session. */
export interface SessionData<Data> {
  /** What a session starts with. JSON. */
  readonly initial: Data
  /** Your own parser, so no cast. A throw resets the data to `initial` (event `session.data_reset`), never signs anyone out. */
  parse(stored: unknown): Data
}

/** At which identity provider a login was made, so that its back-channel logout finds it. */
export interface ProviderLogin {
  /** The provider’s issuer. */
  readonly issuer: string
  /** The user’s id at that provider. */
  readonly subject: string
  /** The provider's `sid`, where it sends one. */
  readonly providerSessionId: string | null
  /** The ID token's `iat`: a logout of the subject ends only logins whose ID token is not newer. */
  readonly issuedAt?: number | undefined
}

/** A session as it is stored. `previous` are the digests of the last three tokens before this one, newest first. */
export interface SessionValue extends LoginTimes {
  readonly v: 1
  readonly hash: string
  readonly previous: readonly string[]
  readonly authenticatedAt: number | null
  readonly policy: LoginPolicy
  readonly methods: readonly string[]
  readonly label: string
  readonly remember: boolean
  readonly data?: unknown
}

/** Reads a stored session; `null` for what is none. Without lists of what to check: a server without a cache does this at every request. */
export function decodeSessionValue(stored: unknown): SessionValue | null {
  const value = stored as Partial<SessionValue>
  const { policy, authenticatedAt } = value
  const isWhole = Number.isSafeInteger
  if (value.v !== 1 || typeof value.hash !== 'string' || typeof value.label !== 'string') return null
  if (!isWhole(value.createdAt) || !isWhole(value.lastSeenAt) || typeof value.remember !== 'boolean') return null
  if (!isWhole(policy?.idle) || !isWhole(policy?.absolute) || !isWhole(policy?.touch)) return null
  if (authenticatedAt !== null && !isWhole(authenticatedAt)) return null
  return isTexts(value.methods) && isTexts(value.previous) ? (value as SessionValue) : null
}

/**
 * The same, before it is written: what could not be read again would sign its user out with the next request. Throws
 * `TypeError`; types keep most of it away, but not numbers that are not whole.
 */
export function checkValue(value: SessionValue): SessionValue {
  if (decodeSessionValue(value) && value.policy.absolute > 0) return value
  throw new TypeError(
    'A sign-in has `methods`, a list of texts, `remember`, a boolean, and `authenticatedAt` and `absoluteTimeoutSeconds`, whole seconds.',
  )
}

function isTexts(value: unknown): boolean {
  return Array.isArray(value) && value.every((text) => typeof text === 'string')
}
