import { DatabaseSync } from 'node:sqlite'
import { ConfigError } from '@tessera-auth/core/store'
import { describe, expect, test } from 'vitest'
import { exactText } from './fixtures/exact-text.js'
import { sampleEntry } from './fixtures/sample-entry.js'
import { mysqlStore } from './mysql-store.js'
import { postgresBus } from './postgres-bus.js'
import { postgresStore } from './postgres-store.js'
import { sqliteStore } from './sqlite-store.js'

const nothing = { query: async () => ({ rows: [], rowCount: 0 }), execute: async (): Promise<[unknown]> => [[]] }
const stores = {
  sqliteStore: (table: string) => sqliteStore(new DatabaseSync(':memory:'), { table }),
  postgresStore: (table: string) => postgresStore(nothing, { table }),
  mysqlStore: (table: string) => mysqlStore(nothing, { table }),
}

describe.each(Object.entries(stores))('%s, option table', (name, open) => {
  test.for([
    '',
    'Users',
    'a b',
    'a;drop table b',
    'a"b',
    'a`b',
    "a'b",
    '1a',
    'a.b.c',
    '.a',
    'a.',
    'a\n',
    't\u00e9',
    'a'.repeat(49),
  ])('%j is refused, since it would need escaping or be cut off', (table) => {
    expect(() => open(table)).toThrow(ConfigError)
    expect(() => open(table)).toThrow(/^table: expected a name of a-z/)
  })

  test('is the only table in the schema', () => {
    expect(open('tokens').schema).toContain('create table if not exists tokens (')
    expect(open('tokens').schema).not.toContain('auth_records')
  })

  test(`may ${name === 'sqliteStore' ? 'not ' : ''}name a schema`, () => {
    if (name === 'sqliteStore') expect(() => open('auth.records')).toThrow(ConfigError)
    else expect(open('auth.records').schema).toContain('create table if not exists auth.records (')
  })
})

test('the table is auth_records where none is named', () => {
  expect(sqliteStore(new DatabaseSync(':memory:')).schema).toContain('auth_records')
})

describe.each([
  [
    'postgresStore',
    (calls: unknown[]) => postgresStore({ query: async (statement: unknown) => answer(calls, statement) }),
  ],
  [
    'postgresStore with its bus',
    (calls: unknown[]) => {
      const bus = postgresBus(() => Promise.reject(new Error('nobody listens')))
      return postgresStore({ query: async (statement: unknown) => answer(calls, statement) }, { bus })
    },
  ],
  [
    'mysqlStore',
    (calls: unknown[]) =>
      mysqlStore({ query: exactText, execute: async (statement) => [answer(calls, statement).rows] }),
  ],
])('%s', (_name, open) => {
  test('takes one round trip for each method', async () => {
    const calls: unknown[] = []
    const store = open(calls)
    await store.get('session', 'k', { fresh: true })
    await store.insert(sampleEntry())
    await store.replace(sampleEntry(), 'other')
    await store.remove('session', 'k')
    await store.remove('session', 'k', 'version')
    await store.listByOwner('session', 'user-1')
    await store.removeExpired(1, 100)
    expect(calls).toHaveLength(7)
  })
})

function answer(calls: unknown[], statement: unknown): { rows: unknown[]; rowCount: number } {
  calls.push(statement)
  return { rows: [], rowCount: 0 }
}
