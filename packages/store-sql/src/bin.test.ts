import { execFile } from 'node:child_process'
import { DatabaseSync } from 'node:sqlite'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { describe, expect, test } from 'vitest'
import { mysqlStore } from './mysql-store.js'
import { postgresStore } from './postgres-store.js'
import { sqliteStore } from './sqlite-store.js'

const bin = fileURLToPath(new URL('../dist/bin.js', import.meta.url))

function cli(...args: string[]): Promise<{ stdout: string; stderr: string }> {
  return promisify(execFile)(process.execPath, [bin, ...args])
}

const nothing = { query: async () => ({ rows: [], rowCount: 0 }), execute: async (): Promise<[unknown]> => [[]] }

describe('npx @tessera-auth/store-sql schema', () => {
  test('prints what migrate runs, for each dialect', async () => {
    const stores = {
      sqlite: sqliteStore(new DatabaseSync(':memory:'), { table: 'tokens' }),
      postgres: postgresStore(nothing, { table: 'tokens' }),
      mysql: mysqlStore(nothing, { table: 'tokens' }),
      mariadb: mysqlStore(nothing, { table: 'tokens' }),
    }
    for (const [dialect, { schema }] of Object.entries(stores)) {
      const { stdout } = await cli('schema', '--dialect', dialect, '--table', 'tokens')
      expect(stdout.replaceAll(/[;\s]+$/g, '')).toBe(schema.replaceAll(/[;\s]+$/g, ''))
    }
  })

  test('takes the table of the stores where none is named', async () => {
    expect((await cli('schema', '--dialect', 'sqlite')).stdout).toBe(sqliteStore(new DatabaseSync(':memory:')).schema)
  })

  test('says in its help that a schema has to be there', async () => {
    expect((await cli('--help')).stdout).toContain('"create schema auth"')
  })

  test.for([
    [[]],
    [['schema']],
    [['schema', '--dialect', 'oracle']],
    [['schema', '--dialect', 'constructor']],
    [['drop', '--dialect', 'sqlite']],
    [['schema', '--dialect', 'sqlite', '--table', 'a; drop table b']],
    [['schema', '--dialect', 'sqlite', '--unknown']],
  ])('%j is refused with the usage on standard error', async ([args]) => {
    await expect(cli(...(args ?? []))).rejects.toMatchObject({
      code: 2,
      stdout: '',
      stderr: expect.stringContaining('Usage:'),
    })
  })
})
