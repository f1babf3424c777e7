/** Records in this process's memory: for tests, development and single-process apps that may forget. */
import { type Platform, systemPlatform } from '../platform.js'
import { markSelfBounded } from './bounded-store.js'
import { expiredGraceSeconds } from './records.js'
import type { Entry, Store } from './store.js'

/** How many records an insert looks at to find some that may be dropped, so that memory stays bounded without a timer. */
const sweptPerInsert = 2

/**
 * A store in memory. Atomic because each method runs without a pause.
 *
 * @param options - `platform`: the clock by which long expired records are dropped.
 */
export function memoryStore(options: { readonly platform?: Platform } = {}): Store {
  const platform = options.platform ?? systemPlatform
  // Nested, as joining two texts for every look-up would cost more than the look-up.
  const kinds = new Map<string, Map<string, Entry>>()
  const owners = new Map<string, Set<string>>()
  let sweep = allEntries(kinds)

  function put(entry: Entry): void {
    const keys = kinds.get(entry.kind) ?? new Map<string, Entry>()
    kinds.set(entry.kind, keys.set(entry.key, Object.freeze({ ...entry })))
    if (entry.owner === null) return
    const index = join(entry.kind, entry.owner)
    owners.set(index, (owners.get(index) ?? new Set()).add(entry.key))
  }

  function drop({ kind, key, owner }: Entry): void {
    kinds.get(kind)?.delete(key)
    if (owner === null) return
    const index = join(kind, owner)
    const owned = owners.get(index)
    owned?.delete(key)
    if (owned?.size === 0) owners.delete(index)
  }

  function sweepSome(): void {
    const before = platform.now() - expiredGraceSeconds
    for (let looked = 0; looked < sweptPerInsert; looked += 1) {
      const next = sweep.next()
      if (next.done) {
        sweep = allEntries(kinds)
        return
      }
      if (isExpired(next.value, before)) drop(next.value)
    }
  }

  return markSelfBounded({
    async get(kind, key) {
      return kinds.get(kind)?.get(key) ?? null
    },
    async insert(entry) {
      sweepSome()
      if (kinds.get(entry.kind)?.has(entry.key)) return false
      put(entry)
      return true
    },
    async replace(entry, expectedVersion) {
      const found = kinds.get(entry.kind)?.get(entry.key)
      if (found?.version !== expectedVersion) return false
      put({ ...entry, owner: found.owner })
      return true
    },
    async remove(kind, key, expectedVersion) {
      const found = kinds.get(kind)?.get(key)
      if (!found || (expectedVersion !== undefined && found.version !== expectedVersion)) return false
      drop(found)
      return true
    },
    async listByOwner(kind, owner) {
      const keys = owners.get(join(kind, owner)) ?? []
      return Array.from(keys, (key) => kinds.get(kind)?.get(key)).filter((entry) => entry !== undefined)
    },
    async removeExpired(before, limit) {
      let removed = 0
      for (const entry of allEntries(kinds)) {
        if (removed >= limit) break
        if (!isExpired(entry, before)) continue
        drop(entry)
        removed += 1
      }
      return removed
    },
  })
}

function* allEntries(kinds: ReadonlyMap<string, ReadonlyMap<string, Entry>>): Generator<Entry, undefined> {
  for (const keys of kinds.values()) yield* keys.values()
}

function join(kind: string, owner: string): string {
  return `${kind}\0${owner}`
}

function isExpired(entry: Entry, before: number): boolean {
  return entry.expiresAt !== null && entry.expiresAt <= before
}
