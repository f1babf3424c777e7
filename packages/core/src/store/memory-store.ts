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
  const entries = new Map<string, Entry>()
  const owners = new Map<string, Set<string>>()
  let sweep = entries.entries()

  function put(id: string, entry: Entry): void {
    entries.set(id, Object.freeze({ ...entry }))
    if (entry.owner === null) return
    const index = join(entry.kind, entry.owner)
    const owned = owners.get(index)
    if (owned) owned.add(id)
    else owners.set(index, new Set([id]))
  }

  function drop(id: string, entry: Entry): void {
    entries.delete(id)
    if (entry.owner === null) return
    const index = join(entry.kind, entry.owner)
    const owned = owners.get(index)
    owned?.delete(id)
    if (owned?.size === 0) owners.delete(index)
  }

  function sweepSome(): void {
    const before = platform.now() - expiredGraceSeconds
    for (let looked = 0; looked < sweptPerInsert; looked += 1) {
      const next = sweep.next()
      if (next.done) {
        sweep = entries.entries()
        return
      }
      const [id, entry] = next.value
      if (isExpired(entry, before)) drop(id, entry)
    }
  }

  return markSelfBounded({
    async get(kind, key) {
      return entries.get(join(kind, key)) ?? null
    },
    async insert(entry) {
      sweepSome()
      const id = join(entry.kind, entry.key)
      if (entries.has(id)) return false
      put(id, entry)
      return true
    },
    async replace(entry, expectedVersion) {
      const id = join(entry.kind, entry.key)
      const found = entries.get(id)
      if (found?.version !== expectedVersion) return false
      entries.set(id, Object.freeze({ ...entry, owner: found.owner }))
      return true
    },
    async remove(kind, key, expectedVersion) {
      const id = join(kind, key)
      const found = entries.get(id)
      if (!found || (expectedVersion !== undefined && found.version !== expectedVersion)) return false
      drop(id, found)
      return true
    },
    async listByOwner(kind, owner) {
      const ids = owners.get(join(kind, owner)) ?? []
      return Array.from(ids, (id) => entries.get(id)).filter((entry) => entry !== undefined)
    },
    async removeExpired(before, limit) {
      let removed = 0
      for (const [id, entry] of entries) {
        if (removed >= limit) break
        if (!isExpired(entry, before)) continue
        drop(id, entry)
        removed += 1
      }
      return removed
    },
  })
}

function join(kind: string, rest: string): string {
  return `${kind}\0${rest}`
}

function isExpired(entry: Entry, before: number): boolean {
  return entry.expiresAt !== null && entry.expiresAt <= before
}
