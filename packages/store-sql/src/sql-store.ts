/** What the stores of all dialects have in common: their options, their face, and the order of values in statements. */
import { ConfigError, type Entry, type Store } from '@tessera-auth/core/store'

/** Options of every SQL store. */
export interface SqlStoreOptions {
  /**
   * The table: a-z, 0-9 and _; in PostgreSQL with its schema, in MySQL with its database, if need be (`auth.records`).
   * At most 48 characters. Default `auth_records`.
   */
  readonly table?: string
}

/** A {@link Store} in one table of the caller's database. */
export interface SqlStore extends Store {
  /** The SQL that makes the table, for people who run their migrations themselves. */
  readonly schema: string
  /**
   * Makes the table and its indexes where they are missing. Does nothing the second time, keeps every row, may run in
   * many processes at once, and may be killed halfway. Throws `StoreError`.
   */
  migrate(): Promise<void>
}

/** What a driver takes as a parameter. */
export type SqlValue = string | number | null

/** One kind of statement; each is one round trip. */
export type Verb = 'get' | 'insert' | 'replace' | 'remove' | 'removeVersion' | 'listByOwner' | 'removeExpired'

/** What a statement answered. */
export interface SqlAnswer {
  readonly rows: readonly unknown[]
  /** How many rows were written or removed. */
  readonly changed: number
}

/** Runs one statement with its values, in the order that `storeMethods` has. */
export type RunStatement = (verb: Verb, values: SqlValue[]) => Promise<SqlAnswer>

/** The same for a statement that changes one record, which is named. */
export type RunWrite = (verb: Verb, values: SqlValue[], record: [kind: string, key: string]) => Promise<SqlAnswer>

/** The columns as read; `ends` instead of `expires_at`, so that drivers that turn names into camel case do not matter. */
export const columns = 'owner, version, expires_at as ends, value'

/** The six methods over statements. */
export function storeMethods(run: RunStatement, write: RunWrite = run): Store {
  async function wrote(verb: Verb, values: SqlValue[], record: [kind: string, key: string]): Promise<boolean> {
    return (await write(verb, values, record)).changed === 1
  }

  return {
    async get(kind, key) {
      const [row] = (await run('get', [kind, key])).rows
      return row === undefined ? null : toEntry(kind, key, row)
    },
    insert: (entry) => wrote('insert', insertValues(entry), [entry.kind, entry.key]),
    replace: (entry, expectedVersion) =>
      wrote('replace', replaceValues(entry, expectedVersion), [entry.kind, entry.key]),
    remove: (kind, key, expectedVersion) =>
      expectedVersion === undefined
        ? wrote('remove', [kind, key], [kind, key])
        : wrote('removeVersion', [kind, key, expectedVersion], [kind, key]),
    async listByOwner(kind, owner) {
      const { rows } = await run('listByOwner', [kind, owner])
      return rows.map((row) => toListedEntry(kind, row))
    },
    removeExpired: async (before, limit) => (await run('removeExpired', [before, limit])).changed,
  }
}

/** Removes rows slice by slice, until there are as many as `limit` or a slice was not full; how many. */
export async function inSlices(
  limit: number,
  slice: number,
  remove: (most: number) => Promise<number>,
): Promise<number> {
  let removed = 0
  for (;;) {
    const most = Math.min(limit - removed, slice)
    const count = await remove(most)
    removed += count
    if (count < most || removed >= limit) return removed
  }
}

/** The values of an insert. */
export function insertValues({ kind, key, owner, version, expiresAt, value }: Entry): SqlValue[] {
  return [kind, key, owner, version, expiresAt, value]
}

/** The values of a replace; the owner is not among them. */
export function replaceValues({ kind, key, version, expiresAt, value }: Entry, expectedVersion: string): SqlValue[] {
  return [version, expiresAt, value, kind, key, expectedVersion]
}

/** A row of `get`. Drivers hand 64-bit numbers over as numbers, texts or bigints. */
export function toEntry(kind: string, key: string, row: unknown): Entry {
  const { owner, version, ends, value } = row as Row
  return { kind, key, owner, version, value, expiresAt: ends === null ? null : Number(ends) }
}

/** A row of `listByOwner`, which has its key too. */
export function toListedEntry(kind: string, row: unknown): Entry {
  return toEntry(kind, (row as Row).key, row)
}

/** The table's name, once it is known to need no escaping. */
export function tableName(options: SqlStoreOptions, { qualified }: { readonly qualified: boolean }): string {
  const { table = 'auth_records' } = options
  const shape = qualified ? /^[a-z_][a-z0-9_]*(\.[a-z_][a-z0-9_]*)?$/ : /^[a-z_][a-z0-9_]*$/
  if (typeof table === 'string' && table.length <= 48 && shape.test(table)) return table
  const prefix = qualified ? ', after a schema and a dot if need be' : ''
  throw new ConfigError(`table: expected a name of a-z, 0-9 and _${prefix}, at most 48 characters long`)
}

/** Whether a client has a method of that name. */
export function hasMethod(client: unknown, name: string): boolean {
  return typeof (client as Record<string, unknown> | null | undefined)?.[name] === 'function'
}

/** The error for what is no client of the drivers expected. */
export function wrongClient(name: string, expected: string, received: unknown): ConfigError {
  const what = received instanceof Object ? 'another one' : typeof received
  return new ConfigError(`${name}: expected ${expected}, received ${what}`)
}

interface Row {
  readonly key: string
  readonly owner: string | null
  readonly version: string
  readonly ends: number | bigint | string | null
  readonly value: string
}
