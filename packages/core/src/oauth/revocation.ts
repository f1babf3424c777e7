/** Giving tokens back (RFC 7009). */
import * as wire from 'oauth4webapi'
import type { ProviderTokens } from './identity.js'
import type { ProviderClient } from './provider-client.js'

/**
 * Revokes the refresh token, or the access token where there is no other; nothing where the provider cannot. Throws
 * 'provider_error'.
 */
export async function revokeToken(
  client: ProviderClient,
  { refreshToken, accessToken }: Pick<ProviderTokens, 'refreshToken' | 'accessToken'>,
): Promise<void> {
  const { revocation_endpoint: endpoint } = await client.metadata()
  if (endpoint === undefined) return
  const hint = refreshToken === null ? 'access_token' : 'refresh_token'
  await client.exchange(async ({ server, client: identity, authentication, options }) => {
    const additionalParameters = { token_type_hint: hint }
    const request = { ...options, additionalParameters }
    const token = refreshToken ?? accessToken
    await wire.processRevocationResponse(await wire.revocationRequest(server, identity, authentication, token, request))
  })
}
