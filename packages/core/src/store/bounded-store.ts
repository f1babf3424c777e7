/** Puts a bound on how long a store may take: "cannot know" is said in time, and as a `StoreError`. */
import { StoreError } from '../errors.js'
import type { Platform } from '../platform.js'
import type { Store } from './store.js'

/** How often the watch looks for calls that took too long; so a call may take that much longer than the bound. */
const watchMilliseconds = 250

/** Stores that answer from memory or bound their own backend: a second bound would only cost time. */
const selfBounded = new WeakSet<Store>()

interface Waiting {
  readonly deadline: number
  expire(): void
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
  if (selfBounded.has(store)) return store
  const waiting = new Set<Waiting>()
  let watching = false

  async function watch(): Promise<void> {
    while (waiting.size > 0) {
      await platform.sleep(watchMilliseconds)
      const now = platform.monotonic()
      for (const call of waiting) if (call.deadline <= now) call.expire()
    }
    watching = false
  }

  function bounded<T>(run: () => Promise<T>): Promise<T> {
    return new Promise((resolve, reject) => {
      const call: Waiting = {
        deadline: platform.monotonic() + timeoutSeconds * 1000,
        expire: () => fail(new StoreError(`The store did not answer within ${timeoutSeconds} s.`)),
      }
      const fail = (error: unknown): void => {
        waiting.delete(call)
        reject(error)
      }
      const succeed = (value: T): void => {
        waiting.delete(call)
        resolve(value)
      }
      waiting.add(call)
      if (!watching) {
        watching = true
        void watch()
      }
      attempt(run).then(succeed, (cause: unknown) => fail(asStoreError(cause)))
    })
  }

  return markSelfBounded({
    get: (kind, key, options) => bounded(() => store.get(kind, key, options)),
    insert: (entry) => bounded(() => store.insert(entry)),
    replace: (entry, expectedVersion) => bounded(() => store.replace(entry, expectedVersion)),
    remove: (kind, key, expectedVersion) => bounded(() => store.remove(kind, key, expectedVersion)),
    listByOwner: (kind, owner) => bounded(() => store.listByOwner(kind, owner)),
    removeExpired: (before, limit) => bounded(() => store.removeExpired(before, limit)),
  })
}

/** A backend that throws instead of rejecting is a backend that failed. */
async function attempt<T>(run: () => Promise<T>): Promise<T> {
  return run()
}

function asStoreError(cause: unknown): StoreError {
  return cause instanceof StoreError ? cause : new StoreError('The store failed.', { cause })
}
