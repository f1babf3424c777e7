/** Keys that come in other forms, as JSON Web Keys for a static ring. */
import { encodeBase64urlNoPadding } from '@oslojs/encoding'
import { exportJWK } from 'jose/key/export'
import { generateKeyPair } from 'jose/key/generate/keypair'
import { importPKCS8, importSPKI } from 'jose/key/import'
import { ConfigError } from '../errors.js'
import { expected, requireText } from '../internal/options.js'
import type { JsonWebKey } from '../json-web-key.js'
import { systemPlatform } from '../platform.js'
import { type Algorithm, checkJwk, keyShapes } from './jwk.js'

const utf8 = new TextEncoder()

/**
 * A key in PEM (PKCS #8 or SPKI; RFC 7468) as a JSON Web Key for `staticKeyRing`.
 *
 * Throws `ConfigError` where the PEM is not one key for that algorithm.
 */
export async function jwkFromPem(pem: string, algorithm: Exclude<Algorithm, 'HS256'>): Promise<JsonWebKey> {
  requireText('pem', pem)
  const read = pem.includes('PRIVATE KEY') ? importPKCS8 : importSPKI
  try {
    return checkedOrThrow({ ...(await exportJWK(await read(pem, algorithm, { extractable: true }))), alg: algorithm })
  } catch (cause) {
    if (cause instanceof ConfigError) throw cause
    throw new ConfigError(`pem: expected a PKCS #8 or SPKI key for ${algorithm}`, { cause })
  }
}

/**
 * A shared secret of at least 32 bytes (text is taken as UTF-8) as an HS256 key for `staticKeyRing`. Whoever verifies with it
 * can also sign: prefer a key pair between services.
 *
 * Throws `ConfigError` for a shorter secret, and for a public key taken for a secret.
 */
export function jwkFromSecret(secret: string | Uint8Array): JsonWebKey {
  const bytes = typeof secret === 'string' ? utf8.encode(secret) : secret
  if (!(bytes instanceof Uint8Array)) throw expected('secret', 'a text or bytes', secret)
  return checkedOrThrow({ kty: 'oct', k: encodeBase64urlNoPadding(bytes), alg: 'HS256' })
}

/**
 * A fresh private key (or secret, for HS256) as a JSON Web Key: for a static ring, for DPoP proofs, for client assertions. Keep it
 * as you keep passwords. Throws `ConfigError` for another algorithm.
 */
export async function generateJwk(algorithm: Algorithm = 'ES256'): Promise<JsonWebKey> {
  if (!Object.hasOwn(keyShapes, algorithm))
    throw expected('algorithm', `one of ${Object.keys(keyShapes).join(', ')}`, algorithm)
  if (algorithm === 'HS256') return jwkFromSecret(systemPlatform.randomBytes(32))
  const { privateKey } = await generateKeyPair(algorithm, { extractable: true })
  return checkedOrThrow({ ...(await exportJWK(privateKey)), alg: algorithm })
}

function checkedOrThrow(jwk: JsonWebKey): JsonWebKey {
  const checked = checkJwk(jwk)
  if (typeof checked === 'string') throw new ConfigError(`key: expected ${checked}`)
  return { ...checked.jwk, alg: checked.algorithm, kid: checked.kid } as JsonWebKey
}
