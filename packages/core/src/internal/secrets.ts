/** Secrets with ids, and a key of its own for every purpose. */
import { encodeBase64urlNoPadding } from '@oslojs/encoding'
import type { Platform } from '../platform.js'
import { ConfigError } from '../errors.js'
import { expected } from './options.js'

const leastLength = 32

/** A 32-byte key derived from one secret for one purpose. */
export interface DerivedKey {
  /** The secret's id: stands in clear beside what the key sealed, tells nothing of the secret. */
  readonly id: string
  readonly key: Uint8Array
}

/** The keys of one purpose: the first seals, all open. */
export type KeyList = readonly [DerivedKey, ...DerivedKey[]]

/**
 * Derives one purpose's keys from the app's secrets (HKDF-SHA-256, RFC 5869, one block), newest first.
 *
 * Throws `ConfigError` for anything but one or more texts of at least 32 characters.
 */
export function deriveKeys(platform: Platform, secrets: unknown, purpose: string): KeyList {
  if (!Array.isArray(secrets) || secrets.length === 0) {
    throw expected('secrets', 'a list of one or more texts of at least 32 characters', secrets)
  }
  const keys = secrets.map((secret, index) => deriveKey(platform, checkSecret(secret, index), purpose))
  if (new Set(keys.map(({ id }) => id)).size < keys.length) throw new ConfigError('secrets: one is named twice')
  return keys as [DerivedKey, ...DerivedKey[]]
}

function checkSecret(secret: unknown, index: number): string {
  if (typeof secret !== 'string') throw expected(`secrets[${index}]`, 'a text of at least 32 characters', secret)
  if (secret.length >= leastLength) return secret
  throw new ConfigError(
    `secrets[${index}]: expected a text of at least ${leastLength} characters, received one of ${secret.length}`,
  )
}

function deriveKey(platform: Platform, secret: string, purpose: string): DerivedKey {
  const extracted = platform.hmacSha256(new Uint8Array(32), secret)
  const expand = (info: string): Uint8Array => platform.hmacSha256(extracted, `${info}\u0001`)
  return { id: encodeBase64urlNoPadding(expand('tessera/id').slice(0, 6)), key: expand(`tessera/key/${purpose}`) }
}
