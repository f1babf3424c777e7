import { describeEngine, mysql } from '@tessera-auth/engines'
import { createPool, type PoolOptions } from 'mysql2/promise'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { sampleEntry } from './fixtures/sample-entry.js'
import { testTable } from './fixtures/test-table.js'
import { mysqlStore } from './mysql-store.js'

describeEngine(mysql, (url) => {
  const table = testTable()
  const root = createPool({ uri: url, connectionLimit: 2 })
  beforeAll(() => mysqlStore(root, { table }).migrate())
  afterAll(async () => {
    await root.query(`drop table ${table}`)
    await root.end()
  })

  async function withPool(options: PoolOptions, use: (pool: typeof root) => Promise<void>): Promise<void> {
    const pool = createPool({ uri: url, connectionLimit: 1, ...options })
    try {
      await use(pool)
    } finally {
      await pool.end()
    }
  }

  describe('a connection that does not carry every text', () => {
    const refusal = { name: 'StoreError', message: expect.stringMatching(/"charset".*"utf8mb4"/) }

    test.for(['latin1', 'ascii', 'gbk', 'utf8'])('by charset: %s, is refused by every method', async (charset) => {
      await withPool({ charset }, async (pool) => {
        const store = mysqlStore(pool, { table })
        const entry = sampleEntry({ owner: '\u674e' })
        await expect(store.migrate()).rejects.toMatchObject(refusal)
        await expect(store.insert(entry)).rejects.toMatchObject(refusal)
        await expect(store.replace(entry, 'v')).rejects.toMatchObject(refusal)
        await expect(store.get('session', 'k')).rejects.toMatchObject(refusal)
        await expect(store.remove('session', 'k')).rejects.toMatchObject(refusal)
        await expect(store.listByOwner('session', 'N')).rejects.toMatchObject(refusal)
        await expect(store.removeExpired(1, 1)).rejects.toMatchObject(refusal)
      })
    })

    test.for(['latin1', 'utf8mb3'])('by "set names %s" behind the driver, is refused too', async (names) => {
      await withPool({}, async (pool) => {
        await pool.query(`set names ${names}`)
        await expect(mysqlStore(pool, { table }).insert(sampleEntry())).rejects.toMatchObject(refusal)
      })
    })

    test('is refused again at the next call, and no longer once it is set right', async () => {
      await withPool({}, async (pool) => {
        const store = mysqlStore(pool, { table })
        await pool.query('set names latin1')
        await expect(store.get('session', 'k')).rejects.toMatchObject(refusal)
        await expect(store.get('session', 'k')).rejects.toMatchObject(refusal)
        await pool.query('set names utf8mb4')
        expect(await store.get('session', 'none')).toBeNull()
      })
    })
  })

  test.for(['utf8mb4', 'UTF8MB4_BIN', undefined])('charset %s is accepted, and asked about once', async (charset) => {
    await withPool(charset === undefined ? {} : { charset }, async (pool) => {
      let asked = 0
      const store = mysqlStore(
        { execute: (sql, values) => pool.execute(sql, values), query: (sql) => ((asked += 1), pool.query(sql)) },
        { table },
      )
      const entry = sampleEntry({ owner: `\u674e \u{1f600} ${charset}`, value: '"\u{1f600}"' })
      await store.insert(entry)
      expect(await store.listByOwner(entry.kind, entry.owner ?? '')).toStrictEqual([entry])
      expect(asked).toBe(1)
    })
  })

  describe('options that change rows', () => {
    test.for<[string, PoolOptions]>([
      ['rowsAsArray', { rowsAsArray: true }],
      ['nestTables', { nestTables: true }],
      ['nestTables with a separator', { nestTables: '_' }],
      ['typeCast: false', { typeCast: false }],
      ['typeCast as a function', { typeCast: (field) => `cast ${field.string()}` }],
    ])('%s leaves records as they are', async ([, options]) => {
      await withPool(options, async (pool) => {
        const store = mysqlStore(pool, { table })
        const entry = sampleEntry({ owner: testTable() })
        await store.migrate()
        await store.insert(entry)
        expect(await store.get(entry.kind, entry.key)).toStrictEqual(entry)
        expect(await store.listByOwner(entry.kind, entry.owner ?? '')).toStrictEqual([entry])
      })
    })

    test('each statement is prepared once per connection', async () => {
      await withPool({}, async (pool) => {
        const prepares = async (): Promise<number> => {
          const [rows] = await pool.query(`show session status like 'Com_stmt_prepare'`)
          return Number((rows as { Value: string }[])[0]?.Value)
        }
        const store = mysqlStore(pool, { table })
        for (let round = 0; round < 3; round += 1) {
          await store.get('session', 'k')
          await store.remove('session', 'k')
        }
        expect(await prepares()).toBe(2)
      })
    })
  })

  test('migrate needs no right to make a table that is there', async () => {
    const [[seen]] = (await root.query(
      `select substring_index(user(), '@', -1) as host, database() as name`,
    )) as unknown as [[{ host: string; name: string }]]
    const user = `'${table}'@'${seen.host}'`
    await root.query(`create user ${user}`)
    await root.query(`grant select, insert, update, delete on ${seen.name}.${table} to ${user}`)
    const own = new URL(url)
    own.username = table
    own.password = ''
    try {
      await withPool({ uri: own.href }, async (pool) => {
        for (const name of [table, `${seen.name}.${table}`]) {
          await mysqlStore(pool, { table: name }).migrate()
          expect(await mysqlStore(pool, { table: name }).insert(sampleEntry())).toBe(true)
        }
      })
    } finally {
      await root.query(`drop user ${user}`)
    }
  })
})
