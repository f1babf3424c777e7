/** Any OAuth 2 server without OpenID: its endpoints, and how to read who somebody is. */
import { ConfigError } from '../../errors.js'
import { expected, requireText, optionalFlag } from '../../internal/options.js'
import { type ClientOptions, defineProvider, type Profile, type ProfileSource, type Provider } from '../provider.js'
import { askableUrl } from '../upstream.js'
import { checkApiOrigins } from './own-server.js'

/** Options of {@link oauth2}. */
export interface OAuth2Options extends ClientOptions {
  /** A short name of your choosing. */
  readonly name: string
  /** Where the browser is sent. */
  readonly authorizationEndpoint: string
  /** Where codes become tokens. */
  readonly tokenEndpoint: string
  /** Where tokens are given back (RFC 7009), if anywhere. */
  readonly revocationEndpoint?: string
  /**
   * Its identifier (RFC 8414), to be stated wherever it has one: answers that name another issuer are then refused (RFC
   * 9207). Default: the token endpoint's URL. With the subject it names a user: if that URL changes, state the old one here.
   */
  readonly issuer?: string
  /** The least that signs in, space-separated. Default: none. */
  readonly scope?: string
  /** How the secret is sent. Default `basic`. */
  readonly clientAuthentication?: 'basic' | 'post'
  /** Origins that `vault.fetch` may send the tokens to. Default: none. */
  readonly apiOrigins?: readonly string[]
  /** Reads who somebody is from the server's own API; `null` refuses the sign-in. The subject must never change or be reused. */
  readUser(source: ProfileSource): Promise<Profile | null>
  /** As in {@link oidc}. Default false. */
  readonly dangerouslyAllowPrivateNetwork?: boolean
}

/** An OAuth 2 server by its endpoints; prefer {@link oidc} where there is OpenID. Throws `ConfigError`. */
export function oauth2(options: OAuth2Options): Provider {
  const {
    name,
    scope = '',
    apiOrigins = [],
    readUser,
    clientAuthentication = 'basic',
    dangerouslyAllowPrivateNetwork = false,
  } = options
  const allowPrivateNetwork = optionalFlag('dangerouslyAllowPrivateNetwork', dangerouslyAllowPrivateNetwork)
  if (typeof readUser !== 'function') throw expected('readUser', 'a function', readUser)
  if (clientAuthentication !== 'basic' && clientAuthentication !== 'post') {
    throw expected('clientAuthentication', "'basic' or 'post'", clientAuthentication)
  }
  const endpoint = (option: 'authorizationEndpoint' | 'tokenEndpoint' | 'revocationEndpoint'): string => {
    const url = askableUrl(options[option], allowPrivateNetwork)
    if (url) return url.href
    throw new ConfigError(`${option}: expected the https URL of a public host`)
  }
  const token = endpoint('tokenEndpoint')
  return defineProvider(
    {
      name,
      scope,
      apiOrigins: checkApiOrigins(apiOrigins, allowPrivateNetwork),
      allowPrivateNetwork,
      // The whole URL: tenants of one host are different issuers, whose subjects may be the same.
      issuer: options.issuer === undefined ? token : requireText('issuer', options.issuer),
      endpoints: {
        authorization_endpoint: endpoint('authorizationEndpoint'),
        token_endpoint: token,
        ...(options.revocationEndpoint !== undefined && { revocation_endpoint: endpoint('revocationEndpoint') }),
      },
      identity: { from: 'profile', read: (source) => readUser(source) },
      evidence: {
        documentation: 'https://www.rfc-editor.org/rfc/rfc6749',
        subject: 'whatever readUser returns',
        email: 'whatever readUser says',
        refresh: 'as the server does it',
      },
    },
    options,
    clientAuthentication,
  )
}
