import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import Database from 'better-sqlite3'
import { afterAll, afterEach, describe, expect, test } from 'vitest'
import { type Child, startChild } from './fixtures/child.js'
import { sampleEntry } from './fixtures/sample-entry.js'
import { type SqliteDatabase, sqliteStore } from './sqlite-store.js'

const folder = mkdtempSync(join(tmpdir(), 'tessera-handles-'))
const file = join(folder, 'app.db')
let holder: Child | undefined
afterEach(() => holder?.process.kill('SIGKILL'))
afterAll(() => rmSync(folder, { recursive: true }))

async function lock(): Promise<void> {
  holder = startChild('hold-lock', file)
  await holder.said('locked')
}

/** The handle, and how often a statement was run on it. */
function counting(database: SqliteDatabase): { database: SqliteDatabase; runs(): number } {
  let runs = 0
  return {
    runs: () => runs,
    database: {
      exec: (text) => database.exec(text),
      prepare(text) {
        const statement = database.prepare(text)
        return {
          get: (...values) => statement.get(...values),
          all: (...values) => statement.all(...values),
          run: (...values) => ((runs += 1), statement.run(...values)),
        }
      },
    },
  }
}

describe.each<[string, (timeout: number) => SqliteDatabase & { close(): unknown }]>([
  ['node:sqlite', (timeout) => new DatabaseSync(file, { timeout })],
  ['better-sqlite3', (timeout) => new Database(file, { timeout })],
])('a handle of %s with a timeout of its own', (_name, open) => {
  // Rounded: what is left of five seconds after one try of 3.4 is no whole one more.
  test.for([
    [3_400, 1],
    [2_000, 2],
  ] as const)('of %d ms tries a locked statement so often that it is five seconds in all', async ([timeout, tries]) => {
    const opened = open(timeout)
    const { database, runs } = counting(opened)
    const store = sqliteStore(database)
    await store.migrate()
    await lock()
    await expect(store.insert(sampleEntry())).rejects.toMatchObject({ name: 'StoreError' })
    expect(runs()).toBe(tries)
    opened.close()
  })
})

describe('a handle of node:sqlite with returnArrays', () => {
  test('lists records, and purges', async () => {
    const database = new DatabaseSync(file, { returnArrays: true })
    const store = sqliteStore(database)
    await store.migrate()
    const entry = sampleEntry({ owner: 'arrays', expiresAt: 1 })
    await store.insert(entry)
    expect(await store.get(entry.kind, entry.key)).toStrictEqual(entry)
    expect(await store.listByOwner(entry.kind, 'arrays')).toStrictEqual([entry])
    expect(await store.removeExpired(1, 100)).toBe(1)
    database.close()
  })

  test('a locked write is answered', async () => {
    const database = new DatabaseSync(file, { returnArrays: true })
    const store = sqliteStore(database)
    await store.migrate()
    await lock()
    await expect(store.insert(sampleEntry())).rejects.toMatchObject({ name: 'StoreError' })
    database.close()
  })
})

test('a driver that answers pragmas in a form of its own tries boundedly too', async () => {
  const own = new DatabaseSync(file)
  const { database } = counting(own)
  const store = sqliteStore({
    exec: (text) => database.exec(text),
    prepare: (text) => (text === 'pragma busy_timeout' ? own.prepare('select 1 as odd') : database.prepare(text)),
  })
  await store.migrate()
  await lock()
  await expect(store.insert(sampleEntry())).rejects.toMatchObject({ name: 'StoreError' })
  own.close()
})

describe('a handle of node:sqlite that was closed', () => {
  test('fails until it is opened again, and then goes on with every method', async () => {
    const database = new DatabaseSync(file)
    const store = sqliteStore(database)
    await store.migrate()
    const entry = sampleEntry({ owner: 'reopened', expiresAt: 1 })
    async function useAll(): Promise<void> {
      expect(await store.insert(entry)).toBe(true)
      expect(await store.get(entry.kind, entry.key)).toStrictEqual(entry)
      expect(await store.listByOwner(entry.kind, 'reopened')).toStrictEqual([entry])
      expect(await store.replace(entry, entry.version)).toBe(true)
      expect(await store.removeExpired(1, 100)).toBe(1)
      expect(await store.remove(entry.kind, entry.key)).toBe(false)
    }
    await useAll()
    database.close()
    await expect(store.get(entry.kind, entry.key)).rejects.toMatchObject({ name: 'StoreError' })
    await expect(store.insert(entry)).rejects.toMatchObject({ name: 'StoreError' })
    database.open()
    await useAll()
    database.close()
    database.open()
    expect(await store.get(entry.kind, entry.key)).toBeNull()
    await useAll()
    // What this store sets was gone with the connection.
    expect(database.prepare('pragma busy_timeout').get()).toEqual({ timeout: 20 })
    database.close()
  })
})
