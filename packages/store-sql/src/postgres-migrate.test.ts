import { describeEngine, postgres } from '@tessera-auth/engines'
import pg from 'pg'
import { afterAll, afterEach, beforeEach, describe, expect, test } from 'vitest'
import { sampleEntry } from './fixtures/sample-entry.js'
import { testTable } from './fixtures/test-table.js'
import { postgresStore } from './postgres-store.js'

describeEngine(postgres, (url) => {
  const admin = new pg.Pool({ connectionString: url, max: 12 })
  let table: string
  beforeEach(() => {
    table = testTable()
  })
  afterEach(() => admin.query(`drop table if exists ${table}`))
  afterAll(() => admin.end())

  async function indexes(): Promise<unknown[]> {
    const { rows } = await admin.query('select indexname from pg_indexes where tablename = $1 order by 1', [table])
    return rows.map(({ indexname }) => indexname.slice(table.length))
  }

  /** What migrate does, and what a person does who has printed its SQL. */
  const ways: [string, (pool: pg.Pool) => Promise<unknown>][] = [
    ['migrate', (pool) => postgresStore(pool, { table }).migrate()],
    ['the printed SQL', (pool) => pool.query(postgresStore(pool, { table }).schema)],
  ]

  describe.each(ways)('%s', (_name, run) => {
    test.for([
      ['a VACUUM', () => `lock table ${table} in share update exclusive mode`],
      ['an open transaction that has written', () => `delete from ${table}`],
    ] as const)('does not queue behind %s, where all writes would queue behind it', async ([, hold]) => {
      await run(admin)
      const holder = await admin.connect()
      await holder.query(`begin; ${hold()}`)
      const hasty = new pg.Pool({ connectionString: url, options: '-c lock_timeout=1000' })
      try {
        await run(hasty)
      } finally {
        await holder.query('rollback')
        holder.release()
        await hasty.end()
      }
    })

    test('needs no right to make a table that is there', async () => {
      await run(admin)
      await admin.query(`create role ${table} login; grant select, insert, update, delete on ${table} to ${table}`)
      const own = new URL(url)
      own.username = table
      const app = new pg.Pool({ connectionString: own.href })
      try {
        await run(app)
        expect(await postgresStore(app, { table }).insert(sampleEntry())).toBe(true)
      } finally {
        await app.end()
        await admin.query(`drop owned by ${table}; drop role ${table}`)
      }
    })

    test('makes no table before one that lies in a later schema of the search path', async () => {
      await run(admin)
      const entry = sampleEntry()
      await postgresStore(admin, { table }).insert(entry)
      await admin.query(`create schema ${table}`)
      const before = new pg.Pool({ connectionString: url, options: `-c search_path=${table},public` })
      try {
        await run(before)
        expect(await postgresStore(before, { table }).get(entry.kind, entry.key)).toStrictEqual(entry)
      } finally {
        await before.end()
        await admin.query(`drop schema ${table} cascade`)
      }
    })

    test('makes an index that is missing, and nothing else', async () => {
      await run(admin)
      await admin.query(`drop index ${table}_owner`)
      await run(admin)
      expect(await indexes()).toEqual(['_expires_at', '_owner', '_pkey'])
    })

    test('takes no index of another table for its own', async () => {
      await admin.query(`create table ${table}_2 (owner text); create index ${table}_owner on ${table}_2 (owner)`)
      try {
        await expect(run(admin)).rejects.toThrow(`${table}_owner`)
        expect(await indexes()).toEqual([])
      } finally {
        await admin.query(`drop table ${table}_2`)
      }
    })
  })

  test('migrate says what to do where the name of an index is taken', async () => {
    await admin.query(`create table ${table}_expires_at (n int)`)
    try {
      await expect(postgresStore(admin, { table }).migrate()).rejects.toMatchObject({
        name: 'StoreError',
        message: expect.stringMatching(/is no index of .*: rename it, or give the store another table\.$/),
        cause: { code: '42P07' },
      })
      // In a transaction of the caller too, where a second try can only say that the first one failed.
      const client = await admin.connect()
      await client.query('begin')
      const inside = postgresStore(client, { table }).migrate()
      await expect(inside).rejects.toMatchObject({ cause: { code: '42P07' } })
      await client.query('rollback')
      client.release()
    } finally {
      await admin.query(`drop table ${table}_expires_at`)
    }
  })

  test('migrate by ten sessions at once makes one table, also where every transaction is serializable', async () => {
    const options = '-c default_transaction_isolation=serializable'
    const pool = new pg.Pool({ connectionString: url, max: 10, options })
    await Promise.all(Array.from({ length: 10 }, () => postgresStore(pool, { table }).migrate()))
    await pool.end()
    expect(await indexes()).toEqual(['_expires_at', '_owner', '_pkey'])
  })
})
