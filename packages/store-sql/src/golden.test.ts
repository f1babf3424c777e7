import { readFileSync } from 'node:fs'
import { DatabaseSync } from 'node:sqlite'
import type { Entry, Store } from '@tessera-auth/core/store'
import { describeEngine, mysql, postgres } from '@tessera-auth/engines'
import { createConnection } from 'mysql2/promise'
import pg from 'pg'
import { describe, expect, test } from 'vitest'
import { testTable } from './fixtures/test-table.js'
import { mysqlStore } from './mysql-store.js'
import { postgresStore } from './postgres-store.js'
import { sqliteStore } from './sqlite-store.js'

/**
 * What the first release wrote: its tables, and rows as they lay in them. Later releases must go on with both, so these
 * files are never changed; a new form gets files of its own.
 */
const rows = golden('rows-1.sql')
const entries = JSON.parse(golden('rows-1.json')) as Entry[]

describe('what the first release wrote', () => {
  test('is read from SQLite, and goes on', async () => {
    const database = new DatabaseSync(':memory:')
    database.exec(golden('schema-1.sqlite.sql'))
    database.exec(rows)
    const store = sqliteStore(database)
    await store.migrate()
    await expectReadAndWritten(store)
  })
})

describeEngine(postgres, (url) => {
  test('what the first release wrote is read from PostgreSQL, and goes on', async () => {
    const table = testTable()
    const client = new pg.Client({ connectionString: url })
    await client.connect()
    await client.query(golden('schema-1.postgres.sql').replaceAll('auth_records', table))
    await client.query(rows.replaceAll('auth_records', table))
    const store = postgresStore(client, { table })
    await store.migrate()
    await expectReadAndWritten(store)
    await client.query(`drop table ${table}`)
    await client.end()
  })
})

describeEngine(mysql, (url) => {
  test('what the first release wrote is read from MySQL, and goes on', async () => {
    const table = testTable()
    const connection = await createConnection({ uri: url, multipleStatements: true })
    await connection.query(`set session sql_mode = 'ANSI_QUOTES,NO_BACKSLASH_ESCAPES'`)
    await connection.query(golden('schema-1.mysql.sql').replace('auth_records', table))
    await connection.query(rows.replaceAll('auth_records', table))
    const store = mysqlStore(connection, { table })
    await store.migrate()
    await expectReadAndWritten(store)
    await connection.query(`drop table ${table}`)
    await connection.end()
  })
})

async function expectReadAndWritten(store: Store): Promise<void> {
  expect(entries.length).toBeGreaterThan(3)
  for (const entry of entries) {
    expect(await store.get(entry.kind, entry.key)).toStrictEqual(entry)
    if (entry.owner !== null) expect(await store.listByOwner(entry.kind, entry.owner)).toContainEqual(entry)
    expect(await store.insert(entry)).toBe(false)
    expect(await store.replace({ ...entry, version: 'next' }, entry.version)).toBe(true)
    expect(await store.remove(entry.kind, entry.key, 'next')).toBe(true)
  }
}

function golden(name: string): string {
  return readFileSync(new URL(`fixtures/golden/${name}`, import.meta.url), 'utf8')
}
