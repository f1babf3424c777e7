/**
 * One refresh across all processes: whoever refreshes holds a lease in the record, everybody else waits for what it
 * writes. A late result is still written, and "connect again" is said only when it is true.
 */
import { AuthError, ConfigError, OAuthResponseError, StoreError } from '../errors.js'
import type { Emit } from '../events.js'
import { randomText } from '../internal/opaque-token.js'
import type { Platform } from '../platform.js'
import type { ProviderTokens } from './identity.js'
import type { ProviderClient } from './provider-client.js'
import { providerTokens } from './read-identity.js'
import { revokeToken } from './revocation.js'
import { settled } from './settled.js'
import type { OpenedRecord, VaultRecords } from './vault-records.js'

/** What a refresh works with. */
export interface RefreshContext {
  readonly vault: VaultRecords
  readonly client: ProviderClient
  readonly platform: Platform
  readonly emit: Emit
  readonly userId: string
  readonly key: string
  readonly leaseSeconds: number
  /** An access token that the API refused, so that it does not count as good. */
  readonly rejected: string | null
}

const leaseBytes = 16
const pollMilliseconds = 50
/** Ahead of its end a token is refreshed: this much, and never more than a quarter of its life. */
const mostAheadSeconds = 30
const retryAfterSeconds = 5
/** For this long tries begin to write what the provider has answered. */
const settleMilliseconds = 6000
/** Words of providers for a refresh token that is no longer good. */
const refusals = new Set(['invalid_grant', 'bad_refresh_token', 'invalid_refresh_token', 'token_revoked'])

/** Whether the tokens of a record can be used now. */
export function isUsable({ stored, tokens }: OpenedRecord, now: number, rejected: string | null): boolean {
  const { expiresAt, obtainedAt } = stored.value
  if (tokens.accessToken === rejected) return false
  if (expiresAt === null) return true
  return now < expiresAt - Math.min(mostAheadSeconds, Math.floor((expiresAt - obtainedAt) / 4))
}

/** The error for a connection that is not there, or no longer. */
export function reconnectRequired(reason: 'not_connected' | 'refused' | 'no_refresh_token'): AuthError {
  return new AuthError('reconnect_required', { reason })
}

/** Usable tokens, refreshed here or by whoever holds the lease. Throws 'reconnect_required', 'unavailable'. */
export async function refreshedTokens(context: RefreshContext): Promise<ProviderTokens> {
  const { vault, platform, key, leaseSeconds, rejected } = context
  const patience = platform.monotonic() + 2 * leaseSeconds * 1000
  let watched = { version: '', since: 0 }
  for (;;) {
    const before = platform.monotonic()
    const seen = await vault.open(key, { fresh: true })
    if (!seen) throw reconnectRequired('not_connected')
    if (isUsable(seen, platform.now(), rejected)) return seen.tokens
    const { version, value } = seen.stored
    if (value.reconnect) throw reconnectRequired('refused')
    if (seen.tokens.refreshToken === null) throw reconnectRequired('no_refresh_token')
    if (watched.version !== version) watched = { version, since: platform.monotonic() }
    // A clock of another machine says nothing here: the version has to stand still on ours.
    const abandoned = before - watched.since >= leaseSeconds * 1000
    if (value.lease === null || abandoned) {
      // Before the lease, so that under it only one call with one timeout runs.
      await context.client.metadata().catch(() => Promise.reject(unavailable()))
      const held = await vault.write(seen, { lease: randomText(platform, leaseBytes) })
      const tokens = held && (await refreshHeld(context, held, seen.tokens.refreshToken))
      if (tokens) return tokens
      continue
    }
    if (before > patience) throw unavailable()
    await platform.sleep(pollMilliseconds)
  }
}

/** Spends the refresh token under our lease. `null`: the record has moved on, look again. */
async function refreshHeld(
  context: RefreshContext,
  held: OpenedRecord,
  refreshToken: string,
): Promise<ProviderTokens | null> {
  const { client, platform } = context
  const { tokens } = held
  try {
    const { dpopKey, resource } = tokens
    const parameters = { refresh_token: refreshToken, ...(resource !== null && { resource }) }
    const answer = await client.grant('refresh_token', parameters, { dpopKey })
    const fresh = providerTokens(client, answer, tokens)
    const kept = { refreshToken: fresh.refreshToken ?? refreshToken, idToken: fresh.idToken ?? tokens.idToken }
    // A token that lost its binding is not used. The refresh token that came along is still bound, and the only one left.
    const unbound = dpopKey !== null && answer.tokenType !== 'dpop'
    const next = unbound ? { ...tokens, ...kept } : { ...fresh, ...kept }
    const reason = unbound ? 'token_not_bound' : null
    const written = await settled(platform, deadlineOf(platform), () =>
      keep(context, { held, refreshToken, next, reason }),
    )
    if (unbound && written) throw unavailable()
    return written
  } catch (error) {
    if (error instanceof StoreError) throw error
    if (error instanceof OAuthResponseError && refusals.has(error.error)) {
      return settled(platform, deadlineOf(platform), () => markRefused(context, held, refreshToken))
    }
    await context.vault.write(held, { lease: null })
    throw error instanceof ConfigError ? error : unavailable()
  }
}

/** Writes the result wherever the refresh token that it cost still stands: over a lease or a mark of others, too. */
async function keep(
  context: RefreshContext,
  result: {
    readonly held: OpenedRecord
    readonly refreshToken: string
    readonly next: ProviderTokens
    readonly reason: string | null
  },
): Promise<ProviderTokens | null> {
  const { vault, key, emit, userId } = context
  const { held, refreshToken, next, reason } = result
  for (;;) {
    const seen = await vault.open(key, { fresh: true })
    if (seen && isWritten(seen, next)) return next
    const isOurs = seen?.stored.value.grant === held.stored.value.grant
    const kept = seen?.tokens.refreshToken
    if (!isOurs && kept === next.refreshToken) return null
    if (!seen || kept !== refreshToken) {
      if (!isOurs) await discard(context, next, seen === null)
      return null
    }
    // A consent that brought no refresh token kept the one spent here. Its access token stays: it may do more than ours.
    const tokens = isOurs ? next : { ...seen.tokens, refreshToken: next.refreshToken }
    if (!(await vault.write(seen, { tokens, lease: null, reconnect: false }))) continue
    emit('vault.refreshed', { userId, reason })
    return isOurs ? next : null
  }
}

/** Whether an earlier try of this write did arrive. */
function isWritten({ stored, tokens }: OpenedRecord, next: ProviderTokens): boolean {
  const { lease, reconnect } = stored.value
  if (lease !== null || reconnect) return false
  return tokens.accessToken === next.accessToken && tokens.refreshToken === next.refreshToken
}

/** The refusal counts only if the record still holds the token that was refused. */
async function markRefused(context: RefreshContext, held: OpenedRecord, refreshToken: string): Promise<null> {
  const { vault, key, emit, userId } = context
  for (;;) {
    const seen = await vault.open(key, { fresh: true })
    if (!seen || seen.stored.value.grant !== held.stored.value.grant) return null
    if (seen.tokens.refreshToken !== refreshToken) return null
    if (!(await vault.write(seen, { lease: null, reconnect: true }))) continue
    emit('vault.reconnect_required', { userId })
    throw reconnectRequired('refused')
  }
}

/** Nobody holds these tokens any more. Where revoking ends the whole grant, a newer grant must not die with them. */
async function discard({ client }: RefreshContext, tokens: ProviderTokens, gone: boolean): Promise<void> {
  if (!gone && client.definition.deviations.revocationEndsGrant) return
  await revokeToken(client, tokens).catch(() => {})
}

function deadlineOf(platform: Platform): number {
  return platform.monotonic() + settleMilliseconds
}

function unavailable(): AuthError {
  return new AuthError('unavailable', { retryAfterSeconds })
}
