/** PBKDF2 (RFC 8018) as Django, passlib and Werkzeug store it. */
import { pbkdf2, timingSafeEqual } from 'node:crypto'
import { promisify } from 'node:util'
import { readBase64, readDottedBase64, readHex } from './encodings.js'
import { type Comparison, type Reader, readNumber } from './stored-hash.js'

/** What a stored text says. */
interface Pbkdf2Hash {
  readonly digest: string
  readonly iterations: string | undefined
  readonly salt: string | Buffer | null
  readonly tag: Buffer | null
}

const derive = promisify(pbkdf2)
/** Four times what Django asks for today; about two seconds of one thread. */
const mostIterations = 5_000_000
/** Lengths in octets. A stored tag of another length, an empty one above all, is no tag. */
const tagLengths: Readonly<Record<string, number>> = { sha1: 20, sha256: 32, sha512: 64 }

/** `pbkdf2_sha256$iterations$salt$tag`, the salt as text (Django). */
export const readDjangoPbkdf2: Reader = (stored) => {
  const [, digest = '', iterations, salt = '', tag = ''] =
    /^pbkdf2_(sha1|sha256)\$(\d+)\$([^$]{1,256})\$([^$]+)$/.exec(stored) ?? []
  return compare({ digest, iterations, salt, tag: readBase64(tag) })
}

/** `$pbkdf2-sha256$iterations$salt$tag`, and `$pbkdf2$…` for SHA-1 (passlib). */
export const readPasslibPbkdf2: Reader = (stored) => {
  const [, digest = 'sha1', iterations, salt = '', tag = ''] =
    /^\$pbkdf2(?:-(sha256|sha512))?\$(\d+)\$([^$]{0,1024})\$([^$]+)$/.exec(stored) ?? []
  return compare({ digest, iterations, salt: readDottedBase64(salt), tag: readDottedBase64(tag) })
}

/** `pbkdf2:sha256:iterations$salt$tag`, the salt as text, the tag in hex (Werkzeug). */
export const readWerkzeugPbkdf2: Reader = (stored) => {
  const [, digest = '', iterations, salt = '', tag = ''] =
    /^pbkdf2:(sha1|sha256|sha512):(\d+)\$([^$]{1,256})\$([^$]+)$/.exec(stored) ?? []
  return compare({ digest, iterations, salt, tag: readHex(tag) })
}

function compare(hash: Pbkdf2Hash): Comparison | null {
  const { digest, salt, tag } = hash
  const iterations = readNumber(hash.iterations, 1, mostIterations)
  if (iterations === null || salt === null || tag?.length !== tagLengths[digest] || !tag) return null
  return async (password) => timingSafeEqual(await derive(password, salt, iterations, tag.length, digest), tag)
}
