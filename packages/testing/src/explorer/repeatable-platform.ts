/** A test platform whose randomness repeats, so that a schedule can be run again. */
import { testPlatform, type TestPlatform } from '../test-platform.js'

/** A {@link TestPlatform} whose random bytes are the same in every run, and never twice the same within one. */
export function repeatablePlatform(): TestPlatform {
  let counter = 0
  return {
    ...testPlatform(),
    randomBytes(length) {
      counter += 1
      const bytes = new Uint8Array(length)
      for (let index = 0; index < length; index += 1) bytes[index] = Math.imul(counter + index * 7, 0x9e3779b1) >>> 24
      if (length >= 4) new DataView(bytes.buffer).setUint32(0, counter)
      return bytes
    },
  }
}
