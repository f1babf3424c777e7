/** Facebook. */
import { type ClientOptions, defineProvider, type Profile, type ProfileSource, type Provider } from '../provider.js'
import { textOf, objectOf } from './profile-parts.js'

/** Sign in with Facebook. Throws `ConfigError`. */
export function facebook(options: ClientOptions): Provider {
  return defineProvider(
    {
      name: 'facebook',
      issuer: 'https://www.facebook.com',
      apiOrigins: ['https://graph.facebook.com'],
      endpoints: {
        authorization_endpoint: 'https://www.facebook.com/dialog/oauth',
        token_endpoint: 'https://graph.facebook.com/oauth/access_token',
      },
      scope: 'public_profile email',
      identity: { from: 'profile', read: readUser },
      evidence: {
        documentation: 'https://developers.facebook.com/docs/facebook-login/guides/advanced/manual-flow',
        subject: 'id: the id of the user for this app',
        email: 'nothing: the answer does not say whether the address was confirmed',
        refresh: 'no refresh tokens; access tokens end after about two months',
      },
    },
    options,
    'post',
  )
}

async function readUser({ ask }: ProfileSource): Promise<Profile | null> {
  const claims = objectOf(await ask('https://graph.facebook.com/me?fields=id,name,email'))
  const subject = textOf(claims.id)
  if (subject === null) return null
  return { subject, email: textOf(claims.email), emailProven: false, name: textOf(claims.name), claims }
}
