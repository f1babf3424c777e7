/** scrypt (RFC 7914) as Django, passlib and Werkzeug store it. */
import { scrypt, timingSafeEqual } from 'node:crypto'
import { readBase64, readHex } from './encodings.js'
import { type Comparison, type Reader, readNumber } from './stored-hash.js'

/** What a stored text says; N, r and p as in RFC 7914 §2. */
interface ScryptHash {
  readonly N: number | null
  readonly r: string | undefined
  readonly p: string | undefined
  readonly salt: string | Buffer | null
  readonly tag: Buffer | null
}

/** Memory is 128 N r octets: at most 256 MiB. */
const mostMemory = 2 ** 21
/** Work is N r p: at most about three seconds of one thread. */
const mostWork = 2 ** 22
const tagLengths: readonly number[] = [32, 64]

/** `scrypt$N$salt$r$p$tag`, the salt as text (Django). */
export const readDjangoScrypt: Reader = (stored) => {
  const [, N, salt = '', r, p, tag = ''] = /^scrypt\$(\d+)\$([^$]{1,256})\$(\d+)\$(\d+)\$([^$]+)$/.exec(stored) ?? []
  return compare({ N: readNumber(N, 2, mostMemory), r, p, salt, tag: readBase64(tag) })
}

/** `$scrypt$ln=16,r=8,p=1$salt$tag` (passlib). */
export const readPasslibScrypt: Reader = (stored) => {
  const [, ln, r, p, salt = '', tag = ''] =
    /^\$scrypt\$ln=(\d+),r=(\d+),p=(\d+)\$([^$]{0,1024})\$([^$]+)$/.exec(stored) ?? []
  const exponent = readNumber(ln, 1, 21)
  return compare({ N: exponent && 2 ** exponent, r, p, salt: readBase64(salt), tag: readBase64(tag) })
}

/** `scrypt:N:r:p$salt$tag`, the salt as text, the tag in hex (Werkzeug). */
export const readWerkzeugScrypt: Reader = (stored) => {
  const [, N, r, p, salt = '', tag = ''] = /^scrypt:(\d+):(\d+):(\d+)\$([^$]{1,256})\$([^$]+)$/.exec(stored) ?? []
  return compare({ N: readNumber(N, 2, mostMemory), r, p, salt, tag: readHex(tag) })
}

function compare({ N, salt, tag, ...rest }: ScryptHash): Comparison | null {
  const [r, p] = [readNumber(rest.r, 1, 64), readNumber(rest.p, 1, 64)]
  if (N === null || r === null || p === null || salt === null || !tag) return null
  // RFC 7914 §2: N is less than 2 to the 16 r. OpenSSL does not do the work otherwise.
  if (!Number.isInteger(Math.log2(N)) || Math.log2(N) >= 16 * r) return null
  if (N * r > mostMemory || N * r * p > mostWork) return null
  if (!tagLengths.includes(tag.length)) return null
  const maxmem = 128 * (N + p + 2) * r
  return async (password) => timingSafeEqual(await derive({ password, salt }, tag.length, { N, r, p, maxmem }), tag)
}

function derive(
  input: { password: string; salt: string | Buffer },
  length: number,
  options: { N: number; r: number; p: number; maxmem: number },
): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    scrypt(input.password, input.salt, length, options, (error, key) => (error ? reject(error) : resolve(key)))
  })
}
