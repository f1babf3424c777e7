/** Apple. */
import { expected, requireText } from '../../internal/options.js'
import type { JsonWebKey } from '../../json-web-key.js'
import { type Claims, defineProvider, type Provider } from '../provider.js'

/** Options of {@link apple}. */
export interface AppleOptions {
  /** The Services ID. */
  readonly clientId: string
  /** The team's id. */
  readonly teamId: string
  /** The key's id. */
  readonly keyId: string
  /** The key (.p8) as a private JWK of curve P-256; client secrets are made of it, each for one request. */
  readonly privateKey: JsonWebKey
}

/**
 * Sign in with Apple. The answer comes by `form_post`, and the name only at the first consent: keep it then. Throws
 * `ConfigError`.
 */
export function apple(options: AppleOptions): Provider {
  const { clientId, privateKey } = options
  if (privateKey?.crv !== 'P-256' || typeof privateKey.d !== 'string') {
    throw expected('privateKey', 'a private JWK of curve P-256', privateKey)
  }
  const teamId = requireText('teamId', options.teamId)
  const keyId = requireText('keyId', options.keyId)
  return defineProvider(
    {
      name: 'apple',
      issuer: 'https://appleid.apple.com',
      scope: 'openid name email',
      responseMode: 'form_post',
      credential: { method: 'apple', key: privateKey, keyId, teamId },
      identity: { from: 'id_token', emailProven: isVerified },
      deviations: { nameInForm: true },
      evidence: {
        documentation:
          'https://developer.apple.com/documentation/signinwithapple/authenticating-users-with-sign-in-with-apple',
        subject: "sub: stable for the developer's team",
        email: "email_verified, a boolean or a text; relay addresses of Apple are the user's own",
        refresh: 'a refresh token that does not end; refreshing returns none',
      },
    },
    { clientId },
  )
}

function isVerified({ email_verified: verified }: Claims): boolean {
  return verified === true || verified === 'true'
}
