/** Revocation and introspection for clients and APIs that have a secret; to be mounted on any framework. */
import {
  createAuthenticator,
  createIntrospectionEndpoint,
  createRevocationEndpoint,
  type TokenEndpoint,
  type TokenIssuer,
  type TokenVerifier,
} from '@tessera-auth/core'

/** Who may ask, and by which tokens. */
export interface TokenEndpointsOptions {
  readonly tokens: TokenIssuer
  readonly verifier: TokenVerifier
  /** Secrets of clients that revoke, by `client_id`. */
  readonly clients: Readonly<Record<string, string>>
  /** APIs that introspect, by `client_id`: a secret, and the identifier that tokens for it have as `aud`. */
  readonly apis: Readonly<Record<string, { readonly secret: string; readonly audience: string }>>
}

/** Both endpoints, without a framework. */
export function tokenEndpoints({ tokens, verifier, clients, apis }: TokenEndpointsOptions): {
  revocation: TokenEndpoint
  introspection: TokenEndpoint
} {
  const authenticator = createAuthenticator({ verifier })
  const apiSecrets = Object.fromEntries(Object.entries(apis).map(([id, { secret }]) => [id, secret]))
  return {
    revocation: createRevocationEndpoint({
      tokens,
      authenticate: (request) => authenticator.bindReadonly(request).requireClient(clients),
    }),
    introspection: createIntrospectionEndpoint({
      tokens,
      async authenticate(request) {
        const clientId = await authenticator.bindReadonly(request).requireClient(apiSecrets)
        const api = apis[clientId]
        return api ? { clientId, apis: [api.audience] } : null
      },
    }),
  }
}
