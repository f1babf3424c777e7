/** The pieces of an app that signs people in with a provider and gives out tokens; in memory, to be short. */
import {
  type Authenticator,
  type AuthorizationCodeFlow,
  createAuthenticator,
  createAuthorizationCodeFlow,
  createIdentities,
  createKeyRing,
  createSessions,
  createTokenIssuer,
  createTokenVerifier,
  type Identities,
  memoryStore,
  oidc,
  type TokenIssuer,
} from '@tessera-auth/core'

/** What the app is set up with. */
export interface Settings {
  readonly origin: string
  /** At least 32 characters. */
  readonly secret: string
  /** An OpenID provider. */
  readonly issuer: string
  readonly clientId: string
  readonly clientSecret: string
}

/** What the routes use. */
export interface Auth {
  readonly authenticator: Authenticator
  readonly flow: AuthorizationCodeFlow
  readonly identities: Identities
  readonly tokens: TokenIssuer
}

/** Where the provider sends the browser back to. */
export const callbackPath = '/callback'

/** Makes them. */
export function createAuth({ origin, secret, issuer, clientId, clientSecret }: Settings): Auth {
  const shared = { origin, secrets: [secret], store: memoryStore() }
  const keys = createKeyRing(shared)
  const audience = origin
  const provider = oidc({
    name: 'idp',
    issuer,
    clientId,
    clientSecret,
    // A provider on this machine, for trying things out.
    dangerouslyAllowPrivateNetwork: issuer.startsWith('http:'),
  })
  const users = new Map<string, string>()
  return {
    authenticator: createAuthenticator({
      ...shared,
      sessions: createSessions(shared),
      verifier: createTokenVerifier({ ...shared, keys, issuer: origin, audience }),
    }),
    flow: createAuthorizationCodeFlow({ ...shared, provider, redirectPath: callbackPath }),
    identities: createIdentities({
      ...shared,
      findUserByEmail: async () => null,
      createUser: async ({ email }) => {
        const id = crypto.randomUUID()
        users.set(id, email ?? '')
        return id
      },
    }),
    tokens: createTokenIssuer({ ...shared, keys, audience }),
  }
}
