/** Who somebody is at a provider, and the tokens that came with it. */
import type { JsonWebKey } from '../json-web-key.js'
import type { Claims } from './provider.js'

/** Who somebody is at a provider. Issuer and subject identify; nothing else does, an e-mail address least of all. */
export interface Identity {
  /** The provider's name. */
  readonly provider: string
  /** The issuer that vouches. */
  readonly issuer: string
  /** Never changes, never given to somebody else, at this issuer. */
  readonly subject: string
  /** As the provider tells it; may change, may be somebody else's. */
  readonly email: string | null
  /** Whether this provider's evidence proves that the user owns the address; a claim alone does not. */
  readonly emailProven: boolean
  /** For greetings only. */
  readonly name: string | null
  /** All that the provider said. */
  readonly claims: Claims
}

/** Tokens of a provider. Never for the browser. */
export interface ProviderTokens {
  /** The provider's name. */
  readonly provider: string
  /** Calls the provider's API. */
  readonly accessToken: string
  /** `null`: the provider gave none. */
  readonly refreshToken: string | null
  /** When the access token ends, in epoch seconds; `null`: the provider does not say, or never. */
  readonly expiresAt: number | null
  /** What was granted, space-separated. */
  readonly scope: string
  /** The API that they are for (RFC 8707), asked for again at every refresh; `null`: none was named. */
  readonly resource: string | null
  /** For `logoutUrl`; `null` where there is no OpenID. */
  readonly idToken: string | null
  /** The private key that the tokens are bound to (RFC 9449); `null`: bearer tokens. */
  readonly dpopKey: JsonWebKey | null
}

/** What a flow without a browser ends with. */
export interface GrantedLogin {
  /** Who answered; `null` without the scope `openid`. */
  readonly identity: Identity | null
  /** Never for the browser. */
  readonly tokens: ProviderTokens
}
