/** Encrypted content (JWE compact, RFC 7516): a strict parser, and the raw door. */
import { compactDecrypt } from 'jose/jwe/compact/decrypt'
import { CompactEncrypt } from 'jose/jwe/compact/encrypt'
import { importJWK } from 'jose/key/import'
import { ConfigError } from '../errors.js'
import { expected } from '../internal/options.js'
import type { JsonWebKey } from '../json-web-key.js'
import { isBase64url } from './base64url.js'
import { mostTokenLength, parseHeaderMembers } from './jws-parser.js'
import type { OpenedToken } from './raw-doors.js'
import type { JsonObject } from './strict-json.js'

/**
 * Key management that is taken, each only with a key whose `alg` says so. Not RSA1_5, which leaks by its errors, and not PBES2,
 * whose cost the sender would choose (RFC 8725 §3.2).
 */
const managements = new Set([
  ...['dir', 'ECDH-ES', 'ECDH-ES+A128KW', 'ECDH-ES+A256KW', 'RSA-OAEP', 'RSA-OAEP-256'],
  ...['A128KW', 'A256KW', 'A128GCMKW', 'A256GCMKW'],
])
const encryptions = ['A256GCM', 'A128GCM', 'A128CBC-HS256', 'A256CBC-HS512']
/** `zip` is decompression of what a stranger made; the others are extensions, or keys and costs from the token. */
const refusedMembers = ['zip', 'crit', 'jwk', 'jku', 'x5u', 'x5c', 'p2c', 'p2s', 'b64']

/**
 * The plaintext of a compact JWE that is for one of the keys; `null` for every no. Each key needs the `alg` it is for: `dir`,
 * `ECDH-ES`, `RSA-OAEP` … A nested token is returned as it is, for its own door.
 *
 * Throws `ConfigError` for keys that cannot be used.
 */
export async function decryptJwe(token: string, keys: readonly JsonWebKey[]): Promise<OpenedToken | null> {
  checkDecryptionKeys(keys)
  const header = parseJweHeader(token)
  if (!header) return null
  const { alg, enc, kid } = header
  const candidates = keys.filter(
    (key) => key.alg === alg && (kid === undefined || kidOf(key) === kid || kidOf(key) === undefined),
  )
  const [key, another] = candidates
  if (!key || another || typeof enc !== 'string' || !encryptions.includes(enc)) return null
  try {
    const imported = await importJWK({ ...key, kty: key.kty ?? '' }, key.alg ?? '')
    const options = { keyManagementAlgorithms: [String(alg)], contentEncryptionAlgorithms: [enc] }
    return { header, payload: (await compactDecrypt(token, imported, options)).plaintext }
  } catch {
    return null
  }
}

/**
 * A compact JWE that only the holder of the recipient's private key can read (ECDH-ES, A256GCM; RFC 7518 §4.6). It proves
 * nothing about who made it: sign first, then encrypt, where that matters.
 *
 * Throws `ConfigError` for anything but a public EC or X25519 key.
 */
export async function encryptJwe(payload: string | Uint8Array, recipient: JsonWebKey, typ?: string): Promise<string> {
  if (typeof recipient !== 'object' || recipient === null)
    throw expected('recipient', 'a public EC or X25519 key', recipient)
  const { kty, crv, x, y } = recipient
  if ((kty !== 'EC' && kty !== 'OKP') || crv === 'Ed25519')
    throw expected('recipient', 'a public EC or X25519 key', recipient)
  const kid = kidOf(recipient)
  const members = { kty, ...(crv ? { crv } : {}), ...(x ? { x } : {}), ...(y ? { y } : {}) }
  const key = await importJWK(members, 'ECDH-ES').catch((cause: unknown) => {
    throw new ConfigError('recipient: expected a public EC or X25519 key', { cause })
  })
  return new CompactEncrypt(typeof payload === 'string' ? new TextEncoder().encode(payload) : payload)
    .setProtectedHeader({
      alg: 'ECDH-ES',
      enc: 'A256GCM',
      ...(kid === undefined ? {} : { kid }),
      ...(typ === undefined ? {} : { typ }),
    })
    .encrypt(key)
}

/** The protected header of a text that is exactly one compact JWE, strictly read; `null` otherwise. */
export function parseJweHeader(token: unknown): JsonObject | null {
  if (typeof token !== 'string' || token.length > mostTokenLength) return null
  const parts = token.split('.', 6)
  if (parts.length !== 5 || !parts.every(isBase64url)) return null
  const header = parseHeaderMembers(parts[0] ?? '')
  if (!header || refusedMembers.some((name) => Object.hasOwn(header, name))) return null
  return header
}

function checkDecryptionKeys(keys: readonly JsonWebKey[]): void {
  if (!Array.isArray(keys) || keys.length === 0) throw expected('keys', 'a list of one or more JSON Web Keys', keys)
  keys.forEach((key: JsonWebKey, index) => {
    if (typeof key?.alg === 'string' && managements.has(key.alg)) return
    throw new ConfigError(`keys[${index}]: expected an alg out of ${[...managements].join(', ')}`)
  })
}

function kidOf(jwk: JsonWebKey): string | undefined {
  const { kid } = jwk as { kid?: string }
  return kid
}
