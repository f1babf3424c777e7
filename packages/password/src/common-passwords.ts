/** The built-in list of common passwords (NIST SP 800-63B; ASVS 6.2.4). */
import { brotliDecompressSync } from 'node:zlib'
import { commonPasswordData } from './common-passwords-data.js'

let list: ReadonlySet<string> | null = null

/** The list, in lower case; unpacked at the first call. */
export function commonPasswords(): ReadonlySet<string> {
  list ??= new Set(brotliDecompressSync(Buffer.from(commonPasswordData, 'base64')).toString('utf8').split('\n'))
  return list
}
