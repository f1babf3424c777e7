/** Waiting for a user who answers elsewhere: the polling that device flow (RFC 8628 §3.5) and CIBA poll mode share. */
import { AuthError, OAuthResponseError } from '../errors.js'
import type { GrantedLogin } from './identity.js'
import type { ProviderClient } from './provider-client.js'
import { type AskedFor, providerTokens, readIdentity } from './read-identity.js'
import type { TokenAnswer } from './token-answer.js'

/** An answer that is waited for. */
export interface Pending {
  readonly grant: string
  readonly parameters: Readonly<Record<string, string>>
  /** Epoch seconds. */
  readonly expiresAt: number
  readonly intervalSeconds: number
  readonly asked: AskedFor
}

/** The default of both specifications, and what `slow_down` adds. */
const pollSeconds = 5
/** Who is asked to wait for longer than this between two tries is not waiting for a user. */
const longestPollSeconds = 3600

/** The provider's interval, in seconds, or the default. Throws 'provider_error' for an absurd one. */
export function pollInterval(interval: number | undefined): number {
  if (interval === undefined) return pollSeconds
  if (interval <= longestPollSeconds) return interval
  throw new AuthError('provider_error', { reason: 'interval' })
}

/**
 * Polls until there is an answer. Throws 'access_denied' when the user declined, 'transaction_missing' when it took too
 * long, and the signal's reason when it aborts.
 */
export async function pollForTokens(
  client: ProviderClient,
  pending: Pending,
  signal: AbortSignal | undefined,
): Promise<GrantedLogin> {
  const { platform } = client
  let interval = pending.intervalSeconds
  for (;;) {
    // Not beyond the end, after which there is nothing to ask for.
    await pause(client, Math.min(interval, Math.max(0, pending.expiresAt - platform.now())), signal)
    if (platform.now() >= pending.expiresAt) throw new AuthError('transaction_missing')
    const answer = await ask(client, pending, signal)
    if (typeof answer === 'object') return granted(client, answer, pending.asked)
    if (answer === 'slow_down') interval += pollSeconds
  }
}

async function ask(
  client: ProviderClient,
  { grant, parameters }: Pending,
  signal: AbortSignal | undefined,
): Promise<TokenAnswer | 'pending' | 'slow_down'> {
  try {
    return await client.grant(grant, parameters, signal ? { signal } : {})
  } catch (error) {
    signal?.throwIfAborted()
    if (!(error instanceof AuthError)) throw error
    if (!(error instanceof OAuthResponseError)) return 'slow_down'
    if (error.error === 'authorization_pending') return 'pending'
    if (error.error === 'slow_down') return 'slow_down'
    if (error.error === 'access_denied') throw new AuthError('access_denied')
    if (error.error === 'expired_token') throw new AuthError('transaction_missing')
    throw error
  }
}

async function granted(client: ProviderClient, answer: TokenAnswer, asked: AskedFor): Promise<GrantedLogin> {
  const tokens = providerTokens(client, answer, asked)
  if (client.definition.identity.from === 'id_token' && answer.idToken === null) return { identity: null, tokens }
  const { idToken, accessToken } = answer
  const claims = idToken === null ? null : await client.verifyIdToken(idToken, { nonce: null, accessToken })
  return { identity: await readIdentity(client, { answer, asked, idTokenClaims: claims }), tokens }
}

async function pause(client: ProviderClient, seconds: number, signal: AbortSignal | undefined): Promise<void> {
  signal?.throwIfAborted()
  const waited = client.platform.sleep(seconds * 1000)
  if (!signal) return waited
  const aborted = Promise.withResolvers<never>()
  const abort = (): void => aborted.reject(signal.reason)
  signal.addEventListener('abort', abort, { once: true })
  try {
    await Promise.race([waited, aborted.promise])
  } finally {
    signal.removeEventListener('abort', abort)
  }
}
