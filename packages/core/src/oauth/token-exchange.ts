/** Token exchange (RFC 8693): one token in, a narrower one out. */
import { systemPlatform } from '../platform.js'
import { grantDefaults, type GrantOptions, grantParameters } from './grant-options.js'
import { type ProviderTokens, providerTokens } from './identity.js'
import { createProviderClient, type ProviderClient } from './provider-client.js'

/** How a token is narrowed. */
export interface ExchangeOptions {
  /** Space-separated; default: the factory's. */
  readonly scope?: string
  /** The API that the new token is for; default: the factory's. */
  readonly resource?: string
  /** Who acts for the subject (RFC 8693 §4.1). */
  readonly actorToken?: string
}

/** Exchanges tokens at one provider. */
export interface TokenExchange {
  /** A token for what was asked; throws `OAuthResponseError` when the provider refuses, 'provider_error'. */
  exchange(subjectToken: string, narrow?: ExchangeOptions): Promise<ProviderTokens>
}

/** The grant type's name. */
export const tokenExchangeGrant = 'urn:ietf:params:oauth:grant-type:token-exchange'
const accessTokenType = 'urn:ietf:params:oauth:token-type:access_token'

/** Makes the exchange. Throws `ConfigError`. */
export function createTokenExchange(options: GrantOptions): TokenExchange {
  const client = createProviderClient(options.provider, options.platform ?? systemPlatform)
  const { scope, resource } = grantDefaults(options)
  return {
    exchange: (subjectToken, narrow = {}) => exchangeToken(client, subjectToken, { scope, resource, ...narrow }),
  }
}

/** One exchange. */
export async function exchangeToken(
  client: ProviderClient,
  subjectToken: string,
  { scope = '', resource = '', actorToken }: ExchangeOptions,
): Promise<ProviderTokens> {
  const answer = await client.grant(tokenExchangeGrant, {
    subject_token: subjectToken,
    subject_token_type: accessTokenType,
    requested_token_type: accessTokenType,
    ...grantParameters({ scope, resource }),
    ...(actorToken !== undefined && { actor_token: actorToken, actor_token_type: accessTokenType }),
  })
  return providerTokens(client, answer, { scope, resource: resource || null })
}
