/** GitHub: OAuth apps and GitHub apps. */
import { type ClientOptions, defineProvider, type Profile, type ProfileSource, type Provider } from '../provider.js'
import { idOf, objectOf, objectsOf, textOf } from './profile-parts.js'

const api = 'https://api.github.com'

/** Sign in with GitHub. Throws `ConfigError`. */
export function github(options: ClientOptions): Provider {
  return defineProvider(
    {
      name: 'github',
      issuer: 'https://github.com/login/oauth',
      apiOrigins: [api],
      endpoints: {
        authorization_endpoint: 'https://github.com/login/oauth/authorize',
        token_endpoint: 'https://github.com/login/oauth/access_token',
        device_authorization_endpoint: 'https://github.com/login/device/code',
      },
      scope: 'read:user user:email',
      identity: { from: 'profile', read: readUser },
      deviations: { scopeFormat: 'comma', errorsWith200: true, apiHeaders: { 'user-agent': 'tessera-auth' } },
      evidence: {
        documentation: 'https://docs.github.com/en/apps/oauth-apps/building-oauth-apps/authorizing-oauth-apps',
        subject: 'id of /user: a number that stays when the login name changes',
        email:
          'the entry of /user/emails that is primary and verified; the public address of the profile proves nothing',
        refresh: 'OAuth apps: tokens do not end. GitHub apps: eight hours, with refresh tokens that are good once',
      },
    },
    options,
  )
}

async function readUser({ ask, scopes }: ProfileSource): Promise<Profile | null> {
  const claims = objectOf(await ask(`${api}/user`))
  const subject = idOf(claims.id)
  if (subject === null) return null
  const readable = scopes.some((scope) => scope === 'user:email' || scope === 'user')
  const emails = readable ? objectsOf(await ask(`${api}/user/emails`)) : []
  const primary = emails.find((entry) => entry.primary === true)
  const email = textOf(primary?.email)
  const name = textOf(claims.name) ?? textOf(claims.login)
  return { subject, email, emailProven: primary?.verified === true, name, claims }
}
