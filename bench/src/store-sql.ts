/** Whether a SQL store's cost grows with its table, what it costs over the bare driver, and whether a purge is in the way. */
import { randomInt } from 'node:crypto'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { setImmediate as turn } from 'node:timers/promises'
import { mysqlStore, postgresStore, type SqlStore, sqliteStore } from '@tessera-auth/store-sql'
import { createPool } from 'mysql2/promise'
import pg from 'pg'
import { median, pairedRatio } from './paired.ts'
import type { Row } from './row.ts'

const small = 1_000
const recordsPerOwner = 5
const purgeBatch = 1_000
const purgeBatches = 200
const value = JSON.stringify({ hash: 'x'.repeat(43), label: 'y'.repeat(180) })
const purgeMilliseconds = 50

/** One engine, and how to fill a table of it quickly. */
interface Engine {
  readonly name: string
  at(table: string): SqlStore
  /** Rows with keys `k1` … `kN`, hashed, so that they are spread over the index as real ones are. */
  fill(table: string, count: number, expiresAt: number): Promise<unknown>
  drop(table: string): Promise<unknown>
  close(): Promise<unknown>
}

/** Rows for SQLite, PostgreSQL and MySQL, and the cost over bare pg. A million rows need 1 GB of disk and minutes. */
export async function benchStoreSql(large = 1_000_000): Promise<Row[]> {
  const engines = [openSqlite(), openPostgres(), openMysql()]
  const rows: Row[] = []
  for (const engine of engines) {
    rows.push(...(await growth(engine, large)))
    await engine.close()
  }
  rows.push(await overBareDriver())
  return rows
}

async function growth(engine: Engine, large: number): Promise<Row[]> {
  const tables = [`bench_small_${process.pid}`, `bench_large_${process.pid}`] as const
  const [few, many] = tables.map((table) => engine.at(table)) as [SqlStore, SqlStore]
  try {
    for (const [index, store] of [few, many].entries()) {
      await store.migrate()
      await engine.fill(tables[index] ?? '', index === 0 ? small : large, 1_000)
    }
    const key = (count: number): string => keyOf(randomInt(1, count + 1))
    const owner = (count: number): string => `user-${randomInt(0, count / recordsPerOwner)}`
    const [get, list] = [
      await pairedRatio(
        () => many.get('session', key(large)),
        () => few.get('session', key(small)),
        { runs: 500 },
      ),
      await pairedRatio(
        () => many.listByOwner('session', owner(large)),
        () => few.listByOwner('session', owner(small)),
        {
          runs: 300,
        },
      ),
    ]
    const longest = await longestReadDuringPurge(many)
    const sizes = `${large} rows / ${small} rows`
    return [
      { name: `get by key, ${engine.name}, ${sizes}`, ratio: get, target: 1.5, unit: 'x' },
      { name: `listByOwner, ${engine.name}, ${sizes}`, ratio: list, target: 1.5, unit: 'x' },
      {
        name: `longest get of half a second while a table of ${large} rows is purged, ${engine.name}`,
        ratio: longest,
        target: purgeMilliseconds,
        unit: 'ms',
      },
    ]
  } finally {
    for (const table of tables) await engine.drop(table)
  }
}

/**
 * Purges while another task reads one living record again and again: the longest read of each half second, and of those
 * the middle one. A purge that is in the way is so all the time; a machine that is busy with something else is not.
 */
async function longestReadDuringPurge(store: SqlStore): Promise<number> {
  const living = { kind: 'session', key: 'living', owner: null, value, version: '1', expiresAt: null }
  await store.insert(living)
  const longest: number[] = []
  const began = performance.now()
  let purging = true
  const reading = (async () => {
    while (purging) {
      const start = performance.now()
      // A request comes in by the event loop, so it waits for whatever holds that.
      await turn()
      await store.get('session', 'living')
      const end = performance.now()
      const slot = Math.floor((end - began) / 500)
      longest[slot] = Math.max(longest[slot] ?? 0, end - start)
    }
  })()
  for (let batch = 0; batch < purgeBatches; batch += 1) await store.removeExpired(1_000, purgeBatch)
  purging = false
  await reading
  return median(longest.filter((time) => time !== undefined))
}

/** 64 callers at once: `store.get` over the same named statement by hand. */
async function overBareDriver(): Promise<Row> {
  const pool = new pg.Pool({ connectionString: postgresUrl(), max: 10 })
  const table = `bench_bare_${process.pid}`
  const store = postgresStore(pool, { table })
  await store.migrate()
  const key = (n: number): string => keyOf(n)
  for (let n = 0; n < 100; n += 1) {
    await store.insert({ kind: 'session', key: key(n), owner: 'u', value, version: '1', expiresAt: 1 })
  }
  const text = `select owner, version, expires_at, value from ${table} where kind = $1 and key = $2`
  const bare = (n: number) => pool.query({ name: 'bare', text, values: ['session', key(n)] })
  const by64 = (one: (n: number) => Promise<unknown>) => () => Promise.all(Array.from({ length: 64 }, (_, n) => one(n)))
  const ratio = await pairedRatio(
    by64((n) => store.get('session', key(n))),
    by64(bare),
    { runs: 30 },
  )
  await pool.query(`drop table ${table}`)
  await pool.end()
  return { name: 'get, PostgreSQL, 64 callers / bare pg', ratio, target: 1.2, unit: 'x' }
}

function keyOf(n: number): string {
  return `${(n * 2_654_435_761) % 4_294_967_296}-${n}`
}

function openSqlite(): Engine {
  const folder = mkdtempSync(join(tmpdir(), 'tessera-bench-'))
  const database = new DatabaseSync(join(folder, 'bench.db'))
  return {
    name: 'SQLite',
    at: (table) => sqliteStore(database, { table }),
    fill: async (table, count, expiresAt) =>
      database.exec(`with recursive n(n) as (select 1 union all select n + 1 from n where n < ${count})
        insert into ${table} (kind, key, owner, version, expires_at, value)
        select 'session', ((n * 2654435761) % 4294967296) || '-' || n, 'user-' || (n % ${count / recordsPerOwner}), '1', ${expiresAt}, '${value}' from n`),
    drop: async (table) => database.exec(`drop table ${table}`),
    close: async () => {
      database.close()
      rmSync(folder, { recursive: true })
    },
  }
}

function openPostgres(): Engine {
  const pool = new pg.Pool({ connectionString: postgresUrl(), max: 4 })
  return {
    name: 'PostgreSQL',
    at: (table) => postgresStore(pool, { table }),
    fill: async (table, count, expiresAt) => {
      await pool.query(`insert into ${table} (kind, key, owner, version, expires_at, value)
        select 'session', ((n::bigint * 2654435761) % 4294967296) || '-' || n, 'user-' || (n % ${count / recordsPerOwner}), '1', ${expiresAt}, '${value}'
        from generate_series(1, ${count}) n`)
      await pool.query(`analyze ${table}`)
    },
    drop: (table) => pool.query(`drop table ${table}`),
    close: () => pool.end(),
  }
}

function openMysql(): Engine {
  const pool = createPool({ uri: process.env.TEST_MYSQL_URL ?? 'mysql://root@127.0.0.1:3306/test', connectionLimit: 4 })
  const digits =
    '(select 0 d union all select 1 union all select 2 union all select 3 union all select 4 union all select 5 union all select 6 union all select 7 union all select 8 union all select 9)'
  return {
    name: 'MariaDB',
    at: (table) => mysqlStore(pool, { table }),
    fill: (table, count, expiresAt) => {
      const places = Array.from({ length: String(count).length - 1 }, (_, place) => ({ place, name: `d${place}` }))
      const number = places.map(({ place, name }) => `${name}.d * ${10 ** place}`).join(' + ')
      const from = places.map(({ name }) => `${digits} ${name}`).join(', ')
      return pool.query(`insert into ${table} (kind, \`key\`, owner, version, expires_at, value)
        select 'session', concat((n * 2654435761) % 4294967296, '-', n), concat('user-', n % ${count / recordsPerOwner}), '1', ${expiresAt}, '${value}'
        from (select 1 + ${number} as n from ${from}) numbers`)
    },
    drop: (table) => pool.query(`drop table ${table}`),
    close: () => pool.end(),
  }
}

function postgresUrl(): string {
  return process.env.TEST_POSTGRES_URL ?? 'postgres://postgres@127.0.0.1:5432/test'
}
