/** Discord. */
import { type ClientOptions, defineProvider, type Profile, type ProfileSource, type Provider } from '../provider.js'
import { textOf, objectOf } from './profile-parts.js'

/** Sign in with Discord. Throws `ConfigError`. */
export function discord(options: ClientOptions): Provider {
  return defineProvider(
    {
      name: 'discord',
      issuer: 'https://discord.com',
      apiOrigins: ['https://discord.com'],
      endpoints: {
        authorization_endpoint: 'https://discord.com/oauth2/authorize',
        token_endpoint: 'https://discord.com/api/oauth2/token',
        revocation_endpoint: 'https://discord.com/api/oauth2/token/revoke',
      },
      scope: 'identify email',
      identity: { from: 'profile', read: readUser },
      evidence: {
        documentation: 'https://docs.discord.com/developers/topics/oauth2',
        subject: 'id: a snowflake that is never reused',
        email: 'verified: the address of the account was confirmed',
        refresh: 'access tokens end after a week; refreshing returns a new refresh token',
      },
    },
    options,
    'post',
  )
}

async function readUser({ ask }: ProfileSource): Promise<Profile | null> {
  const claims = objectOf(await ask('https://discord.com/api/users/@me'))
  const subject = textOf(claims.id)
  if (subject === null) return null
  const name = textOf(claims.global_name) ?? textOf(claims.username)
  return { subject, email: textOf(claims.email), emailProven: claims.verified === true, name, claims }
}
