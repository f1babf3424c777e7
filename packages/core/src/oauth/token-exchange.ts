/** Token exchange (RFC 8693): one token in, a narrower one out. */
import { systemPlatform } from '../platform.js'
import { exchangeToken } from './exchange-token.js'
import { grantDefaults, type GrantOptions } from './grant-options.js'
import type { ProviderTokens } from './identity.js'
import { createProviderClient } from './provider-client.js'

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

/** Makes the exchange. Throws `ConfigError`. */
export function createTokenExchange(options: GrantOptions): TokenExchange {
  const client = createProviderClient(options.provider, options.platform ?? systemPlatform)
  const { scope, resource } = grantDefaults(options)
  return {
    exchange(subjectToken, narrow = {}) {
      // What is not named, or empty, must not undo the factory's narrowing.
      const narrowed = { scope: narrow.scope || scope, resource: narrow.resource || resource }
      return exchangeToken(client, subjectToken, { ...narrow, ...narrowed })
    },
  }
}
