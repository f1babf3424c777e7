/** Service to service: a token for the client itself (RFC 6749 §4.4), kept and shared. */
import { systemPlatform } from '../platform.js'
import { grantDefaults, type GrantOptions, grantParameters } from './grant-options.js'
import { createProviderClient } from './provider-client.js'
import type { TokenAnswer } from './token-answer.js'

/** The client's own tokens. */
export interface ClientCredentials {
  /** A token that is good for a while yet; callers share one request. Throws `OAuthResponseError`, 'provider_error'. */
  accessToken(): Promise<string>
}

/** Ahead of its end a token is replaced: this much, and never more than a quarter of its life (in seconds). */
const mostAheadSeconds = 30
/** How long a token is kept whose provider does not say. */
const unsaidSeconds = 60

/** Makes the token source. Throws `ConfigError`. */
export function createClientCredentials(options: GrantOptions): ClientCredentials {
  const platform = options.platform ?? systemPlatform
  const client = createProviderClient(options.provider, platform)
  const parameters = grantParameters(grantDefaults(options))
  let kept: { readonly token: string; readonly until: number } | null = null
  let flight: Promise<string> | null = null

  async function request(): Promise<string> {
    const now = platform.now()
    const answer = await client.grant('client_credentials', parameters)
    kept = { token: answer.accessToken, until: goodUntil(answer, now) }
    return answer.accessToken
  }

  return {
    async accessToken() {
      if (kept && platform.now() < kept.until) return kept.token
      flight ??= request().finally(() => {
        flight = null
      })
      return flight
    },
  }
}

function goodUntil({ expiresAt }: TokenAnswer, now: number): number {
  if (expiresAt === null) return now + unsaidSeconds
  return expiresAt - Math.min(mostAheadSeconds, Math.floor((expiresAt - now) / 4))
}
