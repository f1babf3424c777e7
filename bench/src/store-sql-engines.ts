/** The databases that the SQL measurements run on, and how a table of each is filled quickly with sessions. */
import { hash } from 'node:crypto'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { createSessions, type Entry, memoryStore } from '@tessera-auth/core'
import { mysqlStore, postgresStore, type SqlStore, sqliteStore } from '@tessera-auth/store-sql'
import { createPool } from 'mysql2/promise'
import pg from 'pg'

/** How many sessions each user has. */
export const recordsPerOwner = 5

/** One engine, and how to fill a table of it quickly. */
export interface Engine {
  readonly name: string
  /** Where the database is in this process: its file. */
  readonly file?: string
  at(table: string): SqlStore
  /** Sessions with the tokens `tokenOf(1)` … `tokenOf(count)`, each user with five, all over the table. */
  fill(table: string, filling: Filling): Promise<unknown>
  /** Reads every row and every index once, on the connection that the calls after it take: as in a server that runs for long. */
  warm(table: string): Promise<unknown>
  drop(table: string): Promise<unknown>
  close(): Promise<unknown>
}

/** What a table is filled with. */
export interface Filling {
  readonly count: number
  readonly form: SessionForm
  readonly expiry: 'living' | 'expired'
}

/** What all sessions of a table have in common. */
export interface SessionForm {
  /** A record that `createSessions` made. */
  readonly entry: Entry
  /** The second half of every token. */
  readonly secret: string
  /** The record's value before and after the token's digest. */
  readonly around: readonly [before: string, after: string]
}

/** The form of a session of one who signs in now. */
export async function sessionForm(): Promise<SessionForm> {
  const store = memoryStore()
  const sessions = createSessions({ store })
  const { token } = await sessions.create({ attempt: await sessions.beginLogin('user'), methods: ['pwd'] })
  const [key = '', secret = ''] = token.split('.')
  const entry = await store.get('session', key)
  if (!entry) throw new Error('The session is not where its key says.')
  const [before = '', after = ''] = entry.value.split(hash('sha256', token, 'base64url'))
  return { entry, secret, around: [before, after] }
}

/** The token of row `n`: its key is as random as a real one's. */
export function tokenOf(n: number, { secret }: SessionForm): string {
  const hashed = Math.imul(n, 2_654_435_761) >>> 0
  return `${hashed.toString(16).padStart(8, '0')}${String(n).padStart(13, '0')}A.${secret}`
}

/** One of the users of a table of `count` rows. */
export function userOf(n: number, count: number): string {
  return `user-${n % (count / recordsPerOwner)}`
}

/** How one engine says what a row is made of, for the row number `n`. */
interface Dialect {
  readonly concat: (...parts: string[]) => string
  readonly key: string
  readonly keyColumn: string
  /** Of the token of `key`, as base64url. */
  readonly digest: (secret: string) => string
  readonly numbers: (count: number) => string
  /** Where the store itself puts a row of this owner, if it chooses. */
  readonly place?: (owner: string) => readonly [column: string, place: string]
}

const joined = (...parts: string[]): string => parts.join(' || ')
const scattered = '(n * 2654435761) % 4294967296'

function insertion(dialect: Dialect, table: string, { count, form, expiry }: Filling): string {
  const [before, after] = form.around
  const value = dialect.concat(`'${before}'`, dialect.digest(form.secret), `'${after}'`)
  const user = `(n % ${count / recordsPerOwner})`
  const owner = dialect.concat(`'user-'`, user)
  const [column, place] = dialect.place?.(user).map((part) => `${part}, `) ?? ['', '']
  const expiresAt = expiry === 'living' ? form.entry.expiresAt : '1000 + (n * 40503) % 65536'
  return `insert into ${table} (${column}kind, ${dialect.keyColumn}, owner, version, expires_at, value)
    select ${place}'session', ${dialect.key}, ${owner}, '${form.entry.version}', ${expiresAt}, ${value} from ${dialect.numbers(count)}`
}

const sqlite: Dialect = {
  concat: joined,
  key: `printf('%08x%013dA', ${scattered}, n)`,
  keyColumn: 'key',
  digest: (secret) => `digest(printf('%08x%013dA.${secret}', ${scattered}, n))`,
  numbers: (count) =>
    `(with recursive n(n) as (select 1 union all select n + 1 from n where n < ${count}) select n from n)`,
  place: (user) => ['rowid', `(${user} * 2654435761 % 4194304) * 2147483648 + n`],
}
const postgresKey = `lpad(to_hex(${scattered}), 8, '0') || lpad(n::text, 13, '0') || 'A'`
const postgres: Dialect = {
  concat: joined,
  key: postgresKey,
  keyColumn: 'key',
  digest: (secret) =>
    `translate(rtrim(encode(sha256((${postgresKey} || '.${secret}')::bytea), 'base64'), '='), '+/', '-_')`,
  numbers: (count) => `generate_series(1::bigint, ${count}) n`,
}
const mysqlKey = `lpad(lower(hex(${scattered})), 8, '0'), lpad(n, 13, '0'), 'A'`
const mysql: Dialect = {
  concat: (...parts) => `concat(${parts.join(', ')})`,
  key: `concat(${mysqlKey})`,
  keyColumn: '`key`',
  digest: (secret) =>
    `replace(replace(trim(trailing '=' from to_base64(unhex(sha2(concat(${mysqlKey}, '.${secret}'), 256)))), '+', '-'), '/', '_')`,
  numbers(count) {
    const digits = `(${Array.from({ length: 10 }, (_, digit) => `select ${digit} d`).join(' union all ')})`
    const places = Array.from({ length: String(count).length - 1 }, (_, place) => ({ place, name: `d${place}` }))
    const number = places.map(({ place, name }) => `${name}.d * ${10 ** place}`).join(' + ')
    return `(select 1 + ${number} as n from ${places.map(({ name }) => `${digits} ${name}`).join(', ')}) numbers`
  },
}

/** What the handle of SQLite is set to. The cache and the mapping are as large as a file of 10^7 sessions, if SQLite lets them be. */
export const sqliteSettings = {
  default: [],
  'cache_size for the whole file': ['cache_size = -8000000'],
  'both for the whole file': ['cache_size = -8000000', 'mmap_size = 8000000000'],
  'as advised': ['cache_size = -65536', 'mmap_size = 8000000000'],
} as const satisfies Record<string, readonly string[]>

/** A file of its own. */
export function openSqlite(setting: keyof typeof sqliteSettings): Engine {
  const folder = mkdtempSync(join(tmpdir(), 'tessera-bench-'))
  const file = join(folder, 'bench.db')
  const database = new DatabaseSync(file)
  const set = (pragmas: readonly string[]): void => pragmas.forEach((pragma) => database.exec(`pragma ${pragma}`))
  const usual = ['cache_size = -2000', ...sqliteSettings[setting]]
  set(usual)
  database.function('digest', (token) => hash('sha256', String(token), 'base64url'))
  return {
    name: `SQLite, ${setting}`,
    file,
    at: (table) => sqliteStore(database, { table }),
    async fill(table, filling) {
      // Else the pages of a large table go to the log again and again while it is filled.
      set(['cache_size = -8000000'])
      database.exec(insertion(sqlite, table, filling))
      set(usual)
      database.prepare('pragma wal_checkpoint(truncate)').get()
    },
    async warm(table) {
      database.prepare(`select sum(length(value)) from ${table} not indexed`).get()
      database.prepare(`select count(key) from ${table} indexed by sqlite_autoindex_${table}_1`).get()
      database.prepare(`select count(*) from ${table} indexed by ${table}_owner where owner is not null`).get()
    },
    drop: async (table) => database.exec(`drop table if exists ${table}`),
    close: async () => {
      database.close()
      rmSync(folder, { recursive: true })
    },
  }
}

/** The server of `TEST_POSTGRES_URL`, whose name tells its shared buffers. */
export async function openPostgres(): Promise<Engine> {
  const pool = new pg.Pool({ connectionString: postgresUrl(), max: 4 })
  const { rows } = await pool.query<{ shared_buffers: string }>('show shared_buffers')
  return {
    name: `PostgreSQL, shared_buffers ${rows[0]?.shared_buffers}`,
    at: (table) => postgresStore(pool, { table }),
    async fill(table, filling) {
      await pool.query(insertion(postgres, table, filling))
      await pool.query(`vacuum analyze ${table}`)
    },
    // Through the indexes: a plain scan of a large table leaves next to nothing in the shared buffers, by design.
    warm: (table) =>
      pool.query(`begin; set local enable_seqscan = off; set local enable_bitmapscan = off; set local max_parallel_workers_per_gather = 0;
        select sum(length(value)) from ${table} where kind = 'session' and key >= '';
        select count(*) from ${table} where kind = 'session' and owner >= ''; commit`),
    drop: (table) => pool.query(`drop table if exists ${table}`),
    close: () => pool.end(),
  }
}

/** The server of `TEST_MYSQL_URL`, whose name tells its buffer pool. */
export async function openMysql(): Promise<Engine> {
  const pool = createPool({ uri: process.env.TEST_MYSQL_URL ?? 'mysql://root@127.0.0.1:3306/test', connectionLimit: 4 })
  const [rows] = await pool.query('select @@innodb_buffer_pool_size / 1048576 as size')
  const [{ size }] = rows as [{ size: string }]
  return {
    name: `MariaDB, buffer pool ${Number(size)} MB`,
    at: (table) => mysqlStore(pool, { table }),
    fill: (table, filling) => pool.query(insertion(mysql, table, filling)),
    async warm(table) {
      await pool.query(`select sum(length(value)) from ${table}`)
      await pool.query(`select count(owner) from ${table} force index (owner_of_kind) where kind = 'session'`)
    },
    drop: (table) => pool.query(`drop table if exists ${table}`),
    close: () => pool.end(),
  }
}

/** Where PostgreSQL is. */
export function postgresUrl(): string {
  return process.env.TEST_POSTGRES_URL ?? 'postgres://postgres@127.0.0.1:5432/test'
}
