/** The pepper: a key of its own and an id for each secret that hashes need besides the password. */
import { ConfigError, systemPlatform } from '@tessera-auth/core/http'
import { expected } from './options.js'

/** One pepper. */
export interface Pepper {
  /** Stands in clear in the hash, as the `keyid` of the PHC string format; tells nothing of the secret. */
  readonly id: string
  /** 32 octets: argon2's secret K (RFC 9106 §3.1). */
  readonly key: Uint8Array
}

const leastLength = 32
const what = `a text of at least ${leastLength} characters, or a list of such texts`

/** The peppers of an option, newest first. Throws `ConfigError` for a short one, an empty list, or one named twice. */
export function readPeppers(option: unknown): readonly Pepper[] {
  if (option === undefined) return []
  const texts: readonly unknown[] = Array.isArray(option) ? option : [option]
  if (texts.length === 0) throw expected('pepper', what, option)
  const peppers = texts.map(derive)
  if (new Set(peppers.map(({ id }) => id)).size < peppers.length) throw new ConfigError('pepper: one is named twice')
  return peppers
}

/** The text is secret enough to be an HMAC key itself; two labels keep id and key apart. */
function derive(text: unknown): Pepper {
  if (typeof text !== 'string') throw expected('pepper', what, text)
  if (text.length < leastLength) throw new ConfigError(`pepper: expected ${what}, received one of ${text.length}`)
  const secret = Buffer.from(text)
  const id = systemPlatform.hmacSha256(secret, 'tessera/password-pepper-id').subarray(0, 6)
  return { id: Buffer.from(id).toString('base64'), key: systemPlatform.hmacSha256(secret, 'tessera/password-pepper') }
}
