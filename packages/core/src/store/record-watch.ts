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

const feeds = new WeakMap<Store, ChangeFeed>()

/** Makes a store's changes known to watches. */
export function registerChangeFeed(store: Store, feed: ChangeFeed): void {
  feeds.set(store, feed)
}

/** What a store keeps of one kind; `undefined`: it keeps nothing. On the path of every request, as it makes no promise. */
export function keptRecords(store: Store, kind: string): KeptRecords | undefined {
  return feeds.get(store)?.kept(kind)
}

/** Calls back whenever the record may have changed: the callback reads and decides. Returns the unsubscribe. */
export function watchRecord(
  watched: { readonly store: Store; readonly platform: Platform; readonly kind: string; readonly key: string },
  onMayHaveChanged: () => void,
): () => void {
  const { store, platform, kind, key } = watched
  const feed = feeds.get(store)
  let stopped = false
  const unlisten = feed?.listen(kind, key, onMayHaveChanged)

  async function lookRegularly(): Promise<void> {
    while (!stopped) {
      await platform.sleep((feed?.maxStalenessSeconds ?? plainSeconds) * 1000)
      if (!stopped) onMayHaveChanged()
    }
  }

  void lookRegularly()
  return () => {
    stopped = true
    unlisten?.()
  }
}
