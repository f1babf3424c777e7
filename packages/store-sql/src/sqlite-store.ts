/** Records in SQLite, through node:sqlite, better-sqlite3, or any driver of their shape. */
import { attemptAgain, errorCode, type Failures, storeError } from './attempts.js'
import { turn } from './pause.js'
import {
  columns,
  hasMethod,
  inSlices,
  insertValues,
  replaceValues,
  type SqlStore,
  type SqlStoreOptions,
  type SqlValue,
  tableName,
  toEntry,
  toListedEntry,
  type Verb,
  wrongClient,
} from './sql-store.js'

/** A prepared statement, as node:sqlite and better-sqlite3 have it. */
export interface SqliteStatement {
  /** The first row. */
  get(...values: SqlValue[]): unknown
  /** All rows. */
  all(...values: SqlValue[]): unknown[]
  /** Runs a statement that answers no rows. */
  run(...values: SqlValue[]): { readonly changes: number | bigint }
  /** Rows as arrays, which node:sqlite makes in half the time; drivers without it answer objects. */
  setReturnArrays?(enabled: boolean): void
}

/** A database handle: `DatabaseSync` of node:sqlite, `Database` of better-sqlite3. */
export interface SqliteDatabase {
  /** Compiles one statement. */
  prepare(sql: string): SqliteStatement
  /** Runs statements without values. */
  exec(sql: string): unknown
}

/** Tells core that its own bound on a call would only cost time: this store answers at once, or counts its tries. */
const selfBounded: object = { [Symbol.for('@tessera-auth/self-bounded')]: true }
/** How long a statement waits for another process's lock, all tries together. */
const mostLockedMilliseconds = 5_000
/** SQLite's own wait blocks the event loop, so it is short where the caller did not choose one; the rest is a pause. */
const blockingMilliseconds = 20
const pauseMilliseconds = 5
/** How many rows a purge removes, and writes back, before it lets a request in between: a few milliseconds each. */
const purgeSlice = 50
/** Owners are spread over so many ranges of rowids, and so many rows fit each; behind them, one for what nobody owns. */
const ownerRanges = 2 ** 22 - 1
const rowsOfRange = 2 ** 31
/** SQLITE_BUSY and SQLITE_LOCKED, as primary result codes. */
const lockedCodes = new Set([5, 6])

/**
 * A store in a SQLite database. Each method is one statement. Keep one handle for the store, apart from handles on which
 * you hold a transaction open over an `await`. Throws `ConfigError`.
 *
 * @param database - a handle of node:sqlite or better-sqlite3; the caller opens and closes it.
 * @example
 * ```ts
 * const store = sqliteStore(new DatabaseSync('app.db'))
 * await store.migrate()
 * ```
 */
export function sqliteStore(database: SqliteDatabase, options: SqlStoreOptions = {}): SqlStore {
  if (!hasMethod(database, 'prepare') || !hasMethod(database, 'exec')) {
    throw wrongClient('database', 'a DatabaseSync of node:sqlite or a Database of better-sqlite3', database)
  }
  const table = tableName(options, { qualified: false })
  const schema = sqliteSchema(table)
  const sql = sqliteStatements(table)
  let prepared: Partial<Record<Verb, SqliteStatement>> = {}
  let failures: Failures | undefined
  let writeBack: (() => void) | undefined

  /** Compiled at the first use, since the table may not be there before `migrate`. */
  function statement(verb: Verb): SqliteStatement {
    failures ??= lockFailures(database)
    return (prepared[verb] ??= compile(verb))
  }

  function compile(verb: Verb): SqliteStatement {
    // Arrays only for what every request asks for: it is worth a second way to read a row.
    return compileFor(database, sql[verb], { arrays: verb === 'get' })
  }

  function answer<T>(run: () => T): T | Promise<T> {
    try {
      return run()
    } catch (cause) {
      return again(cause, run)
    }
  }

  async function again<T>(cause: unknown, run: () => T): Promise<T> {
    let failure = cause
    if (isFinalized(cause) && failures) {
      forget()
      try {
        return run()
      } catch (error) {
        failure = error
      }
    }
    if (!failures) throw storeError('SQLite', failure)
    return attemptAgain(failures, failure, run)
  }

  /** What was compiled, and settled, on a connection that was closed since. */
  function forget(): void {
    prepared = {}
    failures = undefined
    writeBack = undefined
  }

  async function changed(verb: Verb, values: SqlValue[]): Promise<number> {
    return answer(() => Number(statement(verb).run(...values).changes))
  }

  return {
    ...selfBounded,
    schema,
    async get(kind, key) {
      // Written out, as every request comes here: neither a closure nor a second promise unless there is a lock.
      let row: unknown
      try {
        row = (prepared.get ?? statement('get')).get(kind, key)
      } catch (cause) {
        row = await again(cause, () => statement('get').get(kind, key))
      }
      return isRow(row) ? toEntry(kind, key, named(row)) : null
    },
    insert: async (entry) => (await changed('insert', [...rangeOf(entry.owner), ...insertValues(entry)])) === 1,
    replace: async (entry, expectedVersion) => (await changed('replace', replaceValues(entry, expectedVersion))) === 1,
    remove: async (kind, key, expectedVersion) =>
      (expectedVersion === undefined
        ? await changed('remove', [kind, key])
        : await changed('removeVersion', [kind, key, expectedVersion])) === 1,
    async listByOwner(kind, owner) {
      const rows = await answer(() => statement('listByOwner').all(kind, owner))
      return rows.map((row) => toListedEntry(kind, row))
    },
    removeExpired: (before, limit) =>
      inSlices(limit, purgeSlice, async (most) => {
        const count = await changed('removeExpired', [before, most])
        // Else a purge would hold the event loop from its first row to its last.
        await turn()
        if (count > 0) {
          writeBack ??= writesBack(database)
          writeBack()
          await turn()
        }
        return count
      }),
    async migrate() {
      await answer(() => {
        failures ??= lockFailures(database)
      })
      await answer(() => migrateAtOnce(database, schema))
    },
  }
}

/** The SQL that makes the table. */
export function sqliteSchema(table: string): string {
  return `pragma journal_mode = wal;
create table if not exists ${table} (
  kind text not null,
  key text not null,
  owner text,
  version text not null,
  expires_at integer,
  value text not null,
  primary key (kind, key)
);
create index if not exists ${table}_owner on ${table} (kind, owner) where owner is not null;
create index if not exists ${table}_expires_at on ${table} (expires_at) where expires_at is not null;
`
}

/** Each statement says what its rows are: a handle may have been opened for arrays. */
function compileFor(database: SqliteDatabase, text: string, { arrays = false } = {}): SqliteStatement {
  const compiled = database.prepare(text)
  compiled.setReturnArrays?.(arrays)
  return compiled
}

function sqliteStatements(table: string): Readonly<Record<Verb, string>> {
  return {
    get: `select ${columns} from ${table} where kind = ? and key = ?`,
    insert: `insert into ${table} (rowid, kind, key, owner, version, expires_at, value)
values (${nextInRange(table)}, ?, ?, ?, ?, ?, ?) on conflict (kind, key) do nothing`,
    replace: `update ${table} set version = ?, expires_at = ?, value = ? where kind = ? and key = ? and version = ?`,
    remove: `delete from ${table} where kind = ? and key = ?`,
    removeVersion: `delete from ${table} where kind = ? and key = ? and version = ?`,
    listByOwner: `select key, ${columns} from ${table} where kind = ? and owner = ?`,
    removeExpired: `delete from ${table} where rowid in (select rowid from ${table} where expires_at <= ? order by expires_at limit ?)`,
  }
}

/**
 * The rowid after the last one of a range, whose bounds are its values: records of one owner lie side by side, so that a list
 * of them is one page and not one for each. NULL, which is the end of the table, where the range is full.
 */
function nextInRange(table: string): string {
  return `(select case when max(rowid) is null then ? when max(rowid) < ? then max(rowid) + 1 end
from ${table} where rowid between ? and ?)`
}

/** The values of that: the same range for the same owner. */
function rangeOf(owner: string | null): SqlValue[] {
  const first = (owner === null ? ownerRanges : hashOf(owner) % ownerRanges) * rowsOfRange
  const last = first + rowsOfRange - 1
  return [first, last, first, last]
}

/** FNV-1a. Whose records lie beside whose is no secret, and costs nothing. */
function hashOf(text: string): number {
  let hashed = 0x811c9dc5
  for (let index = 0; index < text.length; index += 1) hashed = Math.imul(hashed ^ text.charCodeAt(index), 0x01000193)
  return hashed >>> 0
}

/** What `toEntry` reads of a row that came as an array, in the order of its columns. */
function named(row: unknown): unknown {
  if (!Array.isArray(row)) return row
  const [owner, version, ends, value] = row as unknown[]
  return { owner, version, ends, value }
}

/** No row is `undefined` in these drivers, `null` in Bun's. */
function isRow(row: unknown): boolean {
  return row !== undefined && row !== null
}

/** Settles how long this handle blocks for a lock, and with it how often a statement is tried. */
function lockFailures(database: SqliteDatabase): Failures {
  const row = compileFor(database, 'pragma busy_timeout').get() as { timeout: number | bigint }
  // A driver that answers it in another form is told too, since the number of tries hangs on it.
  let blocking = Number(row.timeout) || 0
  if (blocking === 0) {
    blocking = blockingMilliseconds
    database.exec(`pragma busy_timeout = ${blocking}`)
  }
  const tries = Math.max(1, Math.round(mostLockedMilliseconds / (blocking + pauseMilliseconds * 10)))
  return { engine: 'SQLite', tries, pauseMilliseconds, isTransient: isLocked }
}

/**
 * Copies what was written from the log into the database. Rows of a purge lie all over it: a thousand pages of them, which
 * is where SQLite does this by itself, hold the process for 20 ms and more. Whoever has turned that off, as replication
 * from the log does, wants none of it from here either.
 */
function writesBack(database: SqliteDatabase): () => void {
  const row = compileFor(database, 'pragma wal_autocheckpoint').get() as { wal_autocheckpoint: number | bigint }
  if (Number(row.wal_autocheckpoint) <= 0) return () => {}
  const checkpoint = compileFor(database, 'pragma wal_checkpoint(passive)')
  return () => {
    try {
      checkpoint.get()
    } catch {
      // The rows are gone already; whatever writes next does this too, or says why not.
    }
  }
}

/** node:sqlite has the result code as `errcode`; others have its name as `code`. The low byte is the primary code. */
function isLocked(error: unknown): boolean {
  const { errcode } = (error ?? {}) as { errcode?: unknown }
  if (typeof errcode === 'number') return lockedCodes.has(errcode & 0xff)
  return /^SQLITE_(BUSY|LOCKED)/.test(errorCode(error))
}

/** node:sqlite finalizes all statements of a handle that is closed, and lets the handle be opened again. */
function isFinalized(error: unknown): boolean {
  return errorCode(error) === 'ERR_INVALID_STATE'
}

/** In one transaction, so that a process killed halfway leaves nothing. The journal mode cannot change inside one. */
function migrateAtOnce(database: SqliteDatabase, schema: string): void {
  const [journal = '', ...tables] = schema.split(';\n')
  compileFor(database, journal).get()
  database.exec('begin immediate')
  try {
    database.exec(tables.join(';\n'))
    database.exec('commit')
  } catch (error) {
    database.exec('rollback')
    throw error
  }
}
