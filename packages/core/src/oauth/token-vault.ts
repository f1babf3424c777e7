/** Provider tokens, kept: sealed, refreshed once for all processes, used by the server and handed out to nobody by default. */
import { AuthError, ConfigError } from '../errors.js'
import { createEmit, type Emit } from '../events.js'
import { isLate } from '../internal/late.js'
import { expected, listOf, optionalFunction, requireMethods, seconds } from '../internal/options.js'
import { createSealer } from '../internal/sealing.js'
import { type Platform, sha256Text, systemPlatform } from '../platform.js'
import type { Shared } from '../shared.js'
import { boundedStore } from '../store/bounded-store.js'
import { checkUserId } from '../store/login-records.js'
import type { Entry } from '../store/store.js'
import { delegateToken } from './delegation.js'
import { storeTimeoutSeconds } from './flow-context.js'
import type { Identity, ProviderTokens } from './identity.js'
import type { Provider } from './provider.js'
import { createProviderClient, type ProviderClient } from './provider-client.js'
import { revokeToken } from './revocation.js'
import { upstreamTimeoutSeconds } from './upstream.js'
import { type ApiRequest, apiUrl, fetchApi, type TokenSource, userinfoUrl } from './vault-fetch.js'
import { checkTokens, createVaultRecords, type OpenedRecord, type VaultRecords } from './vault-records.js'
import { isUsable, refreshedTokens } from './vault-refresh.js'

/** Options of {@link createTokenVault}. */
export interface TokenVaultOptions extends Pick<Shared, 'store' | 'secrets' | 'onEvent' | 'platform'> {
  /** Whose tokens are kept. */
  readonly providers: readonly Provider[]
  /** After this long without a sign of life a refresh counts as abandoned. Default 25; at least twice the timeout of 10. */
  readonly leaseSeconds?: number
  /**
   * Names of providers whose stored access token `delegate` may hand out as it is, with all that it can do, because they
   * cannot make a narrower one. Default: none.
   */
  readonly dangerouslyDelegateStoredTokensOf?: readonly string[]
}

/** A token for a client (RFC 6749 §5.1), without any way to prolong it. Send it as it is. */
export interface DelegatedToken {
  /** The narrowed access token. */
  readonly access_token: string
  /** How it is presented. */
  readonly token_type: 'Bearer' | 'DPoP'
  /** Seconds. */
  readonly expires_in: number
  /** Space-separated; never more than was asked. */
  readonly scope: string
}

/**
 * Provider tokens of users. Every method throws 'not_found' for a provider that is not of this vault, and may throw
 * `StoreError`. 'reconnect_required' (details: `reason`) means: ask the user to connect again; 'unavailable': try again.
 */
export interface TokenVault {
  /** Keeps the tokens of a finished login in one write; an earlier refresh token of the same account stays where none came. */
  save(userId: string, login: { readonly tokens: ProviderTokens; readonly identity?: Identity | null }): Promise<void>
  /**
   * The bridge: calls the provider's API for the user, the token never leaves this server. Only to the provider's
   * `apiOrigins` ('destination_refused'), without following redirects; streams both ways. The answer is the API's own.
   */
  fetch(userId: string, provider: string, url: string, init?: RequestInit): Promise<Response>
  /** The same for the provider's userinfo endpoint, found in its metadata; 'not_found': it has none. */
  userinfo(userId: string, provider: string): Promise<Response>
  /** A usable access token, for SDKs that want the text; refreshed at most once across all processes. */
  accessToken(userId: string, provider: string): Promise<string>
  /**
   * A narrower, short-lived token for a client, by token exchange; 'delegation_refused' where the provider cannot,
   * 'provider_error' and `OAuthResponseError` where the exchange fails.
   */
  delegate(
    userId: string,
    provider: string,
    narrow: { readonly scope: string; readonly resource: string },
  ): Promise<DelegatedToken>
  /**
   * Removes the tokens here first, then revokes them at the provider, where it can be; `false`: there were none. What cannot
   * be read here is removed all the same.
   */
  remove(userId: string, provider: string): Promise<boolean>
}

interface Context {
  readonly vault: VaultRecords
  readonly platform: Platform
  readonly emit: Emit
  readonly clients: ReadonlyMap<string, ProviderClient>
  readonly leaseSeconds: number
  readonly handsOut: ReadonlySet<string>
  /** Callers of one process share one refresh. */
  readonly flights: Map<string, Promise<ProviderTokens>>
}

/**
 * Makes the vault. Throws `ConfigError`.
 *
 * @example
 * ```ts
 * const vault = createTokenVault({ ...shared, providers: [clinic] })
 * const upstream = await vault.fetch(userId, 'clinic', 'https://api.clinic.example/prescriptions')
 * ```
 */
export function createTokenVault(options: TokenVaultOptions): TokenVault {
  const context = createContext(options)
  return {
    save: (userId, login) => save(context, userId, login),
    async fetch(userId, provider, url, init = {}) {
      const client = clientOf(context, provider)
      const target = apiUrl(client, url)
      return fetchFor(context, { userId, client }, { url: () => target, init })
    },
    async userinfo(userId, provider) {
      const client = clientOf(context, provider)
      return fetchFor(context, { userId, client }, { url: () => userinfoUrl(client), init: {} })
    },
    async accessToken(userId, provider) {
      const client = clientOf(context, provider)
      return (await usableTokens(context, { userId, client, rejected: null })).accessToken
    },
    async delegate(userId, provider, narrow) {
      const client = clientOf(context, provider)
      const tokens = await usableTokens(context, { userId, client, rejected: null })
      const mayHandOut = context.handsOut.has(provider)
      const delegated = await delegateToken(client, { tokens, narrow, mayHandOut })
      context.emit('vault.delegated', { userId })
      return delegated
    },
    remove: (userId, provider) => remove(context, userId, provider),
  }
}

function createContext(options: TokenVaultOptions): Context {
  requireMethods('store', options.store, ['get', 'insert', 'replace', 'remove', 'listByOwner', 'removeExpired'])
  optionalFunction('onEvent', options.onEvent)
  if (!Array.isArray(options.providers)) throw expected('providers', 'a list of providers', options.providers)
  const platform = options.platform ?? systemPlatform
  const made = options.providers.map((provider) => createProviderClient(provider, platform))
  const clients = new Map(made.map((client) => [client.definition.name, client]))
  if (clients.size < made.length) throw new ConfigError('providers: two have the same name')
  const store = boundedStore(options.store, platform, storeTimeoutSeconds)
  const least = 2 * upstreamTimeoutSeconds
  return {
    vault: createVaultRecords(store, platform, createSealer(platform, options.secrets, 'vault')),
    platform,
    emit: createEmit(options.onEvent, platform),
    clients,
    leaseSeconds: seconds('leaseSeconds', options.leaseSeconds, { default: 25, min: least, max: 300 }),
    handsOut: new Set(
      listOf('dangerouslyDelegateStoredTokensOf', options.dangerouslyDelegateStoredTokensOf, clients.keys()),
    ),
    flights: new Map(),
  }
}

function clientOf({ clients }: Context, provider: string): ProviderClient {
  const client = clients.get(provider)
  if (client) return client
  throw new AuthError('not_found')
}

async function usableTokens(
  context: Context,
  { userId, client, rejected }: { userId: string; client: ProviderClient; rejected: string | null },
): Promise<ProviderTokens> {
  const { vault, platform } = context
  const key = vault.keyOf(userId, client.definition.name)
  // A cached record may serve a good token; only a fresh one may refuse, or start a refresh.
  const seen = await vault.open(key)
  if (seen && isUsable(seen, platform.now(), rejected)) {
    await vault.reseal(seen)
    return seen.tokens
  }
  const shared = context.flights.get(key)
  if (shared) {
    const tokens = await shared
    if (tokens.accessToken !== rejected) return tokens
  }
  const flight = refreshedTokens({ ...context, client, userId, key, rejected })
  context.flights.set(key, flight)
  try {
    return await flight
  } finally {
    if (context.flights.get(key) === flight) context.flights.delete(key)
  }
}

async function fetchFor(
  context: Context,
  { userId, client }: { readonly userId: string; readonly client: ProviderClient },
  request: ApiRequest,
): Promise<Response> {
  const source: TokenSource = (rejected) => usableTokens(context, { userId, client, rejected })
  const response = await fetchApi(client, source, request)
  context.emit('vault.fetched', { userId, reason: String(response.status) })
  return response
}

async function save(context: Context, userId: string, login: Parameters<TokenVault['save']>[1]): Promise<void> {
  checkUserId(userId)
  const tokens = checkTokens(login.tokens)
  clientOf(context, tokens.provider)
  const { vault, platform } = context
  const { identity } = login
  const account = identity ? sha256Text(platform, JSON.stringify([identity.issuer, identity.subject])) : null
  const key = vault.keyOf(userId, tokens.provider)
  for (;;) {
    const stored = await vault.records.read(key, { fresh: true })
    // What cannot be unsealed is overwritten by what is known now.
    const seen = stored && (await vault.unseal(stored))
    const value = await vault.grantValue(key, { tokens: completed(tokens, account, seen), account })
    const record = { key, owner: userId, expiresAt: null, value }
    if (stored ? await vault.records.replace(stored, value) : await vault.records.insert(record)) return
  }
}

/** Providers give a refresh token at the first consent only; that of the same account is still good then. */
function completed(tokens: ProviderTokens, account: string | null, seen: OpenedRecord | null): ProviderTokens {
  if (tokens.refreshToken !== null || !seen || account === null) return tokens
  const { value } = seen.stored
  if (value.account !== account || value.reconnect) return tokens
  return { ...tokens, refreshToken: seen.tokens.refreshToken }
}

async function remove(context: Context, userId: string, provider: string): Promise<boolean> {
  const client = clientOf(context, provider)
  const { vault } = context
  const key = vault.keyOf(userId, provider)
  for (let tried: Entry | null = null; ;) {
    const entry = await vault.readRaw(key)
    const isGone = entry === null || (await removeVersion(vault, entry))
    const removed = entry ?? tried
    tried = entry
    if (!isGone) continue
    if (removed === null) return false
    // Also what is gone after a try of ours, whose answer may have been lost: revoking twice is harmless.
    const seen = await vault.unsealRaw(removed)
    if (seen) await revokeToken(client, seen.tokens).catch(() => {})
    return true
  }
}

/** Only the version that was read: what a refresh wrote meanwhile has to be revoked instead. */
async function removeVersion({ records, readRaw }: VaultRecords, { key, version }: Entry): Promise<boolean> {
  try {
    return await records.remove(key, version)
  } catch (error) {
    if (isLate(error)) throw error
    // The answer may be lost, not the write.
    if ((await readRaw(key).catch(() => undefined)) === null) return true
    throw error
  }
}
