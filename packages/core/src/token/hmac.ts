/**
 * HS256 without a thread hop, where the runtime has synchronous crypto (Node, Bun, Deno, workerd). Everywhere else, and for
 * every other algorithm, jose does it; jose is also the oracle of this file's differential test.
 */
import { constantTimeEqual } from '../internal/equal.js'

interface Hmac {
  update(input: string): { digest(encoding: 'base64url'): string }
}

interface NodeCrypto {
  createSecretKey(key: Uint8Array): unknown
  createHmac(algorithm: 'sha256', key: unknown): Hmac
}

/** Makes and checks the MAC of a signing input, base64url. */
export interface HmacKey {
  sign(signingInput: string): string
  /** In constant time; the MAC has to be canonical base64url. */
  verify(signingInput: string, signature: string): boolean
}

const nodeCrypto = findNodeCrypto()

/** The synchronous key, or `null` where the runtime has no synchronous crypto. */
export function createHmacKey(secret: Uint8Array): HmacKey | null {
  if (!nodeCrypto) return null
  const { createHmac, createSecretKey } = nodeCrypto
  const key = createSecretKey(secret)
  const sign = (signingInput: string): string => createHmac('sha256', key).update(signingInput).digest('base64url')
  return { sign, verify: (signingInput, signature) => constantTimeEqual(sign(signingInput), signature) }
}

function findNodeCrypto(): NodeCrypto | null {
  const { process } = globalThis as { process?: { getBuiltinModule?: (id: string) => NodeCrypto | undefined } }
  const found = process?.getBuiltinModule?.('node:crypto')
  return typeof found?.createSecretKey === 'function' ? found : null
}
