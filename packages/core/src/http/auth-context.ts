/** What all requests of one authenticator share. */
import type { CookieJar } from '../cookie/cookie-jar.js'
import type { Emit } from '../events.js'
import type { Platform } from '../platform.js'
import type { SessionInternals } from '../session/session-internals.js'
import type { Sessions } from '../session/sessions.js'
import type { AccessTokenClaims } from '../token/access-token.js'

/** What checks access tokens; `createTokenVerifier` makes one. */
export interface BearerVerifier {
  /** The claims of a token that is good now; `null` for every no. `proven`: the key that the request proved. */
  verify(accessToken: string, proven?: { readonly jkt: string }): Promise<AccessTokenClaims | null>
}

/** What checks DPoP proofs (RFC 9449); `createDpopVerifier` makes one. */
export interface ProofVerifier {
  /** The thumbprint of the key behind a proof for this very request, or why there is none; and the next nonce. */
  verify(request: {
    readonly proof: unknown
    readonly method: string
    readonly url: string
    readonly accessToken?: string
    readonly isTokenGood?: (jkt: string) => boolean | Promise<boolean>
  }): Promise<{ readonly jkt: string | null; readonly error: string | null; readonly nonce: string | null }>
}

/** Proofs and the origin that they must name. */
export interface ProofPart {
  readonly verifier: ProofVerifier
  readonly origin: string
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
  /** `null`: tokens that are bound to a key are refused. */
  readonly dpop: ProofPart | null
}
