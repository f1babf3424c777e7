/** Puts a bound on how long a store may take: "cannot know" is said in time, and as a `StoreError`. */
import { StoreError } from '../errors.js'
import { markLate } from '../internal/late.js'
import type { Platform } from '../platform.js'
import type { Store } from './store.js'

/** How often the watch looks for calls that took too long; so a call may take that much longer than the bound. */
const watchMilliseconds = 250

/** Stores that answer from memory or bound their own backend: a second bound would only cost time. */
const selfBounded = new WeakSet<Store>()
/** The same said by a store of another package, which does not import this one: SQLite, whose tries are counted. */
const selfBoundedSymbol = Symbol.for('@tessera-auth/self-bounded')

/** Whether a store is a database in this process, which answers in microseconds and bounds itself. */
export function isEmbedded(store: Store): boolean {
  return selfBoundedSymbol in store
}

/** A call that was not answered yet, and when it began. */
interface Waiting {
  readonly since: number
  readonly reject: (error: StoreError) => void
}

/** Marks a store that needs no bound around it. */
export function markSelfBounded<S extends Store>(store: S): S {
  selfBounded.add(store)
  return store
}

/**
 * The store with every call bounded: one that takes longer, or fails, rejects with `StoreError`. The outcome of a write
 * that ran into the bound is unknown. All waiting calls share one timer.
 */
export function boundedStore(store: Store, platform: Platform, timeoutSeconds: number): Store {
  if (selfBounded.has(store) || isEmbedded(store)) return store
  const waiting = new Set<Waiting>()
  const longest = timeoutSeconds * 1000
  let watching = false

  async function watch(): Promise<void> {
    watching = true
    while (waiting.size > 0) {
      await platform.sleep(watchMilliseconds)
      const now = platform.monotonic()
      for (const call of waiting) if (now - call.since >= longest) expire(call)
    }
    watching = false
  }

  function expire(call: Waiting): void {
    waiting.delete(call)
    call.reject(markLate(new StoreError(`The store did not answer within ${timeoutSeconds} s.`)))
  }

  // On the path of every request: one promise, and one timer for all calls.
  function bounded<T>(asked: Promise<T>): Promise<T> {
    return new Promise((resolve, reject) => {
      const call = { since: platform.monotonic(), reject }
      waiting.add(call)
      if (!watching) void watch()
      // A store may answer at once; for a promise this makes none.
      Promise.resolve(asked).then(
        (value) => {
          waiting.delete(call)
          resolve(value)
        },
        (cause: unknown) => {
          waiting.delete(call)
          reject(asStoreError(cause))
        },
      )
    })
  }

  return markSelfBounded({
    // Not by way of `started`: one promise less for what is called most.
    get(kind, key, options) {
      try {
        return bounded(store.get(kind, key, options))
      } catch (cause) {
        return Promise.reject(asStoreError(cause))
      }
    },
    insert: (entry) => bounded(started(() => store.insert(entry))),
    replace: (entry, expectedVersion) => bounded(started(() => store.replace(entry, expectedVersion))),
    remove: (kind, key, expectedVersion) => bounded(started(() => store.remove(kind, key, expectedVersion))),
    listByOwner: (kind, owner) => bounded(started(() => store.listByOwner(kind, owner))),
    removeExpired: (before, limit) => bounded(started(() => store.removeExpired(before, limit))),
  })
}

/** A store that throws instead of rejecting fails all the same. */
async function started<T>(call: () => Promise<T>): Promise<T> {
  return call()
}

function asStoreError(cause: unknown): StoreError {
  return cause instanceof StoreError ? cause : new StoreError('The store failed.', { cause })
}
