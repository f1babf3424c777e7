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
  /** The records of one kind that have another name, by it: the same map forever. Who uses one sets `used`. */
  named(kind: string): ReadonlyMap<string, Kept>
  /** Gives the record of an answer its other name, and what was made of it, unless another answer is kept for it by now. */
  name(answer: { readonly kind: string; readonly key: string; readonly entry: Answer['entry'] }, note: Note): void
  /** Keeps an answer, unless one whose read began later is kept. */
  put(name: { readonly kind: string; readonly key: string; readonly absent: boolean }, answer: Answer): void
  /** Forgets what is known of one record. */
  drop(kind: string, key: string): void
  /** Forgets everything. */
  clear(): void
}

/** What a reader made of an answer, and the name by which it wants to find it. Both are gone with the answer. */
export interface Note {
  readonly name: string
  readonly made: object
}

/** An answer in the cache. */
export interface Kept extends Answer {
  /** Looked at since it was put or last spared. */
  used: boolean
  note: Note | undefined
}

/** What is known of one kind. */
interface Spaces {
  readonly present: Map<string, Kept>
  readonly absent: Map<string, Kept>
  /** Some of the present ones, by their other name. */
  readonly named: Map<string, Kept>
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
    const spaces = { present: new Map(), absent: new Map(), named: new Map() }
    kinds.set(kind, spaces)
    return spaces
  }

  return {
    named: (kind) => spacesOf(kind).named,
    name({ kind, key, entry }, note) {
      const { present, named } = spacesOf(kind)
      const kept = present.get(key)
      if (kept?.entry !== entry) return
      kept.note = note
      named.set(note.name, kept)
    },
    get(kind, key) {
      const spaces = kinds.get(kind)
      if (!spaces) return undefined
      const kept = spaces.present.get(key) ?? spaces.absent.get(key)
      if (kept) kept.used = true
      return kept
    },
    put({ kind, key, absent: isAbsent }, { readAt, entry }) {
      const spaces = spacesOf(kind)
      const known = spaces.present.get(key) ?? spaces.absent.get(key)
      if (known && known.readAt > readAt) return
      forget(spaces, key)
      const space = isAbsent ? spaces.absent : spaces.present
      if (space.size >= maxEntries) evictOne(spaces, space)
      space.set(key, { readAt, entry, used: false, note: undefined })
    },
    drop(kind, key) {
      const spaces = kinds.get(kind)
      if (spaces) forget(spaces, key)
    },
    clear() {
      for (const spaces of kinds.values()) for (const space of Object.values(spaces)) space.clear()
    },
  }
}

function forget({ present, absent, named }: Spaces, key: string): void {
  const note = present.get(key)?.note
  if (note) named.delete(note.name)
  present.delete(key)
  absent.delete(key)
}

/** A Map iterates in the order of insertion; what is spared goes to its end. */
function evictOne(spaces: Spaces, space: Map<string, Kept>): void {
  let spared = 0
  for (const [key, kept] of space) {
    if (!kept.used || spared === sparedPerPut) return forget(spaces, key)
    kept.used = false
    space.delete(key)
    space.set(key, kept)
    spared += 1
  }
}
