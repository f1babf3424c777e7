/** Writing what exists nowhere else: an outage of the store is waited for. */
import { StoreError } from '../errors.js'
import type { Platform } from '../platform.js'

const firstPauseMilliseconds = 200
const longestPauseMilliseconds = 1000

/**
 * Runs a write again while the store does not answer, as long as a try begins before the deadline, which is a time of
 * `monotonic`. The write is told whether it runs again: then it may have been done already. Throws its last error.
 */
export async function settled<Result>(
  platform: Platform,
  deadline: number,
  write: (again: boolean) => Promise<Result>,
): Promise<Result> {
  for (let tried = 0; ; tried += 1) {
    try {
      return await write(tried > 0)
    } catch (error) {
      const pause = Math.min(firstPauseMilliseconds * 2 ** tried, longestPauseMilliseconds)
      if (!(error instanceof StoreError) || platform.monotonic() + pause >= deadline) throw error
      await platform.sleep(pause)
    }
  }
}
