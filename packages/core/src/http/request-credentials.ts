/** What a request presents besides its cookie: an access token, or a client's credentials. Neither needs the CSRF guard. */
import type { RequestView } from '../cookie/request-view.js'
import { AuthError, ConfigError } from '../errors.js'
import type { AccessTokenClaims } from '../token/access-token.js'
import type { AuthContext } from './auth-context.js'
import { readBearer, readClient } from './bearer.js'
import { requestOf, type RequestState } from './request-state.js'

/** The claims of the access token, when it has all scopes; `invalid_token`, `insufficient_scope` (RFC 6750 §3.1). */
export async function requireScope<Data>(
  state: RequestState<Data>,
  scopes: readonly string[],
): Promise<AccessTokenClaims> {
  // Once for a request: a proof is used up by it.
  const claims = await (state.claims ??= presentedClaims(state))
  const granted = (claims.scope ?? '').split(' ')
  if (scopes.every((scope) => granted.includes(scope))) return claims
  throw new AuthError('insufficient_scope', { scope: scopes.join(' ') })
}

async function presentedClaims<Data>(state: RequestState<Data>): Promise<AccessTokenClaims> {
  const { verifier } = state.context
  if (!verifier) throw new ConfigError('verifier: expected by requireScope, but createAuthenticator was given none')
  const given = requestOf(state)
  const request = given instanceof Promise ? await given : given
  const credentials = readBearer(request)
  if (credentials === 'absent') throw new AuthError('invalid_token', { presented: false })
  if (credentials === 'malformed') throw new AuthError('invalid_token')
  const { scheme, token } = credentials
  if (scheme === 'DPoP') return boundClaims(state, verifier, { request, token })
  const claims = await verifier.verify(token)
  if (claims) return claims
  throw new AuthError('invalid_token')
}

// RFC 9449 §7.1: the proof is for this method and URL, whose origin is the configured one. The token comes before the proof is
// used up, else any key of a stranger's own would cause a write.
async function boundClaims<Data>(
  { context, responseHeaders }: RequestState<Data>,
  verifier: NonNullable<AuthContext<Data>['verifier']>,
  { request, token }: { readonly request: RequestView; readonly token: string },
): Promise<AccessTokenClaims> {
  if (!context.dpop) throw new AuthError('invalid_token')
  const url = urlAt(context.dpop.origin, request.url)
  if (url === null) throw new AuthError('invalid_token', { dpop: 'invalid_dpop_proof' })
  let claims: AccessTokenClaims | null = null
  const { jkt, error, nonce } = await context.dpop.verifier.verify({
    proof: request.headers.get('dpop'),
    method: request.method,
    url,
    accessToken: token,
    isTokenGood: async (jkt) => (claims = await verifier.verify(token, { jkt })) !== null,
  })
  if (nonce !== null) responseHeaders.append('DPoP-Nonce', nonce)
  // A verifier of the app's own may not have asked.
  if (jkt !== null) claims ??= await verifier.verify(token, { jkt })
  if (claims && jkt !== null) return claims
  throw new AuthError('invalid_token', { dpop: error ?? 'invalid_token' })
}

// Not `new URL(target, origin)`: to that, `//evil.example/x` is another host, and `//` an error.
function urlAt(origin: string, target: string): string | null {
  const given = target.startsWith('/') ? origin + target : target
  const url = URL.canParse(given) ? new URL(given) : null
  return url?.pathname.startsWith('/') ? origin + url.pathname + url.search : null
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
