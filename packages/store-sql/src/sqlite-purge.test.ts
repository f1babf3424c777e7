import { mkdtempSync, rmSync, statSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import Database from 'better-sqlite3'
import { afterAll, describe, expect, test } from 'vitest'
import { sampleEntry } from './fixtures/sample-entry.js'
import type { SqlStore } from './sql-store.js'
import { type SqliteDatabase, sqliteStore } from './sqlite-store.js'

/** So many that fifty of them are on pages of their own, in the table and in its indexes. */
const rows = 5_000
/** Fifty rows on one page each in the table and two indexes, doubled for what is rebalanced. */
const pagesPerSlice = 300
const folder = mkdtempSync(join(tmpdir(), 'tessera-purge-'))
afterAll(() => rmSync(folder, { recursive: true }))

/** A file of expired rows. */
interface Purged {
  readonly database: SqliteDatabase & { close(): unknown }
  readonly store: SqlStore
  /** How long the log ever was since it was emptied. */
  logPages(): number
}

describe('a purge', () => {
  test('lets the event loop turn before a large limit is reached', async () => {
    const database = new DatabaseSync(':memory:')
    const store = sqliteStore(database)
    await store.migrate()
    for (let count = 0; count < 450; count += 1) await store.insert(sampleEntry({ expiresAt: 1 }))
    let left: number | undefined
    setImmediate(() => {
      const row = database.prepare('select count(*) as n from auth_records').get()
      left = Number(row?.n)
    })
    expect(await store.removeExpired(1, 1_000)).toBe(450)
    expect(left).toBeGreaterThan(0)
    database.close()
  })

  test('removes no more than its limit, over slices too', async () => {
    const database = new DatabaseSync(':memory:')
    const store = sqliteStore(database)
    await store.migrate()
    for (let count = 0; count < 300; count += 1) await store.insert(sampleEntry({ expiresAt: 1 }))
    expect(await store.removeExpired(1, 250)).toBe(250)
    expect(await store.removeExpired(1, 250)).toBe(50)
    database.close()
  })

  describe.each<[string, (file: string) => SqliteDatabase & { close(): unknown }]>([
    ['node:sqlite', (file) => new DatabaseSync(file)],
    ['better-sqlite3', (file) => new Database(file)],
  ])('of rows all over a file (%s)', (_name, open) => {
    async function filled(): Promise<Purged> {
      const file = join(folder, `${crypto.randomUUID()}.db`)
      const database = open(file)
      const store = sqliteStore(database)
      await store.migrate()
      database.exec(`with recursive n(n) as (select 1 union all select n + 1 from n where n < ${rows})
        insert into auth_records (kind, key, owner, version, expires_at, value)
        select 'session', hex(randomblob(16)), hex(randomblob(4)), '1', 1, '${'x'.repeat(200)}' from n`)
      database.prepare('pragma wal_checkpoint(truncate)').get()
      return { database, store, logPages: () => Math.floor(statSync(`${file}-wal`).size / 4_096) }
    }

    test('writes back slice by slice, so that no slice has to for those before it', async () => {
      const { database, store, logPages } = await filled()
      expect(await store.removeExpired(1, 2_000)).toBe(2_000)
      expect(logPages()).toBeGreaterThan(0)
      expect(logPages()).toBeLessThan(pagesPerSlice)
      database.close()
    })

    test('writes nothing back where the caller has turned that off', async () => {
      const { database, store, logPages } = await filled()
      database.exec('pragma wal_autocheckpoint = 0')
      expect(await store.removeExpired(1, 2_000)).toBe(2_000)
      expect(logPages()).toBeGreaterThan(1_000)
      database.close()
    })

    test('goes on in a transaction of the caller, where nothing can be written back', async () => {
      const { database, store } = await filled()
      database.exec('begin immediate')
      expect(await store.removeExpired(1, 200)).toBe(200)
      database.exec('rollback')
      expect(await store.removeExpired(1, rows)).toBe(rows)
      database.close()
    })
  })
})
