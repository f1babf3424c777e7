/** Spotify. */
import { type ClientOptions, defineProvider, type Profile, type ProfileSource, type Provider } from '../provider.js'
import { textOf, objectOf } from './profile-parts.js'

/** Sign in with Spotify. Throws `ConfigError`. */
export function spotify(options: ClientOptions): Provider {
  return defineProvider(
    {
      name: 'spotify',
      issuer: 'https://accounts.spotify.com',
      apiOrigins: ['https://api.spotify.com'],
      endpoints: {
        authorization_endpoint: 'https://accounts.spotify.com/authorize',
        token_endpoint: 'https://accounts.spotify.com/api/token',
      },
      scope: 'user-read-email',
      identity: { from: 'profile', read: readUser },
      evidence: {
        documentation: 'https://developer.spotify.com/documentation/web-api/reference/get-current-users-profile',
        subject: 'id: the id of the user',
        email: 'nothing: Spotify says of the address that it is unverified',
        refresh: 'access tokens end after an hour; refreshing mostly returns no refresh token',
      },
    },
    options,
    'basic',
  )
}

async function readUser({ ask }: ProfileSource): Promise<Profile | null> {
  const claims = objectOf(await ask('https://api.spotify.com/v1/me'))
  const subject = textOf(claims.id)
  if (subject === null) return null
  return { subject, email: textOf(claims.email), emailProven: false, name: textOf(claims.display_name), claims }
}
