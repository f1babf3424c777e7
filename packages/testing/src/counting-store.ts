/** How often a store is asked, so that a test can hold an app to its budget. */
import type { Store } from '@tessera-auth/core'

/** A store that counts. */
export interface CountingStore extends Store {
  /** Since the last call of this method: `get` and `listByOwner` are reads, the rest are writes. */
  takeCounts(): { readonly reads: number; readonly writes: number }
}

/**
 * Counts the calls that reach a store.
 *
 * @example
 * ```ts
 * const store = countingStore(memoryStore())
 * // … serve one request
 * expect(store.takeCounts()).toEqual({ reads: 1, writes: 0 })
 * ```
 */
export function countingStore(store: Store): CountingStore {
  let reads = 0
  let writes = 0

  function read<T>(answer: T): T {
    reads += 1
    return answer
  }

  function write<T>(answer: T): T {
    writes += 1
    return answer
  }

  return {
    get: (kind, key, options) => read(store.get(kind, key, options)),
    listByOwner: (kind, owner) => read(store.listByOwner(kind, owner)),
    insert: (entry) => write(store.insert(entry)),
    replace: (entry, expectedVersion) => write(store.replace(entry, expectedVersion)),
    remove: (kind, key, expectedVersion) => write(store.remove(kind, key, expectedVersion)),
    removeExpired: (before, limit) => write(store.removeExpired(before, limit)),
    takeCounts() {
      const counts = { reads, writes }
      reads = 0
      writes = 0
      return counts
    },
  }
}
