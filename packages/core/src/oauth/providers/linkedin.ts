/** LinkedIn. */
import { type ClientOptions, defineProvider, type Provider } from '../provider.js'

/** Sign in with LinkedIn. Throws `ConfigError`. */
export function linkedin(options: ClientOptions): Provider {
  return defineProvider(
    {
      name: 'linkedin',
      issuer: 'https://www.linkedin.com/oauth',
      apiOrigins: ['https://api.linkedin.com'],
      scope: 'openid profile email',
      identity: {
        from: 'id_token',
        emailProven: ({ email_verified: verified }) => verified === true || verified === 'true',
      },
      deviations: { idTokenWithoutNonce: true, scopeFormat: 'comma' },
      evidence: {
        documentation:
          'https://learn.microsoft.com/en-us/linkedin/consumer/integrations/self-serve/sign-in-with-linkedin-v2',
        subject: 'sub: the id of the member for this app',
        email: 'email_verified',
        refresh: 'refresh tokens for selected partners only',
      },
    },
    options,
    'post',
  )
}
