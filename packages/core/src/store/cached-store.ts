/** A store that keeps what it read in this process for a bounded time. */
import { requireMethods, seconds, wholeNumber } from '../internal/options.js'
import { type Platform, systemPlatform } from '../platform.js'
import { boundedStore, markSelfBounded } from './bounded-store.js'
import { createChangeListeners } from './change-listeners.js'
import { createEntryCache } from './entry-cache.js'
import type { InvalidationBus } from './invalidation-bus.js'
import { registerChangeFeed } from './record-watch.js'
import { createSharedReads } from './shared-reads.js'
import type { Store } from './store.js'

/** How long a copy may be used, how many are kept, and who tells of changes. */
export interface CachedStoreOptions {
  /** Makes a change seen in milliseconds; the bound holds without one. */
  readonly bus?: InvalidationBus
  /** The age, from the start of its read, past which no answer is used, whatever the bus says. Default 10. */
  readonly maxStalenessSeconds?: number
  /** How many records of each kind are kept, and as many absences. Default 100,000. */
  readonly maxEntries?: number
  /** How long one call of the store may take. Default 5. */
  readonly storeTimeoutSeconds?: number
  /** Default: the runtime's own. */
  readonly platform?: Platform
}

/** A store with a cache before it. */
export interface CachedStore extends Store {
  /** Stops listening to the bus, for a clean shutdown. The store goes on, and so does the bound. */
  close(): Promise<void>
}

/**
 * The same store, but a record is read at most once per `maxStalenessSeconds` however often it is asked for.
 *
 * `get` answers with frozen entries, the same one at each hit. An answer whose read *started* longer ago than the bound
 * is never used. A change made through this store is seen here at once, one that the bus tells of within milliseconds.
 * What is refused because of a copy must be confirmed with a `fresh` read.
 *
 * Each method may throw `StoreError`; the outcome of a write that does is unknown. Throws `ConfigError`.
 *
 * @example
 * ```ts
 * const store = cachedStore(records, { bus: redisBus(redis), maxStalenessSeconds: 5 })
 * ```
 */
export function cachedStore(store: Store, options: CachedStoreOptions = {}): CachedStore {
  const { platform, bus, inner, cache, maxStalenessSeconds } = checkedParts(store, options)
  const maxStalenessMilliseconds = maxStalenessSeconds * 1000
  const reads = createSharedReads({ store: inner, platform, cache, maxStalenessMilliseconds })
  const listeners = createChangeListeners()

  function forget(kind: string, key: string): void {
    const id = idOf(kind, key)
    cache.drop(kind, key)
    reads.detach(id)
    listeners.tell(id)
  }

  async function write(kind: string, key: string, run: () => Promise<boolean>): Promise<boolean> {
    let unchanged = false
    try {
      const written = await run()
      unchanged = !written
      return written
    } finally {
      forget(kind, key)
      // Not awaited: a bus that hangs must not hold up a sign-out.
      if (bus && !unchanged) void publish(bus, kind, key)
    }
  }

  const unsubscribe = bus?.subscribe(forget, (healthy) => {
    if (!healthy) return
    // What was published before the subscription stood is lost: nothing that was read before may be believed.
    cache.clear()
    reads.detachAll()
  })

  const cached: CachedStore = {
    get(kind, key, getOptions) {
      if (getOptions?.fresh) return reads.fresh({ id: idOf(kind, key), kind, key })
      const answer = cache.get(kind, key)
      if (answer && platform.monotonic() - answer.readAt <= maxStalenessMilliseconds) return answer.entry
      return reads.join({ id: idOf(kind, key), kind, key })
    },
    insert: (entry) => write(entry.kind, entry.key, () => inner.insert(entry)),
    replace: (entry, version) => write(entry.kind, entry.key, () => inner.replace(entry, version)),
    remove: (kind, key, version) => write(kind, key, () => inner.remove(kind, key, version)),
    listByOwner: (kind, owner) => inner.listByOwner(kind, owner),
    removeExpired: (before, limit) => inner.removeExpired(before, limit),
    close: async () => unsubscribe?.(),
  }
  registerChangeFeed(cached, {
    maxStalenessSeconds,
    listen: (kind, key, onChange) => listeners.add(idOf(kind, key), onChange),
    kept(kind) {
      const named = cache.named(kind)
      return {
        recall(name) {
          const kept = named.get(name)
          if (!kept || platform.monotonic() - kept.readAt > maxStalenessMilliseconds) return undefined
          kept.used = true
          return kept.note?.made
        },
        keep: (answer, note) => cache.name({ kind, ...answer }, note),
      }
    },
  })
  return markSelfBounded(cached)
}

function checkedParts(store: Store, options: CachedStoreOptions) {
  const { bus, platform = systemPlatform } = options
  requireMethods('store', store, ['get', 'insert', 'replace', 'remove', 'listByOwner', 'removeExpired'])
  if (bus !== undefined) requireMethods('bus', bus, ['publish', 'subscribe'])
  const staleness = { default: 10, min: 1, max: 3_600 }
  const timeout = { default: 5, min: 1, max: 60 }
  const entries = { default: 100_000, min: 1, max: 10_000_000, unit: 'entries' }
  return {
    bus,
    platform,
    maxStalenessSeconds: seconds('maxStalenessSeconds', options.maxStalenessSeconds, staleness),
    cache: createEntryCache(wholeNumber('maxEntries', options.maxEntries, entries)),
    inner: boundedStore(store, platform, seconds('storeTimeoutSeconds', options.storeTimeoutSeconds, timeout)),
  }
}

function idOf(kind: string, key: string): string {
  return `${kind}\0${key}`
}

async function publish(bus: InvalidationBus, kind: string, key: string): Promise<void> {
  try {
    await bus.publish(kind, key)
  } catch {
    // The bus only makes a change seen sooner.
  }
}
