/** Handing a client a token of its own: narrower, short-lived, for one API. Never the stored one by default. */
import { AuthError } from '../errors.js'
import { exchangeToken, tokenExchangeGrant } from './exchange-token.js'
import type { ProviderTokens } from './identity.js'
import type { ProviderClient } from './provider-client.js'
import type { DelegatedToken } from './token-vault.js'

/** What is handed out, and how far. */
export interface Delegation {
  readonly tokens: ProviderTokens
  readonly narrow: { readonly scope: string; readonly resource: string }
  /** Whether the stored token itself may go, where the provider makes no narrower one. */
  readonly mayHandOut: boolean
}

/** A token that lives longer is not a delegated one (in seconds). */
const longestSeconds = 3600

/** See `TokenVault.delegate`. */
export async function delegateToken(client: ProviderClient, delegation: Delegation): Promise<DelegatedToken> {
  const { tokens, narrow, mayHandOut } = delegation
  const { scope, resource } = narrow
  if (scope === '' || !isApiOf(client, resource)) throw refused('narrow')
  const { grant_types_supported: grants = [] } = await client.metadata()
  if (!grants.includes(tokenExchangeGrant)) {
    if (!mayHandOut || tokens.dpopKey) throw refused('provider_cannot')
    return delegated(client, tokens, tokens.scope)
  }
  const narrowed = await exchangeToken(client, tokens.accessToken, { scope, resource })
  const asked = new Set(scope.split(' '))
  if (!narrowed.scope.split(' ').every((name) => asked.has(name))) throw refused('scope_too_wide')
  if (narrowed.accessToken === tokens.accessToken) throw refused('same_token')
  return delegated(client, narrowed, narrowed.scope)
}

function delegated({ platform }: ProviderClient, tokens: ProviderTokens, scope: string): DelegatedToken {
  // One without an end counts as over: nobody knows for how long it would be out.
  const expiresIn = (tokens.expiresAt ?? 0) - platform.now()
  if (expiresIn <= 0 || expiresIn > longestSeconds) throw refused('lifetime')
  // Neither an exchanged token nor a stored one comes here if it is bound to a key.
  return { access_token: tokens.accessToken, token_type: 'Bearer', expires_in: expiresIn, scope }
}

/** A token for somebody else's API is not this provider's to hand out. */
function isApiOf({ definition }: ProviderClient, resource: string): boolean {
  return URL.canParse(resource) && definition.apiOrigins.includes(new URL(resource).origin)
}

function refused(reason: string): AuthError {
  return new AuthError('delegation_refused', { reason })
}
