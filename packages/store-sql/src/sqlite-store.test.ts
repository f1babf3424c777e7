import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { describeStore } from '@tessera-auth/testing'
import Database from 'better-sqlite3'
import { sqliteStore } from './sqlite-store.js'

describeStore('node:sqlite', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'tessera-sqlite-'))
  const database = new DatabaseSync(join(folder, 'app.db'))
  const store = sqliteStore(database)
  await store.migrate()
  const close = async (): Promise<void> => {
    database.close()
    rmSync(folder, { recursive: true })
  }
  return { store, close }
})

describeStore('better-sqlite3', async () => {
  const database = new Database(':memory:')
  const store = sqliteStore(database, { table: 'records' })
  await store.migrate()
  const close = async (): Promise<void> => {
    database.close()
  }
  return { store, close }
})
