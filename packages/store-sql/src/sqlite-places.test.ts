import { DatabaseSync } from 'node:sqlite'
import Database from 'better-sqlite3'
import { describe, expect, test } from 'vitest'
import { sampleEntry } from './fixtures/sample-entry.js'
import type { SqlStore } from './sql-store.js'
import { type SqliteDatabase, sqliteStore } from './sqlite-store.js'

describe.each<[string, () => SqliteDatabase]>([
  ['node:sqlite', () => new DatabaseSync(':memory:')],
  ['better-sqlite3', () => new Database(':memory:')],
])('where rows lie, %s', (_name, open) => {
  async function opened(): Promise<{ database: SqliteDatabase; store: SqlStore }> {
    const database = open()
    const store = sqliteStore(database)
    await store.migrate()
    return { database, store }
  }

  async function insert(store: SqlStore, ...owners: (string | null)[]): Promise<void> {
    for (const owner of owners) expect(await store.insert(sampleEntry({ owner }))).toBe(true)
  }

  function places(database: SqliteDatabase, owner: string | null): number[] {
    const rows = database.prepare('select rowid as place from auth_records where owner is ? order by rowid').all(owner)
    return rows.map((row) => Number((row as { place: number }).place))
  }

  test("an owner's records are side by side, whatever comes in between", async () => {
    const { database, store } = await opened()
    await insert(store, 'ann', 'bob', 'ann', null, 'bob', 'ann')
    for (const [owner, count] of [['ann', 3] as const, ['bob', 2] as const]) {
      const [first = Number.NaN, ...others] = places(database, owner)
      expect(others).toStrictEqual(Array.from({ length: count - 1 }, (_, index) => first + 1 + index))
    }
    expect(Math.abs((places(database, 'ann')[0] ?? 0) - (places(database, 'bob')[0] ?? 0))).toBeGreaterThan(2 ** 30)
  })

  test('records that nobody owns are behind all others', async () => {
    const { database, store } = await opened()
    await insert(store, null, 'ann', null, null)
    const [, second = 0, third = 0] = places(database, null)
    expect(second).toBeGreaterThan(places(database, 'ann')[0] ?? Number.NaN)
    expect(third).toBe(second + 1)
  })

  test('where an owner has no more room, records go behind all others', async () => {
    const { database, store } = await opened()
    await insert(store, 'ann')
    const first = places(database, 'ann')[0] ?? Number.NaN
    expect(first % 2 ** 31).toBe(0)
    database.exec(`update auth_records set rowid = ${first + 2 ** 31 - 1}`)
    await insert(store, 'ann', 'ann')
    expect(places(database, 'ann')).toHaveLength(3)
    expect(await store.listByOwner('session', 'ann')).toHaveLength(3)
  })

  test('rows of a table from before stay where they are, and are listed with the new ones', async () => {
    const { database, store } = await opened()
    database.exec(`insert into auth_records (kind, key, owner, version, expires_at, value)
      values ('session', 'old-1', 'ann', 'v', null, '{}'), ('session', 'old-2', 'ann', 'v', null, '{}')`)
    await insert(store, 'ann')
    expect(places(database, 'ann').slice(0, 2)).toStrictEqual([1, 2])
    expect(await store.listByOwner('session', 'ann')).toHaveLength(3)
    expect(await store.get('session', 'old-2')).toMatchObject({ owner: 'ann', value: '{}', expiresAt: null })
  })

  test('vacuum, which numbers rows anew, loses none, and inserts go on', async () => {
    const { database, store } = await opened()
    await insert(store, 'ann', 'bob', 'ann', null)
    database.exec('vacuum')
    await insert(store, 'ann', 'bob', null)
    expect(await store.listByOwner('session', 'ann')).toHaveLength(3)
    expect(await store.listByOwner('session', 'bob')).toHaveLength(2)
    expect(places(database, null)).toHaveLength(2)
  })
})
