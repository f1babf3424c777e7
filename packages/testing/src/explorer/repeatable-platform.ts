/** A test platform whose randomness repeats, so that a schedule can be run again. */
import { testPlatform, type TestPlatform } from '../test-platform.js'

/** A {@link TestPlatform} whose random bytes are the same in every run, and never twice the same within one. */
export function repeatablePlatform(): TestPlatform {
  const platform = testPlatform()
  let counter = 0
  return {
    ...platform,
    sha256: (input) => (typeof input === 'string' ? digestOf(input, platform) : platform.sha256(input)),
    randomBytes(length) {
      counter += 1
      const bytes = new Uint8Array(length).fill(counter)
      for (let index = 0; index < 4; index += 1) bytes[index] = counter >>> (24 - 8 * index)
      return bytes
    },
  }
}

/** What repeats has the same digests in every run; a digest costs as much as several steps of a schedule. */
const digests = new Map<string, Uint8Array>()
const mostDigests = 10_000

function digestOf(text: string, { sha256 }: TestPlatform): Uint8Array {
  const known = digests.get(text)
  if (known) return known
  if (digests.size >= mostDigests) digests.clear()
  const digest = sha256(text)
  digests.set(text, digest)
  return digest
}
