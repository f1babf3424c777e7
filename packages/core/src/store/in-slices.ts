/** The same for many records: a few at once, and everybody else has a turn in between. */
import type { Platform } from '../platform.js'

/** A store in this process answers without waiting, and connections are everybody’s: a pool of `pg` has ten. */
const sliceSize = 10

/** Runs a job for each item; rejects with the first failure, and begins no further slice then. */
export async function inSlices<T>(
  platform: Platform,
  items: readonly T[],
  job: (item: T) => Promise<unknown>,
): Promise<void> {
  for (let at = 0; at < items.length; at += sliceSize) {
    if (at > 0) await platform.sleep(0)
    await Promise.all(items.slice(at, at + sliceSize).map(job))
  }
}
