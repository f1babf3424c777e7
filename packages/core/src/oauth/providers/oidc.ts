/** Any OpenID provider, found by its issuer. */
import { ConfigError } from '../../errors.js'
import { requireText, optionalFlag } from '../../internal/options.js'
import { type ClientOptions, defineProvider, type Provider } from '../provider.js'
import { askableUrl } from '../upstream.js'
import { checkApiOrigins } from './own-server.js'

/** Options of {@link oidc}. */
export interface OidcOptions extends ClientOptions {
  /** A short name of your choosing. */
  readonly name: string
  /** The issuer identifier exactly as the provider publishes it, a trailing slash included. */
  readonly issuer: string
  /** Origins that `vault.fetch` may send the tokens to. Default: none. */
  readonly apiOrigins?: readonly string[]
  /**
   * Lets the issuer and its endpoints stand on this machine (http too) or in a private network. Never with an issuer that
   * somebody else named: this server would ask addresses of their choosing (SSRF). Default false.
   */
  readonly dangerouslyAllowPrivateNetwork?: boolean
}

/**
 * Auth0, Okta, Keycloak, Cognito, Zitadel, Authentik, Ory and every other OpenID provider with discovery. Its
 * `email_verified` is believed for every address. Throws `ConfigError`.
 */
export function oidc(options: OidcOptions): Provider {
  const { name, issuer, apiOrigins = [], dangerouslyAllowPrivateNetwork = false } = options
  const allowPrivateNetwork = optionalFlag('dangerouslyAllowPrivateNetwork', dangerouslyAllowPrivateNetwork)
  if (!askableUrl(requireText('issuer', issuer), allowPrivateNetwork) || /[?#]/.test(issuer)) {
    throw new ConfigError(
      'issuer: expected the https URL of a public host, without query (dangerouslyAllowPrivateNetwork: true allows this machine)',
    )
  }
  return defineProvider(
    {
      name,
      issuer,
      apiOrigins: checkApiOrigins(apiOrigins, allowPrivateNetwork),
      allowPrivateNetwork,
      scope: 'openid profile email',
      identity: {
        from: 'id_token',
        emailProven: ({ email_verified: verified }) => verified === true,
      },
      evidence: {
        documentation: 'https://openid.net/specs/openid-connect-core-1_0.html#StandardClaims',
        subject: 'sub: locally unique and never reassigned within the issuer (OpenID Connect Core §2)',
        email: 'email_verified: true',
        refresh: 'with the scope offline_access, where the provider supports it',
      },
    },
    options,
    'discovered',
  )
}
