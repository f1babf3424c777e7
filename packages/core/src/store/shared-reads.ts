/** Reads of the store that several callers share, and the rules of who may share which. */
import { StoreError } from '../errors.js'
import type { Platform } from '../platform.js'
import type { EntryCache } from './entry-cache.js'
import type { Entry, Store } from './store.js'

/** The reads under way, one record at a time. */
export interface SharedReads {
  /** Joins the read of this record that is under way, or starts one. Its answer is cached unless it was detached. */
  join(name: RecordName): Promise<Entry | null>
  /** A read that starts after this call; callers that come before it started share it: one runs, one waits. */
  fresh(name: RecordName): Promise<Entry | null>
  /** The record changed: answers under way are not cached, and nobody joins them any more. */
  detach(id: string): void
  /** The same for all records. */
  detachAll(): void
}

/** A record's kind and key, and the two as one text: kind, a separator of one character, key. */
export interface RecordName {
  readonly id: string
  readonly kind: string
  readonly key: string
}

interface Read {
  readonly entry: Promise<Entry | null>
  /** Its answer is not cached. */
  detached: boolean
}

interface FreshReads {
  running: Read
  waiting: Promise<Entry | null> | null
}

/** What the reads are made with. */
interface Context {
  readonly store: Store
  readonly platform: Platform
  readonly cache: EntryCache
  /** An answer older than that is not used, not even by those who waited for it. */
  readonly maxStalenessMilliseconds: number
}

/** Makes the shared reads over a store; their answers go into the cache. */
export function createSharedReads({ store, platform, cache, maxStalenessMilliseconds }: Context): SharedReads {
  const joinable = new Map<string, Read>()
  const freshReads = new Map<string, FreshReads>()

  function start({ id, kind, key }: RecordName, whenDone: (read: Read) => void): Read {
    const readAt = platform.monotonic()
    // Not the caller's text: that can be a piece of a token, and the engine would keep the whole token with it.
    const ownKey = id.slice(kind.length + 1)
    // Fresh, as the store may be a cache itself: ages must not add up.
    const asked = store.get(kind, key, { fresh: true })
    const entry = asked.then(
      (found) => {
        whenDone(read)
        if (platform.monotonic() - readAt > maxStalenessMilliseconds) {
          throw new StoreError('The store answered later than the staleness bound allows.')
        }
        const frozen = found && Object.freeze({ ...found })
        if (!read.detached) cache.put({ kind, key: ownKey, absent: frozen === null }, { readAt, entry })
        return frozen
      },
      (error: unknown) => {
        whenDone(read)
        throw error
      },
    )
    const read: Read = { entry, detached: false }
    return read
  }

  function startFresh(name: RecordName): Promise<Entry | null> {
    const running = start(name, () => {
      if (freshReads.get(name.id)?.waiting === null) freshReads.delete(name.id)
    })
    freshReads.set(name.id, { running, waiting: null })
    return running.entry
  }

  return {
    join(name) {
      const underWay = joinable.get(name.id)
      if (underWay) return underWay.entry
      const read = start(name, (done) => {
        if (joinable.get(name.id) === done) joinable.delete(name.id)
      })
      joinable.set(name.id, read)
      return read.entry
    },
    fresh(name) {
      const reads = freshReads.get(name.id)
      if (!reads) return startFresh(name)
      const next = (): Promise<Entry | null> => startFresh(name)
      reads.waiting ??= reads.running.entry.then(next, next)
      return reads.waiting
    },
    detach(id) {
      const read = joinable.get(id)
      if (read) read.detached = true
      joinable.delete(id)
      const reads = freshReads.get(id)
      if (reads) reads.running.detached = true
    },
    detachAll() {
      for (const read of joinable.values()) read.detached = true
      joinable.clear()
      for (const { running } of freshReads.values()) running.detached = true
    },
  }
}
