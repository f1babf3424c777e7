/** A test platform whose randomness repeats, so that a schedule can be run again. */
import { testPlatform, type TestPlatform } from '../test-platform.js'

/** A {@link TestPlatform} whose random bytes are the same in every run, and never twice the same within one. */
export function repeatablePlatform(): TestPlatform {
  let counter = 0
  return {
    ...testPlatform(),
    randomBytes(length) {
      counter += 1
      const bytes = new Uint8Array(length).fill(counter)
      for (let index = 0; index < 4; index += 1) bytes[index] = counter >>> (24 - 8 * index)
      return bytes
    },
  }
}
