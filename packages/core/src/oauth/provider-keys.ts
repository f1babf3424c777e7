/** A provider's public keys, as long as its key set may be believed. */
import { createLocalJWKSet } from 'jose/jwks/local'
import { JWKSNoMatchingKey } from 'jose/errors'
import { AuthError } from '../errors.js'
import type { Platform } from '../platform.js'
import type { ProviderDefinition } from './provider.js'
import type { ServerMetadata } from './server-metadata.js'
import { askableUrl, isObject, readJsonObject, timeoutSignal } from './upstream.js'

/** A key that the provider has withdrawn is believed for at most this long. */
const cacheSeconds = 300
/** An unknown `kid` asks again at once, but forged tokens cannot make us ask more often than this. */
const missCooldownSeconds = 5

type KeySet = ReturnType<typeof createLocalJWKSet>

interface Reading {
  readonly keys: Promise<KeySet>
  /** When it was begun, on the monotonic clock in milliseconds. */
  readonly since: number
}

/** Finds the key of a token's header; throws 'provider_error' when the key set cannot be had. */
export type KeyFinder = (...token: Parameters<KeySet>) => Promise<CryptoKey>

/** Makes the key finder of one provider; callers share one request. */
export function createKeyFinder(
  definition: ProviderDefinition,
  readMetadata: () => Promise<ServerMetadata>,
  platform: Platform,
): KeyFinder {
  let kept: Reading | null = null
  let lastMiss = Number.NEGATIVE_INFINITY

  function read(): Reading {
    const now = platform.monotonic()
    if (kept && now - kept.since < cacheSeconds * 1000) return kept
    const reading = { keys: readMetadata().then((metadata) => fetchKeys(definition, metadata, platform)), since: now }
    kept = reading
    reading.keys.catch(() => {
      if (kept === reading) kept = null
    })
    return reading
  }

  /** Whether there is something newer to look into than `used`, or may be. */
  function mayLookAgain(used: Reading): boolean {
    if (kept !== used) return true
    const now = platform.monotonic()
    if (now - lastMiss < missCooldownSeconds * 1000) return false
    lastMiss = now
    kept = null
    return true
  }

  return async (...token) => {
    const before = kept
    const used = read()
    try {
      return await (
        await used.keys
      )(...token)
    } catch (error) {
      const isOlder = used === before
      if (!(error instanceof JWKSNoMatchingKey) || !isOlder || !mayLookAgain(used)) throw error
      return (await read().keys)(...token)
    }
  }
}

async function fetchKeys(
  definition: ProviderDefinition,
  metadata: ServerMetadata,
  platform: Platform,
): Promise<KeySet> {
  const url = askableUrl(metadata.jwks_uri, definition.allowPrivateNetwork)
  if (!url) throw new AuthError('provider_error', { reason: 'address_refused' })
  try {
    const response = await platform.fetch(url.href, {
      headers: { accept: 'application/json, application/jwk-set+json' },
      redirect: 'manual',
      signal: timeoutSignal(),
    })
    const { keys } = response.status === 200 ? await readJsonObject(response) : {}
    if (Array.isArray(keys) && keys.every(isObject)) return createLocalJWKSet({ keys: keys.filter(isPublicKey) })
  } catch {
    // Said below: whatever happened, there are no keys.
  }
  throw new AuthError('provider_error', { reason: 'keys_unavailable' })
}

/** A symmetric key in a published set would let anybody sign. */
function isPublicKey(key: Record<string, unknown>): key is Record<string, unknown> & { kty: string } {
  return typeof key.kty === 'string' && key.kty !== 'oct'
}
