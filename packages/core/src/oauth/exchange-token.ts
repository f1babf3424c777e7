/** One token exchange (RFC 8693 §2.1). */
import { AuthError } from '../errors.js'
import { grantParameters } from './grant-options.js'
import type { ProviderTokens } from './identity.js'
import type { ProviderClient } from './provider-client.js'
import { providerTokens } from './read-identity.js'
import type { TokenAnswer } from './token-answer.js'
import type { ExchangeOptions } from './token-exchange.js'

/** The grant type's name. */
export const tokenExchangeGrant = 'urn:ietf:params:oauth:grant-type:token-exchange'
const accessTokenType = 'urn:ietf:params:oauth:token-type:access_token'

/** One exchange. Throws `OAuthResponseError`, 'provider_error': also for an answer that is no bearer access token. */
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
  checkIssued(answer)
  return providerTokens(client, answer, { scope, resource: resource || null })
}

/**
 * RFC 8693 §2.2.1: `access_token` may hold any kind of token, and a refresh token must not be handed to a client as an
 * access token. A token that is bound to a key is bound to none that we sent.
 */
function checkIssued({ answer, tokenType }: TokenAnswer): void {
  if (answer.issued_token_type !== accessTokenType)
    throw new AuthError('provider_error', { reason: 'issued_token_type' })
  if (tokenType !== 'bearer') throw new AuthError('provider_error', { reason: 'token_type' })
}
