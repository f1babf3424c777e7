import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describeEngine, mysql, postgres } from '@tessera-auth/engines'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { startChild } from './fixtures/child.js'
import { type OpenedStore, openStore } from './fixtures/open-store.js'
import { testTable } from './fixtures/test-table.js'
import type { SqlStore } from './sql-store.js'

describe('on SQLite', () => {
  const folder = mkdtempSync(join(tmpdir(), 'tessera-migrate-'))
  describeMigrate('sqlite', join(folder, 'app.db'))
  afterAll(() => rmSync(folder, { recursive: true }))
})
describeEngine(postgres, (url) => describeMigrate('postgres', url))
describeEngine(mysql, (url) => describeMigrate('mysql', url))

function describeMigrate(driver: string, target: string): void {
  describe('migrate', () => {
    let opened: OpenedStore
    beforeAll(async () => {
      opened = await openStore(driver, target)
    })
    const tables = new Set<string>()
    afterAll(async () => {
      for (const table of tables) await opened.drop(table)
      await opened.close()
    })

    function at(table: string): SqlStore {
      tables.add(table)
      return opened.at(table)
    }

    test('does nothing the second time, and keeps every row', async () => {
      const store = at(testTable())
      await store.migrate()
      const entry = { kind: 'session', key: 'k', owner: 'u', value: '1', version: 'v', expiresAt: null }
      await store.insert(entry)
      await store.migrate()
      expect(await store.get('session', 'k')).toStrictEqual(entry)
    })

    test('a table that is not there is an outage, never "no record"', async () => {
      const store = opened.at(testTable())
      await expect(store.get('session', 'k')).rejects.toMatchObject({ name: 'StoreError', status: 503 })
      await expect(store.remove('session', 'k')).rejects.toMatchObject({ name: 'StoreError' })
      await expect(store.listByOwner('session', 'u')).rejects.toMatchObject({ name: 'StoreError' })
    })

    test('five processes may migrate at once', async () => {
      const prefix = testTable()
      const children = Array.from({ length: 5 }, () => startChild('migrate-child', driver, target, prefix, '8'))
      for (let number = 0; number < 8; number += 1) tables.add(`${prefix}_${number}`)
      await Promise.all(children.map((child) => child.said('ready')))
      for (const child of children) child.say('go')
      expect(await Promise.all(children.map((child) => child.ended))).toEqual([0, 0, 0, 0, 0])
      await expectWhole(opened.at(`${prefix}_7`))
    })
  })
}

/** Every method answers, so every column is there. */
async function expectWhole(store: SqlStore): Promise<void> {
  const entry = { kind: 'session', key: 'k', owner: 'u', value: '1', version: '1', expiresAt: 1 }
  expect(await store.insert(entry)).toBe(true)
  expect(await store.insert(entry)).toBe(false)
  expect(await store.replace({ ...entry, version: '2' }, '1')).toBe(true)
  expect(await store.listByOwner('session', 'u')).toStrictEqual([{ ...entry, version: '2' }])
  expect(await store.removeExpired(1, 10)).toBe(1)
  expect(await store.remove('session', 'k')).toBe(false)
}
