/** Slack. */
import { type ClientOptions, defineProvider, type Provider, type Claims } from '../provider.js'

/** Sign in with Slack. Throws `ConfigError`. */
export function slack(options: ClientOptions): Provider {
  return defineProvider(
    {
      name: 'slack',
      issuer: 'https://slack.com',
      apiOrigins: ['https://slack.com'],
      scope: 'openid profile email',
      identity: { from: 'id_token', subject: teamAndUser, emailProven: () => false },
      deviations: { errorsWith200: true },
      evidence: {
        documentation: 'https://docs.slack.dev/authentication/sign-in-with-slack/',
        subject: 'the team with the user: ids of users are unique within their workspace',
        email: 'nothing: owners of a workspace set the addresses of its members',
        refresh: 'with token rotation switched on for the app; refresh tokens are good once',
      },
    },
    options,
    'post',
  )
}

function teamAndUser({ sub, 'https://slack.com/team_id': team }: Claims): string | null {
  return typeof sub === 'string' && typeof team === 'string' ? `${team}.${sub}` : null
}
