/** Zoom. */
import { type ClientOptions, defineProvider, type Profile, type ProfileSource, type Provider } from '../provider.js'
import { textOf, objectOf } from './profile-parts.js'

/** Sign in with Zoom. Throws `ConfigError`. */
export function zoom(options: ClientOptions): Provider {
  return defineProvider(
    {
      name: 'zoom',
      issuer: 'https://zoom.us',
      apiOrigins: ['https://api.zoom.us'],
      endpoints: {
        authorization_endpoint: 'https://zoom.us/oauth/authorize',
        token_endpoint: 'https://zoom.us/oauth/token',
        revocation_endpoint: 'https://zoom.us/oauth/revoke',
      },
      scope: 'user:read:user',
      identity: { from: 'profile', read: readUser },
      evidence: {
        documentation: 'https://developers.zoom.us/docs/integrations/oauth/',
        subject: 'id: the id of the user',
        email: 'verified: 1',
        refresh: 'access tokens end after an hour; refresh tokens are good once',
      },
    },
    options,
    'basic',
  )
}

async function readUser({ ask }: ProfileSource): Promise<Profile | null> {
  const claims = objectOf(await ask('https://api.zoom.us/v2/users/me'))
  const subject = textOf(claims.id)
  if (subject === null) return null
  return {
    subject,
    email: textOf(claims.email),
    emailProven: claims.verified === 1,
    name: textOf(claims.display_name),
    claims,
  }
}
