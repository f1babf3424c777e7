/** The app's database: one small interface over three drivers, and the store of the library on the same connection. */
import { DatabaseSync } from 'node:sqlite'
import { mkdirSync } from 'node:fs'
import { dirname } from 'node:path'
import { StoreError } from '@tessera-auth/core/store'
import { mysqlStore, postgresStore, type SqlStore, sqliteStore } from '@tessera-auth/store-sql'
import type { ResultSetHeader, RowDataPacket } from 'mysql2/promise'
import type { DatabaseSetting } from './config.ts'

/** A value that every driver takes. */
export type Value = string | number | null

/** What the app's own tables need of a database. Placeholders are `?`. Failures are `StoreError`: 503, not 500. */
export interface Database {
  readonly engine: DatabaseSetting['engine']
  /** Rows of a query. */
  rows(sql: string, values: readonly Value[]): Promise<Record<string, unknown>[]>
  /** Runs a statement; how many rows it changed. */
  run(sql: string, values: readonly Value[]): Promise<number>
  /** The library's records, on the same connections. */
  readonly store: SqlStore
  close(): Promise<void>
}

/** No statement of the app takes longer than that, in milliseconds; "cannot know" must be said in time. */
const timeout = 5000

/** Opens the database. Only its own driver is loaded; nothing is created in it yet, and nothing is connected. */
export async function openDatabase({ engine, location }: DatabaseSetting): Promise<Database> {
  if (engine === 'sqlite') return openSqlite(location)
  return engine === 'postgres' ? openPostgres(location) : openMysql(location)
}

function openSqlite(location: string): Database {
  if (location !== ':memory:') mkdirSync(dirname(location), { recursive: true, mode: 0o700 })
  const database = new DatabaseSync(location, { timeout: 1000 })
  return {
    engine: 'sqlite',
    rows: (sql, values) => answer(async () => database.prepare(sql).all(...values)),
    run: (sql, values) => answer(async () => Number(database.prepare(sql).run(...values).changes)),
    store: sqliteStore(database),
    close: async () => database.close(),
  }
}

async function openPostgres(connectionString: string): Promise<Database> {
  const { default: pg } = await import('pg')
  const pool = new pg.Pool({ connectionString, connectionTimeoutMillis: timeout, query_timeout: timeout })
  pool.on('error', () => {}) // an idle connection broke; the next query opens another
  const numbered = (sql: string): string => {
    let count = 0
    return sql.replaceAll('?', () => `$${(count += 1)}`)
  }
  return {
    engine: 'postgres',
    rows: (sql, values) => answer(async () => (await pool.query(numbered(sql), [...values])).rows),
    run: (sql, values) => answer(async () => (await pool.query(numbered(sql), [...values])).rowCount ?? 0),
    store: postgresStore(pool),
    close: () => pool.end(),
  }
}

async function openMysql(uri: string): Promise<Database> {
  const { default: mysql } = await import('mysql2/promise')
  const pool = mysql.createPool({ uri, connectTimeout: timeout, flags: ['+FOUND_ROWS'] })
  return {
    engine: 'mysql',
    rows: (sql, values) => answer(async () => (await pool.execute<RowDataPacket[]>({ sql, timeout }, [...values]))[0]),
    run: (sql, values) =>
      answer(async () => (await pool.execute<ResultSetHeader>({ sql, timeout }, [...values]))[0].affectedRows),
    store: mysqlStore(pool),
    close: () => pool.end(),
  }
}

async function answer<T>(work: () => Promise<T>): Promise<T> {
  try {
    return await work()
  } catch (cause) {
    throw new StoreError('The database did not answer.', { cause })
  }
}
