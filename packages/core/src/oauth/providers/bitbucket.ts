/** Bitbucket. */
import { type ClientOptions, defineProvider, type Profile, type ProfileSource, type Provider } from '../provider.js'
import { objectOf, objectsOf, textOf } from './profile-parts.js'

/** Sign in with Bitbucket. Throws `ConfigError`. */
export function bitbucket(options: ClientOptions): Provider {
  return defineProvider(
    {
      name: 'bitbucket',
      issuer: 'https://bitbucket.org',
      apiOrigins: ['https://api.bitbucket.org'],
      endpoints: {
        authorization_endpoint: 'https://bitbucket.org/site/oauth2/authorize',
        token_endpoint: 'https://bitbucket.org/site/oauth2/access_token',
      },
      scope: 'account email',
      identity: { from: 'profile', read: readUser },
      evidence: {
        documentation: 'https://developer.atlassian.com/cloud/bitbucket/oauth-2/',
        subject: 'uuid: stays when names change',
        email: 'the entry of /user/emails that is primary and confirmed',
        refresh: 'access tokens end after two hours; refresh tokens stay good',
      },
    },
    options,
    'basic',
  )
}

async function readUser({ ask }: ProfileSource): Promise<Profile | null> {
  const claims = objectOf(await ask('https://api.bitbucket.org/2.0/user'))
  const subject = textOf(claims.uuid)
  if (subject === null) return null
  const emails = objectsOf(objectOf(await ask('https://api.bitbucket.org/2.0/user/emails')).values)
  const primary = emails.find((entry) => entry.is_primary === true)
  const emailProven = primary?.is_confirmed === true
  return { subject, email: textOf(primary?.email), emailProven, name: textOf(claims.display_name), claims }
}
