/** What all requests of one authenticator share. */
import type { CookieJar } from '../cookie/cookie-jar.js'
import type { Emit } from '../events.js'
import type { Platform } from '../platform.js'
import type { SessionInternals } from '../session/session-internals.js'
import type { Sessions } from '../session/sessions.js'
import type { AccessTokenClaims } from '../token/access-token.js'

/** What checks bearer tokens; `createTokenVerifier` makes one. */
export interface BearerVerifier {
  /** What the token says; `null` for every no. */
  verify(accessToken: string): Promise<AccessTokenClaims | null>
}

/** What an authenticator with sessions has. */
export interface SessionPart<Data> {
  readonly sessions: Sessions<Data>
  readonly internals: SessionInternals<Data>
  readonly jar: CookieJar
  readonly origin: string
  /** Our own origin first, then those that are trusted. */
  readonly origins: ReadonlySet<string>
}

/** Made once by `createAuthenticator`. */
export interface AuthContext<Data> {
  readonly platform: Platform
  readonly emit: Emit
  /** `null`: bearer tokens only. */
  readonly part: SessionPart<Data> | null
  readonly verifier: BearerVerifier | null
}
