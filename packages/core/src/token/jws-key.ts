/** Keys that sign and verify compact JWS, imported once, each with the one algorithm it is for (RFC 8725 §3.1). */
import { CompactSign } from 'jose/jws/compact/sign'
import { importJWK } from 'jose/key/import'
import { fromBase64url, textToBase64url } from './base64url.js'
import { createHmacKey } from './hmac.js'
import { type Algorithm, type CheckedKey, publicJwk } from './jwk.js'
import type { ParsedJws } from './jws-parser.js'

/** Verifies; nothing else can be done with it. */
export interface VerifyingKey {
  readonly kid: string
  readonly algorithm: Algorithm
  /** Whether the signature is this key's, by this key's algorithm. Not a promise where it is known at once. */
  verify(token: ParsedJws): boolean | Promise<boolean>
}

/** Signs. */
export interface SigningKey {
  readonly kid: string
  readonly algorithm: Algorithm
  /** A compact JWS; the header gets `alg` and `kid`. Not a promise where it is known at once. */
  sign(header: Readonly<Record<string, unknown>>, payload: string): string | Promise<string>
}

const utf8 = new TextEncoder()
/** The algorithms as WebCrypto names them (RFC 7518 §3, RFC 8037 §3.1). */
const webCrypto: Readonly<Record<Algorithm, string | EcdsaParams | RsaPssParams>> = {
  EdDSA: 'Ed25519',
  ES256: { name: 'ECDSA', hash: 'SHA-256' },
  RS256: 'RSASSA-PKCS1-v1_5',
  PS256: { name: 'RSA-PSS', saltLength: 32 },
  HS256: 'HMAC',
}

/** The key's verifying side; it is imported when it is first needed. */
export function createVerifyingKey(checked: CheckedKey): VerifyingKey {
  const { kid, algorithm } = checked
  const mac = algorithm === 'HS256' ? createHmacKey(secretOf(checked)) : null
  if (mac) {
    return {
      kid,
      algorithm,
      verify: ({ header, signingInput, signature }) => header.alg === algorithm && mac.verify(signingInput, signature),
    }
  }
  let imported: Promise<CryptoKey> | null = null
  let key: CryptoKey | null = null

  async function importFirst(token: ParsedJws): Promise<boolean> {
    imported ??= importKey(checked, 'verify')
    try {
      key = await imported
    } catch {
      return false
    }
    return verifyBy(key, token)
  }

  // Not by jose, which would take the token apart once more (decision 079).
  function verifyBy(verifying: CryptoKey, { signature, signingInput }: ParsedJws): Promise<boolean> {
    return crypto.subtle
      .verify(webCrypto[algorithm], verifying, fromBase64url(signature), utf8.encode(signingInput))
      .catch(() => false)
  }

  return {
    kid,
    algorithm,
    verify(token) {
      if (token.header.alg !== algorithm) return false
      return key ? verifyBy(key, token) : importFirst(token)
    },
  }
}

/** The key's signing side, of a private or secret key. */
export function createSigningKey(checked: CheckedKey): SigningKey {
  const { kid, algorithm } = checked
  const mac = algorithm === 'HS256' ? createHmacKey(secretOf(checked)) : null
  if (mac) {
    // By identity: issuers pass the same frozen object each time.
    const headers = new WeakMap<object, string>()
    return {
      kid,
      algorithm,
      sign(header, payload) {
        let encoded = headers.get(header)
        if (encoded === undefined) {
          encoded = textToBase64url(JSON.stringify({ ...header, alg: algorithm, kid }))
          headers.set(header, encoded)
        }
        const signingInput = `${encoded}.${textToBase64url(payload)}`
        return `${signingInput}.${mac.sign(signingInput)}`
      },
    }
  }
  let imported: Promise<CryptoKey> | null = null
  return {
    kid,
    algorithm,
    async sign(header, payload) {
      imported ??= importKey(checked, 'sign')
      const key = await imported
      return new CompactSign(utf8.encode(payload)).setProtectedHeader({ ...header, alg: algorithm, kid }).sign(key)
    },
  }
}

async function importKey(checked: CheckedKey, use: 'sign' | 'verify'): Promise<CryptoKey> {
  if (checked.algorithm === 'HS256') {
    const secret = Uint8Array.from(secretOf(checked))
    return crypto.subtle.importKey('raw', secret, { name: 'HMAC', hash: 'SHA-256' }, false, [use])
  }
  const jwk = use === 'sign' ? checked.jwk : publicJwk(checked)
  return (await importJWK({ ...jwk, kty: checked.jwk.kty ?? '' }, checked.algorithm)) as CryptoKey
}

function secretOf({ jwk }: CheckedKey): Uint8Array {
  return fromBase64url(jwk.k ?? '')
}
