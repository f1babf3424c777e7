import { setTimeout } from 'node:timers/promises'
import { inspect } from 'node:util'
import { StoreError } from '@tessera-auth/core/store'
import { describeEngine, mysql, postgres } from '@tessera-auth/engines'
import { createPool } from 'mysql2/promise'
import pg from 'pg'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { sampleEntry } from './fixtures/sample-entry.js'
import { testTable } from './fixtures/test-table.js'
import { type MysqlClient, type MysqlStatement, mysqlStore } from './mysql-store.js'
import { type PgClient } from './postgres-client.js'
import { postgresStore } from './postgres-store.js'

/** The real driver, but some statements fail first, as the server would let them. */
function failing(times: number, error: object, run: (values: unknown[]) => Promise<unknown>) {
  let left = times
  let calls = 0
  return {
    calls: () => calls,
    run: (values: unknown[]): Promise<unknown> => {
      calls += 1
      left -= 1
      return left >= 0 ? Promise.reject(Object.assign(new Error('undone'), error)) : run(values)
    },
  }
}

describeEngine(postgres, (url) => {
  const table = testTable()
  const pool = new pg.Pool({ connectionString: url, max: 2 })
  beforeAll(() => postgresStore(pool, { table }).migrate())
  afterAll(async () => {
    await pool.query(`drop table ${table}`)
    await pool.end()
  })

  function storeOf(times: number, code: string): { store: ReturnType<typeof postgresStore>; calls(): number } {
    const { run, calls } = failing(times, { code }, ([statement]) => pool.query(statement as pg.QueryConfig))
    const client: PgClient = { query: (statement) => run([statement]) as ReturnType<PgClient['query']> }
    return { store: postgresStore(client, { table }), calls }
  }

  describe('PostgreSQL undoes a statement', () => {
    test.for(['40001', '40P01'])('%s is tried again', async (code) => {
      const { store, calls } = storeOf(3, code)
      expect(await store.insert(sampleEntry())).toBe(true)
      expect(calls()).toBe(4)
    })

    test('what is undone again and again is a StoreError in the end', async () => {
      const { store, calls } = storeOf(1_000, '40001')
      await expect(store.insert(sampleEntry())).rejects.toThrow('PostgreSQL failed (40001).')
      expect(calls()).toBe(10)
    })

    test.for(['57P01', '08006', '23505', '53300'])(
      '%s is not tried again: the outcome may be known to nobody',
      async (code) => {
        const { store, calls } = storeOf(1, code)
        await expect(store.insert(sampleEntry())).rejects.toBeInstanceOf(StoreError)
        expect(calls()).toBe(1)
      },
    )
  })

  describe('PostgreSQL refuses a statement', () => {
    test('the error holds no value of the record, at any depth', async () => {
      const secret = 'canary-value'
      const store = postgresStore(pool, { table })
      const error = await store
        .insert(sampleEntry({ key: `${secret}\0`, value: secret, owner: secret }))
        .catch((caught: unknown) => caught)
      expect(error).toBeInstanceOf(StoreError)
      expect(inspect(error, { depth: 9, showHidden: true })).not.toContain(secret)
    })
  })
})

describeEngine(mysql, (url) => {
  const table = testTable()
  const pool = createPool({ uri: url, connectionLimit: 2 })
  beforeAll(() => mysqlStore(pool, { table }).migrate())
  afterAll(async () => {
    await pool.query(`drop table ${table}`)
    await pool.end()
  })

  function storeOf(times: number, errno: number): { store: ReturnType<typeof mysqlStore>; calls(): number } {
    const { run, calls } = failing(times, { errno }, ([statement, values]) =>
      pool.execute(statement as MysqlStatement, values as string[]),
    )
    const client: MysqlClient = {
      execute: (statement, values) => run([statement, values]) as ReturnType<MysqlClient['execute']>,
      query: (statement) => pool.query(statement),
    }
    return { store: mysqlStore(client, { table }), calls }
  }

  describe('MySQL undoes a statement', () => {
    test.for([
      ['a deadlock', 1213],
      ['a read that is no longer so, in MariaDB', 1020],
    ] as const)('%s (%i) is tried again', async ([, errno]) => {
      const { store, calls } = storeOf(3, errno)
      expect(await store.insert(sampleEntry())).toBe(true)
      expect(calls()).toBe(4)
    })

    test('a serializable write whose record changes while it waits is answered', async () => {
      const strict = createPool({ uri: url, connectionLimit: 1 })
      const [[server]] = (await strict.query('select version() as version')) as unknown as [[{ version: string }]]
      await strict.query('set session transaction isolation level serializable')
      if (server.version.includes('MariaDB')) await strict.query('set session innodb_snapshot_isolation = 1')
      const store = mysqlStore(strict, { table })
      const entry = sampleEntry()
      await store.insert(entry)
      const rival = await pool.getConnection()
      await rival.query('begin')
      await rival.query(`update ${table} set value = '2' where \`key\` = ?`, [entry.key])
      const waiting = store.replace({ ...entry, version: 'next' }, entry.version)
      await setTimeout(100)
      await rival.query('commit')
      rival.release()
      expect(await waiting).toBe(true)
      await strict.end()
    })

    test('a lock that was waited for in vain (1205) is tried once more', async () => {
      const once = storeOf(1, 1205)
      expect(await once.store.insert(sampleEntry())).toBe(true)
      const twice = storeOf(2, 1205)
      await expect(twice.store.insert(sampleEntry())).rejects.toBeInstanceOf(StoreError)
      expect(twice.calls()).toBe(2)
    })

    test('two that really block each other are both answered', async () => {
      const store = mysqlStore(pool, { table })
      const [one, other] = [sampleEntry(), sampleEntry()]
      await store.insert(one)
      await store.insert(other)
      const rival = await pool.getConnection()
      await rival.query('begin')
      await rival.query(`update ${table} set value = '2' where \`key\` = ?`, [one.key])
      const waiting = store.replace({ ...one, version: 'next' }, one.version)
      await rival.query(`update ${table} set value = '2' where \`key\` = ?`, [other.key])
      await rival.query('commit')
      rival.release()
      expect(await waiting).toBe(true)
    })
  })

  describe('MySQL refuses a statement', () => {
    test('the error holds no value of the record, at any depth', async () => {
      const secret = 'canary-value'
      const store = mysqlStore(pool, { table })
      const error = await store
        .insert(sampleEntry({ key: secret.repeat(20), value: secret, owner: secret }))
        .catch((caught: unknown) => caught)
      expect(error).toBeInstanceOf(StoreError)
      expect(inspect(error, { depth: 9, showHidden: true })).not.toContain(secret)
    })

    test('an owner that would be cut off is refused, however lenient the server is', async () => {
      const lenient = createPool({ uri: url, connectionLimit: 1 })
      await lenient.query(`set session sql_mode = ''`)
      const owner = 'o'.repeat(256)
      await expect(mysqlStore(lenient, { table }).insert(sampleEntry({ owner }))).rejects.toBeInstanceOf(StoreError)
      await lenient.end()
    })
  })

  describe('MySQL counts changed rows only (flags: -FOUND_ROWS)', () => {
    test('writing a record as it is, over the version it has, is still true', async () => {
      const counting = createPool({ uri: url, flags: ['-FOUND_ROWS'], connectionLimit: 1 })
      const store = mysqlStore(counting, { table })
      const entry = sampleEntry()
      await store.insert(entry)
      expect(await store.replace(entry, entry.version)).toBe(true)
      expect(await store.replace({ ...entry, value: '2' }, 'other')).toBe(false)
      expect(await store.insert(entry)).toBe(false)
      await store.remove(entry.kind, entry.key)
      expect(await store.replace(entry, entry.version)).toBe(false)
      await counting.end()
    })
  })
})
