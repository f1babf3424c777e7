/** What is said of a client of another driver, and of a database without the table. */
import { DatabaseSync } from 'node:sqlite'
import { describeEngine, mysql, postgres } from '@tessera-auth/engines'
import { ConfigError, type Store } from '@tessera-auth/core/store'
import Database from 'better-sqlite3'
import callbacks from 'mysql2'
import { createPool } from 'mysql2/promise'
import pg from 'pg'
import postgresJs from 'postgres'
import { describe, expect, onTestFinished, test } from 'vitest'
import { testTable } from './fixtures/test-table.js'
import { mysqlStore } from './mysql-store.js'
import { postgresStore } from './postgres-store.js'
import { sqliteStore } from './sqlite-store.js'

type Open = (client: unknown) => Store

/** Nothing of this is ever connected. */
const database = new DatabaseSync(':memory:')
const pgPool = new pg.Pool()
const sql = postgresJs('postgres://127.0.0.1/app')
const callbackPool = callbacks.createPool({ host: '127.0.0.1' })
const promisePool = createPool({ host: '127.0.0.1' })

const stores: readonly [name: string, open: Open, expected: RegExp, wrong: unknown[]][] = [
  [
    'sqliteStore',
    sqliteStore as Open,
    /^database: expected a DatabaseSync of node:sqlite or a Database of better-sqlite3, received/,
    ['app.db', null, undefined, pgPool, sql, callbackPool, promisePool],
  ],
  [
    'postgresStore',
    postgresStore as Open,
    /^client: expected a pool or client of pg, the sql of postgres, or a PGlite, received/,
    ['postgres://127.0.0.1/app', null, undefined, database],
  ],
  [
    'mysqlStore',
    mysqlStore as Open,
    /^client: expected a pool or connection of mysql2\/promise .*, received/,
    ['mysql://127.0.0.1/app', null, undefined, database, pgPool, sql, callbackPool],
  ],
]

test.each(stores)('%s names what it takes where it is given something else', (_, open, expected, wrong) => {
  for (const client of wrong) {
    expect(() => open(client)).toThrow(ConfigError)
    expect(() => open(client)).toThrow(expected)
  }
})

async function expectAdvice(store: Store, code: string): Promise<void> {
  await expect(store.get('session', 'k')).rejects.toMatchObject({
    name: 'StoreError',
    message: expect.stringMatching(new RegExp(`${code}.*run migrate\\(\\) first`)),
  })
}

describe('a database without the table names migrate()', () => {
  test.each([
    ['node:sqlite', () => new DatabaseSync(':memory:')],
    ['better-sqlite3', () => new Database(':memory:')],
  ])('%s', (_, open) => expectAdvice(sqliteStore(open()), 'SQLITE_ERROR'))

  describeEngine(postgres, (url) => {
    test('pg', async () => {
      const pool = new pg.Pool({ connectionString: url })
      onTestFinished(() => pool.end())
      await expectAdvice(postgresStore(pool, { table: testTable() }), '42P01')
    })
  })

  describeEngine(mysql, (url) => {
    test('mysql2', async () => {
      const pool = createPool(url)
      onTestFinished(() => pool.end())
      await expectAdvice(mysqlStore(pool, { table: testTable() }), 'ER_NO_SUCH_TABLE')
    })
  })
})
