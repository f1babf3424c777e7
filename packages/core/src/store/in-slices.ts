/** The same for many records: a few at once, and everybody else has a turn in between. */
import { isLate } from '../internal/late.js'
import type { Platform } from '../platform.js'

/** A store in this process answers without waiting, and connections are everybody’s: a pool of `pg` has ten. */
const sliceSize = 10

/**
 * Runs a job for each item, and rejects with the first failure at the end: one item that fails keeps no other from its
 * turn. Where the store hangs, no further slice begins.
 */
export async function inSlices<T>(
  platform: Platform,
  items: readonly T[],
  job: (item: T) => Promise<unknown>,
): Promise<void> {
  const failures: unknown[] = []
  for (let at = 0; at < items.length && !failures.some(isLate); at += sliceSize) {
    if (at > 0) await platform.sleep(0)
    const slice = items.slice(at, at + sliceSize)
    await Promise.all(slice.map((item) => job(item).catch((error: unknown) => failures.push(error))))
  }
  if (failures.length > 0) throw failures.find(isLate) ?? failures[0]
}
