/** Notion. */
import { type ClientOptions, defineProvider, type Profile, type ProfileSource, type Provider } from '../provider.js'
import { textOf, objectOf } from './profile-parts.js'

/** Sign in with Notion. Throws `ConfigError`. */
export function notion(options: ClientOptions): Provider {
  return defineProvider(
    {
      name: 'notion',
      issuer: 'https://api.notion.com',
      apiOrigins: ['https://api.notion.com'],
      endpoints: {
        authorization_endpoint: 'https://api.notion.com/v1/oauth/authorize',
        token_endpoint: 'https://api.notion.com/v1/oauth/token',
      },
      scope: '',
      identity: { from: 'profile', read: readUser },
      deviations: { apiHeaders: { 'notion-version': '2022-06-28' } },
      authorizationParameters: { owner: 'user' },
      evidence: {
        documentation: 'https://developers.notion.com/docs/authorization',
        subject: 'owner.user.id of the token answer',
        email: 'nothing: the answer does not say whether the address was confirmed',
        refresh: 'access tokens and refresh tokens; refreshing returns a new refresh token',
      },
    },
    options,
    'basic',
  )
}

/** The user stands in the token answer, and nowhere else without more rights. */
async function readUser({ answer }: ProfileSource): Promise<Profile | null> {
  const claims = objectOf(objectOf(answer.owner).user)
  const subject = textOf(claims.id)
  if (subject === null) return null
  const email = textOf(objectOf(claims.person).email)
  return { subject, email, emailProven: false, name: textOf(claims.name), claims }
}
