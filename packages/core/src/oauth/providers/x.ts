/** X. */
import { type ClientOptions, defineProvider, type Profile, type ProfileSource, type Provider } from '../provider.js'
import { textOf, objectOf } from './profile-parts.js'

/** Sign in with X. Throws `ConfigError`. */
export function x(options: ClientOptions): Provider {
  return defineProvider(
    {
      name: 'x',
      issuer: 'https://x.com',
      apiOrigins: ['https://api.x.com'],
      endpoints: {
        authorization_endpoint: 'https://x.com/i/oauth2/authorize',
        token_endpoint: 'https://api.x.com/2/oauth2/token',
        revocation_endpoint: 'https://api.x.com/2/oauth2/revoke',
      },
      scope: 'users.read tweet.read',
      identity: { from: 'profile', read: readUser },
      deviations: { offlineScope: 'offline.access' },
      evidence: {
        documentation: 'https://docs.x.com/fundamentals/authentication/oauth-2-0/user-access-token',
        subject: 'id: stays when the handle changes',
        email: 'confirmed_email, with the scope users.email',
        refresh: 'access tokens end after two hours; with offline_access refresh tokens that are good once',
      },
    },
    options,
    'basic',
  )
}

async function readUser({ ask, scopes }: ProfileSource): Promise<Profile | null> {
  const fields = scopes.includes('users.email') ? '?user.fields=confirmed_email' : ''
  const claims = objectOf(objectOf(await ask(`https://api.x.com/2/users/me${fields}`)).data)
  const subject = textOf(claims.id)
  if (subject === null) return null
  const email = textOf(claims.confirmed_email)
  return { subject, email, emailProven: email !== null, name: textOf(claims.name), claims }
}
