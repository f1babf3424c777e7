/** Answers of a store with the time their read began, bounded; records and absences each have a space of their own. */
import type { Entry } from './store.js'

/** What a read of the store said, and when it was asked. */
export interface Answer {
  /** Monotonic milliseconds at which the read started. */
  readonly readAt: number
  /** The answer itself, resolved; handed out as it is, so that a hit allocates nothing. */
  readonly entry: Promise<Entry | null>
}

/** A bounded set of answers by record id. */
export interface EntryCache {
  /** The answer that is kept, however old. */
  get(id: string): Answer | undefined
  /** Keeps an answer, unless one whose read began later is kept. */
  put(id: string, answer: Answer & { readonly absent: boolean }): void
  /** Forgets what is known of one record. */
  drop(id: string): void
  /** Forgets everything. */
  clear(): void
}

interface Kept extends Answer {
  /** Looked at since it was put or last spared. */
  used: boolean
}

/** How many used answers one `put` spares before it evicts the oldest all the same: no `put` walks the whole space. */
const sparedPerPut = 8

/**
 * An empty cache of at most `maxEntries` records and as many absences.
 *
 * The answer that is evicted is the oldest that was not used since it was last considered: close to least recently
 * used, but a hit only sets a flag.
 */
export function createEntryCache(maxEntries: number): EntryCache {
  const present = new Map<string, Kept>()
  const absent = new Map<string, Kept>()

  return {
    get(id) {
      const kept = present.get(id) ?? absent.get(id)
      if (kept) kept.used = true
      return kept
    },
    put(id, { readAt, entry, absent: isAbsent }) {
      const known = present.get(id) ?? absent.get(id)
      if (known && known.readAt > readAt) return
      present.delete(id)
      absent.delete(id)
      const space = isAbsent ? absent : present
      if (space.size >= maxEntries) evictOne(space)
      space.set(id, { readAt, entry, used: false })
    },
    drop(id) {
      present.delete(id)
      absent.delete(id)
    },
    clear() {
      present.clear()
      absent.clear()
    },
  }
}

/** A Map iterates in the order of insertion; what is spared goes to its end. */
function evictOne(space: Map<string, Kept>): void {
  let spared = 0
  for (const [id, kept] of space) {
    space.delete(id)
    if (!kept.used || spared === sparedPerPut) return
    kept.used = false
    space.set(id, kept)
    spared += 1
  }
}
