/** The library's services and the app's own, made once from what they share. */
import {
  type Authenticator,
  AuthError,
  type AuthorizationCodeFlow,
  createAuthenticator,
  createAuthorizationCodeFlow,
  createIdentities,
  createKeyRing,
  createSessions,
  createTokenIssuer,
  createTokenVault,
  createTokenVerifier,
  defaultLinkPolicy,
  type Identities,
  type KeyRing,
  type LinkPolicy,
  type Provider,
  type Sessions,
  type Shared,
  type TokenIssuer,
  type TokenVault,
} from '@tessera-auth/core'
import { createPasswords } from '@tessera-auth/password'
import { type Accounts, createAccounts } from './accounts.ts'
import { createAttempts } from './attempts.ts'
import { type Cart, cartData } from './cart.ts'
import type { Config } from './config.ts'
import { newUserId, type Users } from './users.ts'

/** What the app is made of. */
export interface AppParts {
  readonly shared: Shared
  readonly users: Users
  readonly config: Config
  /** Where people can sign in besides here. */
  readonly provider: Provider
}

/** All that the routes use. */
export interface Services {
  readonly sessions: Sessions<Cart>
  readonly keys: KeyRing
  readonly tokens: TokenIssuer
  readonly authenticator: Authenticator<Cart>
  readonly flow: AuthorizationCodeFlow
  readonly identities: Identities
  readonly vault: TokenVault
  readonly accounts: Accounts
}

/** The provider's name in the vault and in links. */
export const providerName = 'idp'
/** Where the provider sends the browser back to. */
export const callbackPath = '/auth/oauth/idp/callback'

/** Makes them. Throws `ConfigError` for what cannot work. */
export function createServices({ shared, users, config, provider }: AppParts): Services {
  const { idleTimeoutSeconds, absoluteTimeoutSeconds, touchIntervalSeconds, recentAuthSeconds } = config
  const lifetimes = { idleTimeoutSeconds, absoluteTimeoutSeconds, touchIntervalSeconds }
  const sessions = createSessions({ ...shared, ...lifetimes, data: cartData })
  const { keys, tokens, verifier } = createTokens(shared, config)
  const scope = 'openid email profile offline_access'
  const identities = createIdentities({
    ...shared,
    findUserByEmail: (email) => users.byEmail(email),
    createUser: (identity) => createUser(users, identity),
    policy: linkPolicy(recentAuthSeconds),
  })
  const vault = createTokenVault({ ...shared, providers: [provider] })
  const accounts = createAccounts({
    users,
    sessions,
    recentAuthSeconds,
    passwords: createPasswords(config.pepper === null ? {} : { pepper: config.pepper }),
    attempts: createAttempts(shared),
    forget: (userId) => forget(userId, identities, vault),
  })
  return {
    sessions,
    keys,
    tokens,
    authenticator: createAuthenticator({ ...shared, sessions, verifier }),
    flow: createAuthorizationCodeFlow({ ...shared, provider, redirectPath: callbackPath, scope }),
    identities,
    vault,
    accounts,
  }
}

function createTokens(shared: Shared, config: Config) {
  const { accessTokenSeconds, clockSkewSeconds, refreshRetryWindowSeconds: retryWindowSeconds } = config
  const audience = shared.origin
  const longestTokenSeconds = Math.max(accessTokenSeconds, 3600)
  const keys = createKeyRing({ ...shared, clockSkewSeconds, longestTokenSeconds })
  const timing = { accessTokenSeconds, clockSkewSeconds, retryWindowSeconds }
  return {
    keys,
    tokens: createTokenIssuer({ ...shared, ...timing, keys, audience }),
    verifier: createTokenVerifier({
      ...shared,
      keys,
      issuer: shared.origin,
      audience,
      leewaySeconds: clockSkewSeconds,
    }),
  }
}

/** The default, but for what is recent: whoever connects an identity of their own can sign in with it from then on. */
function linkPolicy(recentAuthSeconds: number): LinkPolicy {
  return (evidence) => {
    if (!evidence.signedIn) return defaultLinkPolicy(evidence)
    return evidence.signedIn.authenticatedSecondsAgo < recentAuthSeconds ? 'link' : 'refuse'
  }
}

async function createUser(
  users: Users,
  { email, emailProven }: { readonly email: string | null; readonly emailProven: boolean },
): Promise<string> {
  const id = newUserId()
  // An address that nobody has proven belongs to nobody yet.
  const user = { id, email: emailProven ? email : null, emailVerified: emailProven, passwordHash: null }
  if (await users.create(user)) return id
  throw new AuthError('link_refused', { nextStep: 'sign_in' })
}

/** All that the library keeps of a user besides sessions. */
async function forget(userId: string, identities: Identities, vault: TokenVault): Promise<void> {
  for (const identity of await identities.list(userId)) await identities.unlink(userId, identity)
  await vault.remove(userId, providerName)
}
