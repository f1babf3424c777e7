import { PrismaPg } from '@prisma/adapter-pg'
import { describeEngine, mysql, postgres } from '@tessera-auth/engines'
import Database from 'better-sqlite3'
import { drizzle as drizzleSqlite } from 'drizzle-orm/better-sqlite3'
import { drizzle as drizzleMysql } from 'drizzle-orm/mysql2'
import { drizzle as drizzlePostgres } from 'drizzle-orm/node-postgres'
import { drizzle as drizzlePostgresJs } from 'drizzle-orm/postgres-js'
import { CamelCasePlugin, Kysely, MysqlDialect, PostgresDialect, sql, SqliteDialect } from 'kysely'
import mysql2 from 'mysql2'
import pg from 'pg'
import postgresJs from 'postgres'
import { describe, expect, test } from 'vitest'
import { sampleEntry } from './fixtures/sample-entry.js'
import { testTable } from './fixtures/test-table.js'
import { mysqlStore } from './mysql-store.js'
import { postgresStore } from './postgres-store.js'
import type { SqlStore } from './sql-store.js'
import { sqliteStore } from './sqlite-store.js'

/** The store works, and the app's own query builder sees its rows over the same connections. */
async function expectShared(store: SqlStore, countRows: () => Promise<unknown>): Promise<void> {
  await store.migrate()
  const entry = sampleEntry()
  expect(await store.insert(entry)).toBe(true)
  expect(await store.get(entry.kind, entry.key)).toStrictEqual(entry)
  expect(Number(await countRows())).toBe(1)
}

describeEngine(postgres, (url) => {
  test('Kysely hands over its pool, and its plugins do not touch the store', async () => {
    const table = testTable()
    const pool = new pg.Pool({ connectionString: url, max: 1 })
    const db = new Kysely<Tables>({ dialect: new PostgresDialect({ pool }), plugins: [new CamelCasePlugin()] })
    await expectShared(postgresStore(pool, { table }), async () => {
      const { rows } = await sql<{ n: string }>`select count(*) as n from ${sql.table(table)}`.execute(db)
      return rows[0]?.n
    })
    await pool.query(`drop table ${table}`)
    await db.destroy()
  })

  test('Drizzle hands over its client: a pool of pg', async () => {
    const table = testTable()
    const db = drizzlePostgres({ connection: { connectionString: url, max: 1 } })
    await expectShared(postgresStore(db.$client, { table }), async () => {
      const { rows } = await db.execute<{ n: string }>(`select count(*) as n from ${table}`)
      return rows[0]?.n
    })
    await db.execute(`drop table ${table}`)
    await db.$client.end()
  })

  test('Drizzle hands over its client: postgres.js', async () => {
    const table = testTable()
    const db = drizzlePostgresJs({ client: postgresJs(url, { max: 1 }) })
    await expectShared(postgresStore(db.$client, { table }), async () => {
      const [row] = await db.execute<{ n: string }>(`select count(*) as n from ${table}`)
      return row?.n
    })
    await db.execute(`drop table ${table}`)
    await db.$client.end()
  })

  test('Prisma takes the pool that the store has', async () => {
    const table = testTable()
    const pool = new pg.Pool({ connectionString: url, max: 1 })
    const adapter = await new PrismaPg(pool).connect()
    await expectShared(postgresStore(pool, { table }), async () => {
      const text = `select count(*) as n from ${table}`
      const { rows } = await adapter.queryRaw({ sql: text, args: [], argTypes: [] })
      return rows[0]?.[0]
    })
    await pool.query(`drop table ${table}`)
    await adapter.dispose()
    await pool.end()
  })
})

describeEngine(mysql, (url) => {
  test('Kysely hands over its pool, by its promises', async () => {
    const table = testTable()
    const pool = mysql2.createPool({ uri: url, connectionLimit: 1 })
    const db = new Kysely<Tables>({ dialect: new MysqlDialect({ pool }) })
    await expectShared(mysqlStore(pool.promise(), { table }), async () => {
      const { rows } = await sql<{ n: number }>`select count(*) as n from ${sql.table(table)}`.execute(db)
      return rows[0]?.n
    })
    await pool.promise().query(`drop table ${table}`)
    await db.destroy()
  })

  test('Drizzle hands over its client, by its promises', async () => {
    const table = testTable()
    const pool = mysql2.createPool({ uri: url, connectionLimit: 1 })
    const db = drizzleMysql({ client: pool })
    await expectShared(mysqlStore(pool.promise(), { table }), async () => {
      const [rows] = await db.execute(`select count(*) as n from ${table}`)
      return (rows as unknown as { n: number }[])[0]?.n
    })
    await db.execute(`drop table ${table}`)
    await pool.promise().end()
  })
})

describe('on SQLite', () => {
  test('Kysely hands over its database', async () => {
    const database = new Database(':memory:')
    const db = new Kysely<Tables>({ dialect: new SqliteDialect({ database }) })
    await expectShared(sqliteStore(database), async () => {
      const { rows } = await sql<{ n: number }>`select count(*) as n from auth_records`.execute(db)
      return rows[0]?.n
    })
    await db.destroy()
  })

  test('Drizzle hands over its client', async () => {
    const db = drizzleSqlite({ client: new Database(':memory:') })
    await expectShared(sqliteStore(db.$client), async () => {
      const row = db.get<{ n: number }>('select count(*) as n from auth_records')
      return row.n
    })
    db.$client.close()
  })
})

/** The app's own tables; the store's is not among them. */
type Tables = Record<string, never>
