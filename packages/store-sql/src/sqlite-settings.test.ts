import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import Database from 'better-sqlite3'
import { afterAll, describe, expect, test } from 'vitest'
import { sampleEntry } from './fixtures/sample-entry.js'
import { type SqliteDatabase, sqliteStore } from './sqlite-store.js'

const folder = mkdtempSync(join(tmpdir(), 'tessera-settings-'))
afterAll(() => rmSync(folder, { recursive: true }))

/** As in the guide to databases. */
const advised = 'pragma synchronous = full; pragma cache_size = -65536; pragma mmap_size = 2147418112'
const full = 2
const normal = 1

describe.each<[string, () => SqliteDatabase & { close(): unknown }, number]>([
  ['node:sqlite', () => new DatabaseSync(join(folder, `${crypto.randomUUID()}.db`)), full],
  ['better-sqlite3', () => new Database(join(folder, `${crypto.randomUUID()}.db`)), normal],
])('settings of %s', (_name, open, synchronousByDefault) => {
  test('what the guide advises stays in force once the store has made its table and written', async () => {
    const database = open()
    database.exec(advised)
    const store = sqliteStore(database)
    await store.migrate()
    const entry = sampleEntry()
    await store.insert(entry)
    expect(await store.get(entry.kind, entry.key)).toStrictEqual(entry)
    expect(database.prepare('pragma synchronous').get()).toMatchObject({ synchronous: full })
    expect(database.prepare('pragma cache_size').get()).toMatchObject({ cache_size: -65_536 })
    expect(database.prepare('pragma mmap_size').get()).toMatchObject({ mmap_size: 2_147_418_112 })
    database.close()
  })

  test('the store sets none of them itself', async () => {
    const database = open()
    const before = ['cache_size', 'mmap_size'].map((name) => database.prepare(`pragma ${name}`).get())
    const store = sqliteStore(database)
    await store.migrate()
    await store.insert(sampleEntry())
    expect(['cache_size', 'mmap_size'].map((name) => database.prepare(`pragma ${name}`).get())).toStrictEqual(before)
    // In better-sqlite3 a log changes the default, which the guide therefore names.
    expect(database.prepare('pragma synchronous').get()).toMatchObject({ synchronous: synchronousByDefault })
    database.close()
  })
})
