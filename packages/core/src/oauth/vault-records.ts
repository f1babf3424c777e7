/** Provider tokens at rest: sealed, one record per user and provider, with the lease of whoever refreshes them. */
import { AuthError, StoreError } from '../errors.js'
import { randomText } from '../internal/opaque-token.js'
import type { Sealer } from '../internal/sealing.js'
import { type Platform, sha256Text } from '../platform.js'
import { createRecords, type Records, type Stored } from '../store/records.js'
import type { Entry, Store } from '../store/store.js'
import type { ProviderTokens } from './identity.js'
import { isObject } from './upstream.js'

/** What the record says in clear; the tokens are in `sealed`. */
export interface VaultValue {
  readonly v: 1
  readonly provider: string
  /** A fresh id at every `save`: no access token of another grant is mixed in. */
  readonly grant: string
  /** A digest of the account at the provider; `null`: not known. */
  readonly account: string | null
  readonly sealed: string
  /** Epoch seconds. */
  readonly sealedAt: number
  /** Epoch seconds of the access token. */
  readonly obtainedAt: number
  readonly expiresAt: number | null
  /** Who is refreshing; `null`: nobody. */
  readonly lease: string | null
  /** The provider refused the refresh token that this record holds. */
  readonly reconnect: boolean
}

/** A record with its tokens unsealed. */
export interface OpenedRecord {
  readonly stored: Stored<VaultValue>
  readonly tokens: ProviderTokens
  /** Sealed with today's first secret. */
  readonly current: boolean
}

/**
 * While a secret is promoted, processes with the old and the new order take turns; each would seal the other's records anew
 * at every read.
 */
const resealSeconds = 3600

/** Reading and writing of vault records. Every method may throw `StoreError`. */
export interface VaultRecords {
  readonly records: Records<VaultValue>
  keyOf(userId: string, provider: string): string
  /** The record with its tokens; `null`: none. */
  open(key: string, options?: { readonly fresh?: boolean }): Promise<OpenedRecord | null>
  /** A record with its tokens; `null`: the secrets that are known here do not open it. */
  unseal(stored: Stored<VaultValue>): Promise<OpenedRecord | null>
  /** The record as it stands, which can be removed even where it cannot be read. Never from a cache. */
  readRaw(key: string): Promise<Entry | null>
  /** Such a record with its tokens; `null`: it cannot be read, or unsealed. */
  unsealRaw(entry: Entry): Promise<OpenedRecord | null>
  /** Replaces tokens, lease and mark of the version seen, in one compare-and-swap. */
  write(seen: OpenedRecord, change: VaultChange): Promise<OpenedRecord | null>
  /** Moves a record to the new secret, once in an hour at most and never below a lease, whose version must stand still. */
  reseal(seen: OpenedRecord): Promise<void>
  /** The value of a new grant. */
  grantValue(
    key: string,
    grant: { readonly tokens: ProviderTokens; readonly account: string | null },
  ): Promise<VaultValue>
}

/** What one write changes; what is not named stays. */
export interface VaultChange {
  readonly tokens?: ProviderTokens
  readonly lease?: string | null
  readonly reconnect?: boolean
}

const kind = 'vault'
const grantBytes = 16

/** Makes the view on a bounded store. */
export function createVaultRecords(store: Store, platform: Platform, sealer: Sealer): VaultRecords {
  const records = createRecords<VaultValue>(store, platform, {
    kind,
    decode: decodeValue,
    unreadable: 'error',
  })

  /** The key inside keeps the tokens of one user from standing in the record of another. */
  const seal = (key: string, tokens: ProviderTokens): Promise<string> => sealer.seal(JSON.stringify({ key, tokens }))

  async function unseal(stored: Stored<VaultValue>): Promise<OpenedRecord | null> {
    const found = await sealer.open(stored.value.sealed)
    const tokens = found && parseTokens(found.plaintext, stored.key)
    return found && tokens && { stored, tokens, current: found.current }
  }

  async function write(seen: OpenedRecord, { tokens, lease, reconnect }: VaultChange): Promise<OpenedRecord | null> {
    const { value } = seen.stored
    const kept = tokens ?? seen.tokens
    const now = platform.now()
    const sealed = tokens || !seen.current ? { sealed: await seal(seen.stored.key, kept), sealedAt: now } : {}
    const times = tokens ? { obtainedAt: now, expiresAt: tokens.expiresAt } : {}
    const marks = { lease: lease === undefined ? value.lease : lease, reconnect: reconnect ?? value.reconnect }
    const stored = await records.replace(seen.stored, { ...value, ...times, ...marks, ...sealed })
    return stored && { stored, tokens: kept, current: true }
  }

  return {
    records,
    write,
    async reseal(seen) {
      const { lease, sealedAt } = seen.stored.value
      if (seen.current || lease !== null || platform.now() - sealedAt < resealSeconds) return
      await write(seen, {}).catch(() => null)
    },
    keyOf: (userId, provider) => sha256Text(platform, JSON.stringify([provider, userId])),
    async open(key, options) {
      const stored = await records.read(key, options)
      if (!stored) return null
      const opened = await unseal(stored)
      // A secret that is not configured is not a provider that refused: saying "connect again" would be untrue.
      if (!opened)
        throw new StoreError('A record of kind vault cannot be unsealed with the secrets that are known here.')
      return opened
    },
    unseal,
    readRaw: (key) => store.get(kind, key, { fresh: true }),
    async unsealRaw(entry) {
      let stored: Stored<VaultValue> | null = null
      try {
        stored = records.decode(entry)
      } catch {
        return null
      }
      return stored && unseal(stored)
    },
    async grantValue(key, { tokens, account }) {
      const { provider, expiresAt } = tokens
      const sealed = await seal(key, tokens)
      const grant = randomText(platform, grantBytes)
      const now = platform.now()
      const times = { sealedAt: now, obtainedAt: now, expiresAt }
      return { v: 1, provider, grant, account, sealed, ...times, lease: null, reconnect: false }
    },
  }
}

/** Checks tokens on their way in and out. Throws 'invalid_request' for what is none. */
export function checkTokens(value: unknown): ProviderTokens {
  const tokens = tokensOf(value)
  if (tokens) return tokens
  throw new AuthError('invalid_request', { parameter: 'tokens' })
}

function parseTokens(text: string, key: string): ProviderTokens | null {
  try {
    const { key: sealedFor, tokens } = JSON.parse(text) as { key?: unknown; tokens?: unknown }
    return sealedFor === key ? tokensOf(tokens) : null
  } catch {
    return null
  }
}

function tokensOf(value: unknown): ProviderTokens | null {
  if (!isObject(value)) return null
  const { provider, accessToken, scope } = value
  if (typeof provider !== 'string' || typeof accessToken !== 'string' || typeof scope !== 'string') return null
  const refreshToken = textOrNull(value.refreshToken)
  const resource = textOrNull(value.resource)
  const idToken = textOrNull(value.idToken)
  const expiresAt = typeof value.expiresAt === 'number' ? value.expiresAt : null
  const dpopKey = isObject(value.dpopKey) ? value.dpopKey : null
  return { provider, accessToken, refreshToken, expiresAt, scope, resource, idToken, dpopKey }
}

function textOrNull(value: unknown): string | null {
  return typeof value === 'string' ? value : null
}

function decodeValue(stored: unknown): VaultValue | null {
  if (!isObject(stored)) return null
  const { v, provider, grant, sealed, obtainedAt, expiresAt, reconnect } = stored
  if (v !== 1 || typeof provider !== 'string' || typeof grant !== 'string' || typeof sealed !== 'string') return null
  if (typeof obtainedAt !== 'number' || typeof reconnect !== 'boolean') return null
  const account = textOrNull(stored.account)
  const lease = textOrNull(stored.lease)
  const ends = typeof expiresAt === 'number' ? expiresAt : null
  const sealedAt = typeof stored.sealedAt === 'number' ? stored.sealedAt : obtainedAt
  return { v, provider, grant, account, sealed, sealedAt, obtainedAt, expiresAt: ends, lease, reconnect }
}
