/** Where the apps under test keep what they keep, and what a test must be able to see of it and do to it. */
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { DatabaseSync } from 'node:sqlite'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

/** Settings of the app that name its storage: another process with the same is on the same. */
export type StorageSettings = Readonly<Record<string, string>>

/** A storage that can fail. */
export interface BreakableStorage {
  readonly settings: StorageSettings
  /** Runs something while no record can be read or written. */
  whileDown<T>(work: () => Promise<T>): Promise<T>
}

/** One kind of storage. */
export interface AppStorage {
  /** An empty one, which is the app's own. */
  open(): Promise<StorageSettings>
  /** The same, to be broken by a test. */
  openBreakable(): Promise<BreakableStorage>
  /** Runs a statement on the app's own tables, while no app does. */
  execute(settings: StorageSettings, sql: string): Promise<void>
  /** Every value that is kept there, and the bytes of its files where it has any. */
  dump(settings: StorageSettings): Promise<string>
  /** Removes all that was opened. */
  close(): Promise<void>
}

/** A file for each app. */
export async function openSqliteStorage(): Promise<AppStorage> {
  const folder = mkdtempSync(join(tmpdir(), 'reference-app-'))
  let count = 0

  async function open(): Promise<StorageSettings> {
    count += 1
    return { DATABASE_URL: `sqlite:${join(folder, `app-${count}.db`)}` }
  }

  return {
    open,
    async openBreakable() {
      const settings = await open()
      return { settings, whileDown: (work) => withoutRecords(fileOf(settings), work) }
    },
    execute: async (settings, sql) => {
      const database = new DatabaseSync(fileOf(settings), { timeout: 5000 })
      database.exec(sql)
      database.close()
    },
    dump: async (settings) => dumpOf(fileOf(settings)),
    close: async () => rmSync(folder, { recursive: true, force: true }),
  }
}

function fileOf({ DATABASE_URL = '' }: StorageSettings): string {
  return DATABASE_URL.slice('sqlite:'.length)
}

/** The records' table is renamed under the app, which looks like any other failure. */
async function withoutRecords<T>(file: string, work: () => Promise<T>): Promise<T> {
  const database = new DatabaseSync(file, { timeout: 5000 })
  try {
    database.exec('alter table auth_records rename to hidden_records')
    return await work()
  } finally {
    database.exec('alter table hidden_records rename to auth_records')
    database.close()
  }
}

function dumpOf(file: string): string {
  const database = new DatabaseSync(file, { readOnly: true })
  const tables = database.prepare("select name from sqlite_master where type = 'table'").all() as { name: string }[]
  const rows = tables.flatMap(({ name }) => database.prepare(`select * from "${name}"`).all())
  database.close()
  return (
    JSON.stringify(rows).replaceAll('\\"', '"') + readFileSync(file, 'latin1') + readFileSync(`${file}-wal`, 'latin1')
  )
}
