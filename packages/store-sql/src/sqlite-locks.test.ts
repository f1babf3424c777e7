import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import Database from 'better-sqlite3'
import { afterAll, afterEach, describe, expect, test } from 'vitest'
import { type Child, startChild } from './fixtures/child.js'
import { sampleEntry } from './fixtures/sample-entry.js'
import { type SqliteDatabase, sqliteStore } from './sqlite-store.js'

const folder = mkdtempSync(join(tmpdir(), 'tessera-locks-'))
const file = join(folder, 'app.db')
afterAll(() => rmSync(folder, { recursive: true }))

describe.each<[string, () => SqliteDatabase & { close(): unknown }]>([
  ['node:sqlite', () => new DatabaseSync(file)],
  ['better-sqlite3', () => new Database(file, { timeout: 30 })],
])('a lock that another process holds (%s)', (_name, open) => {
  const database = open()
  const store = sqliteStore(database)
  let holder: Child
  afterEach(() => holder.process.kill('SIGKILL'))
  afterAll(() => void database.close())

  async function lock(): Promise<void> {
    await store.migrate()
    holder = startChild('hold-lock', file)
    await holder.said('locked')
  }

  test('a write waits until it is released', async () => {
    await lock()
    const entry = sampleEntry()
    const writing = store.insert(entry)
    holder.say('release')
    expect(await writing).toBe(true)
    expect(await store.get(entry.kind, entry.key)).toStrictEqual(entry)
  })

  test('a write goes on when that process is killed', async () => {
    await lock()
    const writing = store.insert(sampleEntry())
    holder.process.kill('SIGKILL')
    expect(await writing).toBe(true)
  })

  test('reads go on meanwhile', async () => {
    await store.migrate()
    const entry = sampleEntry()
    await store.insert(entry)
    await lock()
    expect(await store.get(entry.kind, entry.key)).toStrictEqual(entry)
    expect(await store.listByOwner(entry.kind, 'user-1')).toContainEqual(entry)
  })
})

describe('two handles on one file', () => {
  test('compare-and-swap by both loses nothing', async () => {
    const handles = [new DatabaseSync(file), new DatabaseSync(file)]
    const stores = handles.map((database) => sqliteStore(database))
    const first = sampleEntry({ value: '0' })
    await stores[0]?.migrate()
    await stores[0]?.insert(first)
    await Promise.all(
      Array.from({ length: 40 }, async (_, caller) => {
        const store = stores[caller % 2]
        for (;;) {
          const seen = await store?.get(first.kind, first.key)
          if (!seen) return
          const next = { ...seen, value: String(Number(seen.value) + 1), version: crypto.randomUUID().slice(0, 32) }
          if (await store?.replace(next, seen.version)) return
        }
      }),
    )
    expect((await stores[1]?.get(first.kind, first.key))?.value).toBe('40')
    for (const database of handles) database.close()
  })
})

describe('a lock that is never released', () => {
  test('a write that waits lets the event loop turn, and fails boundedly with a StoreError', async () => {
    const database = new DatabaseSync(file)
    const store = sqliteStore(database)
    await store.migrate()
    const holder = startChild('hold-lock', file)
    await holder.said('locked')
    let turns = 0
    const turning = setInterval(() => (turns += 1), 1)
    const entry = sampleEntry()
    await expect(store.insert(entry)).rejects.toMatchObject({ name: 'StoreError', status: 503 })
    clearInterval(turning)
    expect(turns).toBeGreaterThan(20)
    expect(await store.get(entry.kind, entry.key)).toBeNull()
    holder.process.kill('SIGKILL')
    database.close()
  })
})
