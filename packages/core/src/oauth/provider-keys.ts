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
/** Forged tokens of an unknown `kid`, and a provider that fails, cannot make us ask more often than this. */
const cooldownSeconds = 5

type KeySet = ReturnType<typeof createLocalJWKSet>

interface Reading {
  readonly keys: KeySet
  /** When it was begun, on the monotonic clock in milliseconds. */
  readonly since: number
}

/** Finds the key of a token's header; throws 'provider_error' when the key set cannot be had. */
export type KeyFinder = (...token: Parameters<KeySet>) => Promise<CryptoKey>

/**
 * Makes the key finder of one provider; callers share one request. A reading is used until a newer one has succeeded or it
 * is too old: else a stranger's token, while the provider is down, would take the keys away from everybody's sign-in.
 */
export function createKeyFinder(
  definition: ProviderDefinition,
  readMetadata: () => Promise<ServerMetadata>,
  platform: Platform,
): KeyFinder {
  let kept: Reading | null = null
  let running: Promise<Reading> | null = null
  let lastMiss = Number.NEGATIVE_INFINITY
  let lastFailure = Number.NEGATIVE_INFINITY

  const isWithin = (seconds: number, since: number): boolean => platform.monotonic() - since < seconds * 1000

  async function read(): Promise<Reading> {
    const since = platform.monotonic()
    try {
      kept = { keys: await fetchKeys(definition, await readMetadata(), platform), since }
      return kept
    } catch (error) {
      lastFailure = platform.monotonic()
      throw error
    } finally {
      running = null
    }
  }

  async function ask(): Promise<Reading> {
    if (!running && isWithin(cooldownSeconds, lastFailure)) throw unavailable()
    running ??= read()
    return running
  }

  /** What was read after `used`, or may be; `null`: nothing, and somebody has just looked. */
  async function newerThan(used: Reading): Promise<Reading | null> {
    if (kept && kept !== used) return kept
    if (!running && !isWithin(cooldownSeconds, lastFailure)) {
      if (isWithin(cooldownSeconds, lastMiss)) return null
      lastMiss = platform.monotonic()
    }
    return ask()
  }

  return async (...token) => {
    const young = kept && isWithin(cacheSeconds, kept.since) ? kept : null
    const older = young ?? (await running)
    const used = older ?? (await ask())
    try {
      return await used.keys(...token)
    } catch (error) {
      if (!older || !(error instanceof JWKSNoMatchingKey)) throw error
      const newer = await newerThan(used)
      if (!newer) throw error
      return newer.keys(...token)
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
  throw unavailable()
}

function unavailable(): AuthError {
  return new AuthError('provider_error', { reason: 'keys_unavailable' })
}

/** A symmetric key in a published set would let anybody sign. */
function isPublicKey(key: Record<string, unknown>): key is Record<string, unknown> & { kty: string } {
  return typeof key.kty === 'string' && key.kty !== 'oct'
}
