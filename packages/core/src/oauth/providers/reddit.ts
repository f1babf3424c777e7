/** Reddit. */
import { type ClientOptions, defineProvider, type Profile, type ProfileSource, type Provider } from '../provider.js'
import { textOf, objectOf } from './profile-parts.js'

/** Sign in with Reddit. Throws `ConfigError`. */
export function reddit(options: ClientOptions): Provider {
  return defineProvider(
    {
      name: 'reddit',
      issuer: 'https://www.reddit.com',
      apiOrigins: ['https://oauth.reddit.com'],
      endpoints: {
        authorization_endpoint: 'https://www.reddit.com/api/v1/authorize',
        token_endpoint: 'https://www.reddit.com/api/v1/access_token',
        revocation_endpoint: 'https://www.reddit.com/api/v1/revoke_token',
      },
      scope: 'identity',
      identity: { from: 'profile', read: readUser },
      deviations: { offlineParameters: { duration: 'permanent' }, apiHeaders: { 'user-agent': 'web:tessera-auth:1' } },
      evidence: {
        documentation: 'https://github.com/reddit-archive/reddit/wiki/OAuth2',
        subject: 'id: the id of the account',
        email: 'nothing: the address is not told',
        refresh: 'access tokens end after a day; with offline_access a refresh token that stays good',
      },
    },
    options,
    'basic',
  )
}

async function readUser({ ask }: ProfileSource): Promise<Profile | null> {
  const claims = objectOf(await ask('https://oauth.reddit.com/api/v1/me'))
  const subject = textOf(claims.id)
  if (subject === null) return null
  return { subject, email: null, emailProven: false, name: textOf(claims.name), claims }
}
