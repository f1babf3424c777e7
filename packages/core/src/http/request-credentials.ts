/** What a request presents besides its cookie: a bearer token, or a client's credentials. Neither needs the CSRF guard. */
import { AuthError, ConfigError } from '../errors.js'
import type { AccessTokenClaims } from '../token/access-token.js'
import { readBearer, readClient } from './bearer.js'
import { requestOf, type RequestState } from './request-state.js'

/** The claims of the bearer token, when it has all scopes; `invalid_token`, `insufficient_scope` (RFC 6750 §3.1). */
export async function requireScope<Data>(
  state: RequestState<Data>,
  scopes: readonly string[],
): Promise<AccessTokenClaims> {
  const { verifier } = state.context
  if (!verifier) throw new ConfigError('verifier: expected by requireScope, but createAuthenticator was given none')
  const credentials = readBearer(await requestOf(state))
  if (credentials === 'absent') throw new AuthError('invalid_token', { presented: false })
  const claims = credentials === 'malformed' ? null : await verifier.verify(credentials.token)
  if (!claims) throw new AuthError('invalid_token')
  const granted = new Set((claims.scope ?? '').split(' '))
  if (scopes.every((scope) => granted.has(scope))) return claims
  throw new AuthError('insufficient_scope', { scope: scopes.join(' ') })
}

/** The client that `Authorization: Basic` authenticates, or `invalid_client`. */
export async function requireClient<Data>(
  state: RequestState<Data>,
  secrets: Readonly<Record<string, string>>,
): Promise<string> {
  const client = readClient(state.context.platform, await requestOf(state), secrets)
  if (client === null) throw new AuthError('invalid_client')
  return client
}
