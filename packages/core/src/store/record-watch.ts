/** Watching one record: told by the cache's bus where there is one, and re-read every now and then in any case. */
import type { Platform } from '../platform.js'
import type { Note } from './entry-cache.js'
import type { Entry, Store } from './store.js'

/** What a store that hears of changes offers; a `cachedStore` registers itself. */
export interface ChangeFeed {
  /** How old an answer may be: how often a watch reads again by itself. */
  readonly maxStalenessSeconds: number
  /** Calls back whenever this record was changed, as far as the bus tells; returns the unsubscribe. */
  listen(kind: string, key: string, onChange: () => void): () => void
  /** The records of one kind that may be used without asking anybody; see {@link keptRecords}. */
  kept(kind: string): KeptRecords
}

/** What was made of the records of one kind that a cache has at hand. */
export interface KeptRecords {
  /** What was kept under this name, where the answer it was made of may still be used; else `undefined`: ask the store. */
  recall(name: string): object | undefined
  /** Keeps what was made of an answer for as long as that is kept, and not at all where it is not. */
  keep(answer: { readonly key: string; readonly entry: Promise<Entry | null> }, note: Note): void
}

/** How often a record of a store without a feed is looked at. */
const plainSeconds = 10
const mostSleepMilliseconds = 1000

const feeds = new WeakMap<Store, ChangeFeed>()

/** Makes a store's changes known to watches. */
export function registerChangeFeed(store: Store, feed: ChangeFeed): void {
  feeds.set(store, feed)
}

/** What a store keeps of one kind; `undefined`: it keeps nothing. On the path of every request, as it makes no promise. */
export function keptRecords(store: Store, kind: string): KeptRecords | undefined {
  return feeds.get(store)?.kept(kind)
}

/** Calls back whenever the record of this key may have changed: the callback reads and decides. Returns the unsubscribe. */
export type WatchRecord = (key: string, onMayHaveChanged: () => void) => () => void

/** One record that is watched. */
interface Watch {
  /** When it is looked at next if nothing is heard of it; monotonic milliseconds. */
  due: number
  readonly look: () => void
}

/** Watches for the records of one kind. One that was stopped holds nothing, and the process for a second at most. */
export function createWatches(store: Store, platform: Platform, kind: string): WatchRecord {
  const feed = feeds.get(store)
  const interval = (feed?.maxStalenessSeconds ?? plainSeconds) * 1000
  // The next that is due comes first: all are looked at equally often, and then go behind the others.
  const watches = new Set<Watch>()
  let looking = false

  async function lookRegularly(): Promise<void> {
    looking = true
    for (let [next] = watches; next; [next] = watches) {
      const rest = next.due - platform.monotonic()
      if (rest > 0) await platform.sleep(Math.min(rest, mostSleepMilliseconds))
      else {
        watches.delete(next)
        next.due = platform.monotonic() + interval
        watches.add(next)
        next.look()
      }
    }
    looking = false
  }

  return (key, onMayHaveChanged) => {
    const watch = { due: platform.monotonic() + interval, look: onMayHaveChanged }
    watches.add(watch)
    const unlisten = feed?.listen(kind, key, onMayHaveChanged)
    if (!looking) void lookRegularly()
    return () => {
      watches.delete(watch)
      unlisten?.()
    }
  }
}
