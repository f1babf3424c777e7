/** Twitch. */
import { type ClientOptions, defineProvider, type Provider } from '../provider.js'

/** Sign in with Twitch. Throws `ConfigError`. */
export function twitch(options: ClientOptions): Provider {
  return defineProvider(
    {
      name: 'twitch',
      issuer: 'https://id.twitch.tv/oauth2',
      apiOrigins: ['https://api.twitch.tv'],
      scope: 'openid user:read:email',
      identity: { from: 'id_token', emailProven: ({ email_verified: verified }) => verified === true },
      deviations: { scopeFormat: 'array', apiHeaders: { 'client-id': options.clientId } },
      authorizationParameters: {
        claims: JSON.stringify({ id_token: { email: null, email_verified: null, preferred_username: null } }),
      },
      evidence: {
        documentation: 'https://dev.twitch.tv/docs/authentication/getting-tokens-oidc/',
        subject: 'sub: the id of the user',
        email: 'email_verified',
        refresh: 'access tokens end after about four hours; refresh tokens stay good until the user disconnects',
      },
    },
    options,
    'post',
  )
}
