/** Writing what exists nowhere else: an outage of the store is waited for. */
import { StoreError } from '../errors.js'
import type { Platform } from '../platform.js'

/** Six tries, with some six seconds of pauses between them. */
const tries = 6
const pauseMilliseconds = 100

/** Runs a write again while the store does not answer, which may have been done all the same. Throws its last error. */
export async function settled<Result>(platform: Platform, write: () => Promise<Result>): Promise<Result> {
  for (let tried = 1; ; tried += 1) {
    try {
      return await write()
    } catch (error) {
      if (!(error instanceof StoreError) || tried === tries) throw error
      await platform.sleep(pauseMilliseconds * 2 ** tried)
    }
  }
}
