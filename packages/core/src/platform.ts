/** The only door to time, randomness, digests and the network. Everything else takes a {@link Platform}. */
import { encodeBase64urlNoPadding } from '@oslojs/encoding'
import { portableHmacSha256, portableSha256 } from './internal/portable-digests.js'

/**
 * What the library needs from the runtime. Pass another one to a factory to control time in tests.
 *
 * `now` is in whole epoch seconds, `monotonic` in milliseconds that never step back; digests are synchronous.
 */
export interface Platform {
  /** Whole seconds since the epoch. */
  now(): number
  /** Milliseconds from an arbitrary start; never steps back. Bounds and leases are measured on it. */
  monotonic(): number
  /** Resolves after at least this many milliseconds. */
  sleep(milliseconds: number): Promise<void>
  /** Bytes from the runtime's cryptographically secure generator. */
  randomBytes(length: number): Uint8Array
  /** The network. */
  fetch(url: string, init?: RequestInit): Promise<Response>
  /** SHA-256 (FIPS 180-4); text is hashed as UTF-8. 32 bytes. */
  sha256(input: string | Uint8Array): Uint8Array
  /** HMAC-SHA-256 (RFC 2104); text is taken as UTF-8. 32 bytes. */
  hmacSha256(key: Uint8Array, input: string | Uint8Array): Uint8Array
}

/** The part of node:crypto that is used where a runtime has it (Node, Bun, Deno, workerd). */
interface NodeCrypto {
  hash(algorithm: string, input: string | Uint8Array, encoding: 'buffer'): Uint8Array
  hash(algorithm: string, input: string | Uint8Array, encoding: 'base64url'): string
  createHmac(algorithm: string, key: object): { update(input: string | Uint8Array): { digest(): Uint8Array } }
  createSecretKey(key: Uint8Array): object
}

const nodeCrypto = findNodeCrypto()
// Taken out once: the module object has so many properties, and the global one such accessors, that each access costs as
// much as a look-up in a map.
const nodeHash = nodeCrypto?.hash
// Loaded by the runtime when it is first asked for, which takes a millisecond: not while a process starts.
let clock: Performance | undefined
const utf8 = new TextEncoder()

/** The runtime's own clock, randomness, digests and `fetch`. The default of every factory. */
export const systemPlatform: Platform = {
  now: () => Math.floor(Date.now() / 1000),
  monotonic: () => (clock ??= performance).now(),
  sleep: (milliseconds) => new Promise((resolve) => setTimeout(resolve, milliseconds)),
  randomBytes: (length) => crypto.getRandomValues(new Uint8Array(length)),
  fetch: (url, init) => fetch(url, init),
  sha256: nodeHash ? (input) => nodeHash('sha256', input, 'buffer') : (input) => portableSha256(bytes(input)),
  hmacSha256: nodeCrypto
    ? // Given bytes, createHmac takes three times as long to find out that they are a key.
      (key, input) => nodeCrypto.createHmac('sha256', nodeCrypto.createSecretKey(key)).update(input).digest()
    : (key, input) => portableHmacSha256(key, bytes(input)),
}

/**
 * SHA-256 of a text as base64url without padding, 43 characters. On the session path: where the platform's digest is
 * the runtime's own, the text never becomes bytes and back, which would cost more than the digest.
 */
export function sha256Text(platform: Platform, text: string): string {
  if (nodeHash && platform.sha256 === systemPlatform.sha256) return nodeHash('sha256', text, 'base64url')
  return encodeBase64urlNoPadding(platform.sha256(text))
}

function findNodeCrypto(): NodeCrypto | null {
  const { process } = globalThis as { process?: { getBuiltinModule?: (id: string) => NodeCrypto | undefined } }
  const found = process?.getBuiltinModule?.('node:crypto')
  return typeof found?.hash === 'function' ? found : null
}

function bytes(input: string | Uint8Array): Uint8Array {
  return typeof input === 'string' ? utf8.encode(input) : input
}
