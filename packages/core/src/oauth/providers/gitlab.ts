/** GitLab.com. */
import { type ClientOptions, defineProvider, type Provider } from '../provider.js'

/** Sign in with GitLab.com. Throws `ConfigError`. */
export function gitlab(options: ClientOptions): Provider {
  return defineProvider(
    {
      name: 'gitlab',
      issuer: 'https://gitlab.com',
      apiOrigins: ['https://gitlab.com'],
      scope: 'openid profile email',
      identity: { from: 'id_token', emailProven: ({ email_verified: verified }) => verified === true },
      evidence: {
        documentation: 'https://docs.gitlab.com/integration/openid_connect_provider/',
        subject: 'sub: the id of the user',
        email: 'email_verified: the primary address was confirmed',
        refresh: 'access tokens end after two hours; refresh tokens are good once',
      },
    },
    options,
    'post',
  )
}
