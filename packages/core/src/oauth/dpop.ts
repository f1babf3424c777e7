/** Keys that tokens are bound to (RFC 9449). */
import * as wire from 'oauth4webapi'
import type { JsonWebKey } from '../json-web-key.js'
import { type Platform, sha256Text } from '../platform.js'

/** Finds the proof maker of a private key. */
export type DpopHandles = (privateJwk: JsonWebKey) => Promise<wire.DPoPHandle>

const mostHandles = 1000

/**
 * Proof makers by key, those used last. Each remembers what nonce a server wants (RFC 9449 §8.2): made anew it would be
 * refused first every time, and a stream, which cannot be sent twice, always.
 */
export function createDpopHandles(identity: wire.Client, platform: Platform): DpopHandles {
  const kept = new Map<string, Promise<wire.DPoPHandle>>()
  return (privateJwk) => {
    const { x, y, d } = privateJwk
    const name = sha256Text(platform, JSON.stringify([x, y, d]))
    const handle = kept.get(name) ?? dpopHandle(identity, platform, privateJwk)
    kept.delete(name)
    kept.set(name, handle)
    const [oldest] = kept.keys()
    if (kept.size > mostHandles && oldest !== undefined) kept.delete(oldest)
    return handle
  }
}

async function dpopHandle(identity: wire.Client, platform: Platform, privateJwk: JsonWebKey): Promise<wire.DPoPHandle> {
  const algorithm = { name: 'ECDSA', namedCurve: 'P-256' }
  const { kty, crv, x, y, d } = privateJwk
  const publicJwk = { kty, crv, x, y } as JsonWebKey
  const privateKey = await crypto.subtle.importKey('jwk', { ...publicJwk, d } as JsonWebKey, algorithm, false, ['sign'])
  const publicKey = await crypto.subtle.importKey('jwk', publicJwk, algorithm, true, ['verify'])
  // The wire library would add the difference of the clocks as it was when the handle was made.
  const ourTime: wire.ModifyAssertionFunction = (_header, payload) => {
    payload.iat = platform.now()
  }
  return wire.DPoP(identity, { privateKey, publicKey }, { [wire.modifyAssertion]: ourTime })
}

/** A fresh private key for DPoP, as JWK. */
export async function createDpopKey(): Promise<JsonWebKey> {
  const pair = await crypto.subtle.generateKey({ name: 'ECDSA', namedCurve: 'P-256' }, true, ['sign', 'verify'])
  const { kty, crv, x, y, d } = await crypto.subtle.exportKey('jwk', pair.privateKey)
  return { kty, crv, x, y, d } as JsonWebKey
}
