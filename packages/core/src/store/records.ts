/** A typed view of one kind of record: decoding, expiry and versions, so that nothing above deals in JSON or null checks. */
import { StoreError } from '../errors.js'
import { randomText } from '../internal/opaque-token.js'
import type { Platform } from '../platform.js'
import { isEmbedded } from './bounded-store.js'
import type { Entry, Store } from './store.js'

/** How long nothing drops an expired record, by its own clock: room for clocks that differ. */
export const expiredGraceSeconds = 300

const versionBytes = 16

/** How one kind of record is written and read. */
export interface RecordKind<Value> {
  /** ASCII, at most 32 characters. */
  readonly kind: string
  /** Checks what was stored; a throw, or `null`, means that the record cannot be read. */
  decode(stored: unknown): Value | null
  /** What a record that cannot be read is to readers: absent, or a `StoreError` where absence would open a door. */
  readonly unreadable: 'absent' | 'error'
}

/** A record as read or written. */
export interface Stored<Value> {
  readonly key: string
  readonly owner: string | null
  readonly version: string
  /** Epoch seconds; `null`: kept. */
  readonly expiresAt: number | null
  readonly value: Value
}

/** What a new record is made of. */
export interface NewRecord<Value> {
  readonly key: string
  readonly owner: string | null
  readonly expiresAt: number | null
  readonly value: Value
}

/** The records of one kind. Every method may throw `StoreError`. */
export interface Records<Value> {
  /** The living record, or `null`; `fresh`: never from a cache. */
  read(key: string, options?: { readonly fresh?: boolean }): Promise<Stored<Value> | null>
  /** The same, but an expired record is returned too: writers must see it. */
  readAny(key: string, options?: { readonly fresh?: boolean }): Promise<Stored<Value> | null>
  /** One atomic insert; over an expired record one atomic replace. `null`: a living record exists. */
  insert(record: NewRecord<Value>): Promise<Stored<Value> | null>
  /** One atomic insert that even an expired record refuses: for replay guards. */
  insertOnce(record: NewRecord<Value>): Promise<boolean>
  /** One compare-and-swap of value and expiry; `null`: changed or gone. */
  replace(found: Stored<Value>, value: Value, expiresAt?: number | null): Promise<Stored<Value> | null>
  /** Removes whatever version is there, or only the one named; `false`: changed or gone. */
  remove(key: string, version?: string): Promise<boolean>
  /** The living records of an owner. */
  list(owner: string): Promise<Stored<Value>[]>
  /** A record of this kind that was read otherwise; `null` where it cannot be read and absence is harmless. */
  decode(entry: Entry): Stored<Value> | null
}

/** How many records of a store elsewhere are remembered as decoded, twice over, and how long their values may be: some megabytes at most. */
const mostRemembered = 1000
const mostRememberedLength = 2048

/** A record and what was read out of it. */
interface Decoded<Value> {
  readonly entry: Entry
  readonly stored: Stored<Value>
}

/**
 * Makes the typed view of one kind. What was decoded is remembered with the entry it came from, and by its key for a
 * store elsewhere, which hands out another entry each time: reading the same text again would cost more than the digest
 * of a token. Not for one that is embedded: its cost is to be the same for a small table and a large one (decision 058).
 */
export function createRecords<Value>(store: Store, platform: Platform, kind: RecordKind<Value>): Records<Value> {
  const decoded = new WeakMap<Entry, Stored<Value>>()
  let recent = new Map<string, Decoded<Value>>()
  let older = recent
  const remembers = !isEmbedded(store)

  function decode(entry: Entry): Stored<Value> | null {
    const isKept = Object.isFrozen(entry)
    const known = isKept ? decoded.get(entry) : recall(entry)
    if (known) return known
    const value = decodeValue(kind, entry)
    if (value === null) return null
    const { key, owner, version, expiresAt } = entry
    const stored = { key, owner, version, expiresAt, value }
    if (isKept) decoded.set(entry, stored)
    else if (remembers) remember({ entry, stored })
    return stored
  }

  function recall(entry: Entry): Stored<Value> | undefined {
    const found = recent.get(entry.key) ?? older.get(entry.key)
    return found && isSame(found.entry, entry) ? found.stored : undefined
  }

  function remember(one: Decoded<Value>): void {
    if (one.entry.value.length > mostRememberedLength) return
    if (recent.size >= mostRemembered) {
      older = recent
      recent = new Map()
    }
    recent.set(one.entry.key, one)
  }

  function encode(record: NewRecord<Value>): { entry: Entry; stored: Stored<Value> } {
    const { key, owner, expiresAt, value } = record
    const stored = { key, owner, expiresAt, value, version: randomText(platform, versionBytes) }
    return { stored, entry: { ...stored, kind: kind.kind, value: JSON.stringify(value) } }
  }

  function living(stored: Stored<Value> | null): Stored<Value> | null {
    return stored && (stored.expiresAt === null || stored.expiresAt > platform.now()) ? stored : null
  }

  const records: Records<Value> = {
    async read(key, options) {
      return living(await records.readAny(key, options))
    },
    async readAny(key, options) {
      const entry = await store.get(kind.kind, key, options)
      return entry && decode(entry)
    },
    async insert(record) {
      const { entry, stored } = encode(record)
      if (await store.insert(entry)) return stored
      const found = await store.get(kind.kind, record.key, { fresh: true })
      if (!found || found.expiresAt === null || found.expiresAt > platform.now()) return null
      return (await store.replace(entry, found.version)) ? stored : null
    },
    async insertOnce(record) {
      return store.insert(encode(record).entry)
    },
    async replace(found, value, expiresAt = found.expiresAt) {
      const { entry, stored } = encode({ key: found.key, owner: found.owner, expiresAt, value })
      return (await store.replace(entry, found.version)) ? stored : null
    },
    decode,
    remove: (key, version) => store.remove(kind.kind, key, version),
    async list(owner) {
      const entries = await store.listByOwner(kind.kind, owner)
      return entries.map((entry) => living(decode(entry))).filter((stored) => stored !== null)
    },
  }
  return records
}

function isSame(one: Entry, other: Entry): boolean {
  return (
    one.version === other.version &&
    one.expiresAt === other.expiresAt &&
    one.owner === other.owner &&
    one.value === other.value
  )
}

function decodeValue<Value>(kind: RecordKind<Value>, entry: Entry): Value | null {
  let cause: unknown
  try {
    const value = kind.decode(JSON.parse(entry.value))
    if (value !== null) return value
  } catch (error) {
    cause = error
  }
  if (kind.unreadable === 'absent') return null
  throw new StoreError(`A record of kind ${kind.kind} cannot be read.`, { cause })
}
