/** Answers of a store with the time their read began, bounded; records and absences each have a space of their own. */
import type { Entry } from './store.js'

/** What a read of the store said, and when it was asked. */
export interface Answer {
  /** Monotonic milliseconds at which the read started. */
  readonly readAt: number
  /** The answer itself, resolved; handed out as it is, so that a hit allocates nothing. */
  readonly entry: Promise<Entry | null>
}

/** A bounded set of answers. */
export interface EntryCache {
  /** The answer that is kept, however old. */
  get(kind: string, key: string): Answer | undefined
  /** The records of one kind, by key: the same map forever. Who uses one sets `used`. */
  present(kind: string): ReadonlyMap<string, Kept>
  /** Keeps an answer, unless one whose read began later is kept. */
  put(name: { readonly kind: string; readonly key: string; readonly absent: boolean }, answer: Answer): void
  /** Forgets what is known of one record. */
  drop(kind: string, key: string): void
  /** Forgets everything. */
  clear(): void
}

/** An answer in the cache. */
export interface Kept extends Answer {
  /** Looked at since it was put or last spared. */
  used: boolean
  /** What a reader made of it, kept with it and gone with it. */
  made: object | undefined
}

/** What is known of one kind. */
interface Spaces {
  readonly present: Map<string, Kept>
  readonly absent: Map<string, Kept>
}

/** How many used answers one `put` spares before it evicts the oldest all the same: no `put` walks the whole space. */
const sparedPerPut = 8

/**
 * An empty cache of at most `maxEntries` records and as many absences of each kind.
 *
 * The answer that is evicted is the oldest that was not used since it was last considered: close to least recently
 * used, but a hit only sets a flag. A Map per kind, as joining kind and key at each hit would cost more than the look-up.
 */
export function createEntryCache(maxEntries: number): EntryCache {
  const kinds = new Map<string, Spaces>()

  function spacesOf(kind: string): Spaces {
    const known = kinds.get(kind)
    if (known) return known
    const spaces = { present: new Map(), absent: new Map() }
    kinds.set(kind, spaces)
    return spaces
  }

  return {
    present: (kind) => spacesOf(kind).present,
    get(kind, key) {
      const spaces = kinds.get(kind)
      if (!spaces) return undefined
      const kept = spaces.present.get(key) ?? spaces.absent.get(key)
      if (kept) kept.used = true
      return kept
    },
    put({ kind, key, absent: isAbsent }, { readAt, entry }) {
      const { present, absent } = spacesOf(kind)
      const known = present.get(key) ?? absent.get(key)
      if (known && known.readAt > readAt) return
      present.delete(key)
      absent.delete(key)
      const space = isAbsent ? absent : present
      if (space.size >= maxEntries) evictOne(space)
      space.set(key, { readAt, entry, used: false, made: undefined })
    },
    drop(kind, key) {
      const spaces = kinds.get(kind)
      spaces?.present.delete(key)
      spaces?.absent.delete(key)
    },
    clear() {
      for (const { present, absent } of kinds.values()) {
        present.clear()
        absent.clear()
      }
    },
  }
}

/** A Map iterates in the order of insertion; what is spared goes to its end. */
function evictOne(space: Map<string, Kept>): void {
  let spared = 0
  for (const [key, kept] of space) {
    space.delete(key)
    if (!kept.used || spared === sparedPerPut) return
    kept.used = false
    space.set(key, kept)
    spared += 1
  }
}
