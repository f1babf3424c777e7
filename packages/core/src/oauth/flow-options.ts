/** Options of the authorization code flow. */
import type { Exchange } from '../cookie/request-view.js'
import type { Shared } from '../shared.js'
import type { Provider } from './provider.js'

/** Options of {@link createAuthorizationCodeFlow}. */
export interface AuthorizationCodeFlowOptions
  extends Pick<Shared, 'secrets' | 'origin' | 'onEvent' | 'platform'>, Partial<Pick<Shared, 'store'>> {
  /** Where to sign in. */
  readonly provider: Provider
  /** The path that the provider sends the browser back to; the redirect URI is origin + redirectPath. */
  readonly redirectPath: string
  /** Space-separated; default: the least that signs in. */
  readonly scope?: string
  /** How the answer comes back; default: the provider's own, and `form_post` for the hybrid flow. */
  readonly responseMode?: 'query' | 'form_post'
  /** `code`, or the hybrid flow. Default `code`. */
  readonly responseType?: 'code' | 'code id_token'
  /** Binds the tokens to a key (RFC 9449). Default false. */
  readonly dpop?: boolean
  /** Pushes the request to the provider first (RFC 9126). Default: where the provider requires it. */
  readonly pushedRequest?: boolean
}

/** A request that may tell who is signed in: what `getAuth(request)` returns, or a bare exchange. */
export interface LoginExchange extends Exchange {
  /** Who is signed in, by the session's public id. */
  session?(): Promise<{ readonly id: string } | null>
}
