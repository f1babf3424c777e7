/** The storage contract: six methods. A backend stores and compares; it interprets nothing. */

/** One stored record. Core writes every field; a backend stores and compares them and interprets none. */
export interface Entry {
  /** 'session', 'refresh-family', …; ASCII, at most 32 characters. */
  readonly kind: string
  /** An unguessable selector or a hash, never a usable secret; ASCII, at most 128 characters. Unique per kind. */
  readonly key: string
  /** The user's id, at most 255 characters; the only secondary index. `replace` never changes it. */
  readonly owner: string | null
  /** JSON text, opaque to the backend, up to 1 MiB. */
  readonly value: string
  /** A fresh random value on every write, ASCII, at most 32 characters. */
  readonly version: string
  /** Epoch seconds; a backend may drop the record 300 s after that, never earlier. `null`: kept. */
  readonly expiresAt: number | null
}

/**
 * Where records live. Each method is atomic for the one record it names; all reads see all acknowledged writes.
 *
 * A backend that cannot answer throws; it never answers `null` or `false` for "cannot know". An expired record is still
 * there for every method until it is removed: expiry is judged in core.
 */
export interface Store {
  /** The record, or `null`. `fresh`: never from a cache. */
  get(kind: string, key: string, options?: { readonly fresh?: boolean }): Promise<Entry | null>
  /** Writes a new record. `false`: the key exists, and nothing was written. */
  insert(entry: Entry): Promise<boolean>
  /** Writes value, version and expiry over the record that still has `expectedVersion`. `false`: changed or gone. */
  replace(entry: Entry, expectedVersion: string): Promise<boolean>
  /** Removes the record, with `expectedVersion` only that version of it. `false`: changed or gone. */
  remove(kind: string, key: string, expectedVersion?: string): Promise<boolean>
  /** All records of one kind and owner, in any order. */
  listByOwner(kind: string, owner: string): Promise<Entry[]>
  /** Removes at most `limit` records whose `expiresAt` is `before` or earlier; how many were removed. */
  removeExpired(before: number, limit: number): Promise<number>
}
