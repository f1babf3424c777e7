/** Hashes that other software made. All are compared with the password as it was typed, which is what they were made of. */
import { readBcrypt, readDjangoBcryptSha256, readPasslibBcryptSha256 } from './bcrypt.js'
import { readDjangoPbkdf2, readPasslibPbkdf2, readWerkzeugPbkdf2 } from './pbkdf2.js'
import { readDjangoScrypt, readPasslibScrypt, readWerkzeugScrypt } from './scrypt.js'
import type { Comparison, Reader } from './stored-hash.js'

const readers: readonly Reader[] = [
  readBcrypt,
  readDjangoBcryptSha256,
  readPasslibBcryptSha256,
  readDjangoPbkdf2,
  readPasslibPbkdf2,
  readWerkzeugPbkdf2,
  readDjangoScrypt,
  readPasslibScrypt,
  readWerkzeugScrypt,
]

/** How to compare with a hash of bcrypt, PBKDF2 or scrypt; `null` for what no reader knows or a bound forbids. */
export function readForeignHash(stored: string): Comparison | null {
  for (const read of readers) {
    const comparison = read(stored)
    if (comparison) return comparison
  }
  return null
}
