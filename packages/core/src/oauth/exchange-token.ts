/** One token exchange (RFC 8693 §2.1). */
import { grantParameters } from './grant-options.js'
import type { ProviderTokens } from './identity.js'
import type { ProviderClient } from './provider-client.js'
import { providerTokens } from './read-identity.js'
import type { ExchangeOptions } from './token-exchange.js'

/** The grant type's name. */
export const tokenExchangeGrant = 'urn:ietf:params:oauth:grant-type:token-exchange'
const accessTokenType = 'urn:ietf:params:oauth:token-type:access_token'

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
