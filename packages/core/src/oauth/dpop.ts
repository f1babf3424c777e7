/** Keys that tokens are bound to (RFC 9449). */
import * as wire from 'oauth4webapi'
import type { JsonWebKey } from '../json-web-key.js'

/** The proof maker of one key pair. */
export async function dpopHandle(identity: wire.Client, privateJwk: JsonWebKey): Promise<wire.DPoPHandle> {
  const algorithm = { name: 'ECDSA', namedCurve: 'P-256' }
  const { kty, crv, x, y, d } = privateJwk
  const publicJwk = { kty, crv, x, y } as JsonWebKey
  const privateKey = await crypto.subtle.importKey('jwk', { ...publicJwk, d } as JsonWebKey, algorithm, false, ['sign'])
  const publicKey = await crypto.subtle.importKey('jwk', publicJwk, algorithm, true, ['verify'])
  return wire.DPoP(identity, { privateKey, publicKey })
}

/** A fresh private key for DPoP, as JWK. */
export async function createDpopKey(): Promise<JsonWebKey> {
  const pair = await crypto.subtle.generateKey({ name: 'ECDSA', namedCurve: 'P-256' }, true, ['sign', 'verify'])
  const { kty, crv, x, y, d } = await crypto.subtle.exportKey('jwk', pair.privateKey)
  return { kty, crv, x, y, d } as JsonWebKey
}
