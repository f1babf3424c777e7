/** Digests for runtimes without node:crypto; the others get `no-portable-digests` in its place (`scripts/bundle.ts`). */
import { hmac } from '@noble/hashes/hmac.js'
import { sha256 } from '@noble/hashes/sha2.js'

/** SHA-256 (FIPS 180-4). */
export function portableSha256(input: Uint8Array): Uint8Array {
  return sha256(input)
}

/** HMAC-SHA-256 (RFC 2104). */
export function portableHmacSha256(key: Uint8Array, input: Uint8Array): Uint8Array {
  return hmac(sha256, key, input)
}
