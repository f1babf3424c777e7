/** Dropbox. */
import { type ClientOptions, defineProvider, type Profile, type ProfileSource, type Provider } from '../provider.js'
import { textOf, objectOf } from './profile-parts.js'

/** Sign in with Dropbox. Throws `ConfigError`. */
export function dropbox(options: ClientOptions): Provider {
  return defineProvider(
    {
      name: 'dropbox',
      issuer: 'https://www.dropbox.com',
      apiOrigins: ['https://api.dropboxapi.com', 'https://content.dropboxapi.com'],
      endpoints: {
        authorization_endpoint: 'https://www.dropbox.com/oauth2/authorize',
        token_endpoint: 'https://api.dropboxapi.com/oauth2/token',
      },
      scope: 'account_info.read',
      identity: { from: 'profile', read: readUser },
      deviations: { offlineParameters: { token_access_type: 'offline' } },
      evidence: {
        documentation: 'https://developers.dropbox.com/oauth-guide',
        subject: 'account_id',
        email: 'email_verified',
        refresh: 'access tokens end after four hours; with offline_access a refresh token that stays good',
      },
    },
    options,
    'post',
  )
}

/** An endpoint of its RPC kind: a POST without a body. */
async function readUser({ ask }: ProfileSource): Promise<Profile | null> {
  const claims = objectOf(await ask('https://api.dropboxapi.com/2/users/get_current_account', 'POST'))
  const subject = textOf(claims.account_id)
  if (subject === null) return null
  const name = textOf(objectOf(claims.name).display_name)
  return { subject, email: textOf(claims.email), emailProven: claims.email_verified === true, name, claims }
}
