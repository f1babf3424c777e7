import { randomUUID } from 'node:crypto'
import { setTimeout } from 'node:timers/promises'
import type { Entry } from '@tessera-auth/core/store'
import { describeEngine, mysql, postgres } from '@tessera-auth/engines'
import { createPool } from 'mysql2/promise'
import pg from 'pg'
import { describe, expect, onTestFinished, test } from 'vitest'
import { testTable } from './fixtures/test-table.js'
import { gatheredReads, mostKeys } from './gathered-reads.js'
import { type MysqlClient, mysqlStore } from './mysql-store.js'
import { postgresStore } from './postgres-store.js'
import type { SqlStore } from './sql-store.js'

const entryOf = (kind: string, key: string): Entry => ({
  kind,
  key,
  owner: null,
  version: '1',
  expiresAt: null,
  value: `value of ${kind} ${key}`,
})

/** Reads over records that a test sets, each answered when it says so. */
function heldReads() {
  const there = new Map<string, Entry>()
  const sent: { readonly keys: readonly string[]; answer(): void; fail(error: Error): void }[] = []
  const held = <T>(keys: readonly string[], read: () => T): Promise<T> =>
    new Promise((resolve, reject) => sent.push({ keys, answer: () => resolve(read()), fail: reject }))
  const find = (kind: string, key: string): Entry | null => there.get(`${kind} ${key}`) ?? null
  const get = gatheredReads({
    one: (kind, key) => held([key], () => find(kind, key)),
    many: (kind, keys) => held(keys, () => keys.map((key) => find(kind, key)).filter((entry) => entry !== null)),
  })
  const put = (kind: string, key: string): void => void there.set(`${kind} ${key}`, entryOf(kind, key))
  return { get, put, sent, keysSent: () => sent.map(({ keys }) => keys) }
}

const turnOver = (): Promise<void> => setTimeout(1)

describe('gatheredReads', () => {
  test('sends the first read at once, and what comes meanwhile together', async () => {
    const { get, put, sent, keysSent } = heldReads()
    for (const key of ['a', 'b', 'c']) put('session', key)
    const reads = ['a', 'b', 'c', 'missing', 'b'].map((key) => get('session', key))
    expect(keysSent()).toEqual([['a']])
    await turnOver()
    expect(keysSent()).toEqual([['a'], ['b', 'c', 'missing']])
    for (const { answer } of sent) answer()
    expect((await Promise.all(reads)).map((entry) => entry?.key)).toEqual(['a', 'b', 'c', undefined, 'b'])
  })

  test('sends a read at once again when none is on its way', async () => {
    const { get, sent, keysSent } = heldReads()
    const first = get('session', 'a')
    sent[0]?.answer()
    await first
    void get('session', 'b')
    expect(keysSent()).toEqual([['a'], ['b']])
  })

  test('keeps kinds apart', async () => {
    const { get, put, sent } = heldReads()
    put('session', 'a')
    put('family', 'b')
    const reads = [get('session', 'x'), get('session', 'a'), get('family', 'a'), get('family', 'b')]
    await turnOver()
    for (const { answer } of sent) answer()
    expect((await Promise.all(reads)).map((entry) => entry?.value)).toEqual([
      undefined,
      'value of session a',
      undefined,
      'value of family b',
    ])
  })

  test(`asks for at most ${mostKeys} records in one statement`, async () => {
    const { get, keysSent } = heldReads()
    for (let number = 0; number <= 2 * mostKeys + 1; number += 1) void get('session', `k${number}`)
    await turnOver()
    expect(keysSent().map(({ length }) => length)).toEqual([1, mostKeys, mostKeys, 1])
  })

  test.each(['with,comma', "quote'", 'ünïcode', '', 'nul\0', 'new\nline', '\ud800', 'k'.repeat(129)])(
    'asks for %j by itself',
    async (key) => {
      const { get, keysSent } = heldReads()
      void get('session', 'a')
      void get('session', key)
      expect(keysSent()).toEqual([['a'], [key]])
    },
  )

  test('never answers from before it was asked: a read after a write goes into a later statement', async () => {
    const { get, put, sent } = heldReads()
    void get('session', 'first')
    const before = get('session', 'a')
    await turnOver()
    sent[1]?.answer()
    put('session', 'a')
    const after = get('session', 'a')
    expect(await before).toBeNull()
    await turnOver()
    sent[2]?.answer()
    expect((await after)?.key).toBe('a')
  })

  test('a statement that fails fails for its own reads and no others', async () => {
    const { get, put, sent } = heldReads()
    put('session', 'a')
    const reads = ['a', 'b', 'c'].map((key) => get('session', key))
    const outcomes = Promise.allSettled(reads)
    await turnOver()
    sent[1]?.fail(new Error('connection lost'))
    sent[0]?.answer()
    expect((await outcomes).map(({ status }) => status)).toEqual(['fulfilled', 'rejected', 'rejected'])
    const next = get('session', 'a')
    expect(sent).toHaveLength(3)
    sent[2]?.answer()
    expect((await next)?.key).toBe('a')
  })
})

describeEngine(postgres, (url) => {
  describeAtOnce((table) => {
    const pool = new pg.Pool({ connectionString: url, max: 4 })
    const asked: string[] = []
    const query: (statement: { text: string }) => Promise<pg.QueryResult> = pool.query.bind(pool)
    const counting = { query: (statement: { text: string }) => (asked.push(statement.text), query(statement)) }
    return {
      store: postgresStore(counting, { table }),
      asked,
      drop: () => query({ text: `drop table ${table}` }),
      pool,
    }
  })
})
describeEngine(mysql, (url) => {
  describeAtOnce((table) => {
    const pool = createPool({ uri: url, connectionLimit: 4 })
    const asked: string[] = []
    const counting: MysqlClient = {
      execute: (statement, values) => (asked.push(statement.sql), pool.execute(statement, values)),
      query: (statement) => pool.query(statement),
    }
    return { store: mysqlStore(counting, { table }), asked, drop: () => pool.query(`drop table ${table}`), pool }
  })
})

interface Opened {
  readonly store: SqlStore
  /** Every statement since the last look. */
  readonly asked: string[]
  readonly pool: { end(): Promise<unknown> }
  drop(): Promise<unknown>
}

function describeAtOnce(open: (table: string) => Opened): void {
  test('reads at once: each gets its own record, in a few statements', async () => {
    const { store, asked, drop, pool } = open(testTable())
    await store.migrate()
    onTestFinished(async () => {
      await drop()
      await pool.end()
    })
    const keys = Array.from({ length: 250 }, () => randomUUID())
    await Promise.all(keys.filter((_, place) => place % 5 > 0).map((key) => store.insert(entryOf('session', key))))
    for (const [count, statements] of [
      [250, 4],
      [12, 2],
      [4, 2],
      [1, 1],
    ] as const) {
      asked.length = 0
      const found = await Promise.all(keys.slice(0, count).map((key) => store.get('session', key)))
      const expected = keys.slice(0, count).map((key, place) => (place % 5 > 0 ? entryOf('session', key) : null))
      expect(found).toEqual(expected)
      expect(asked).toHaveLength(statements)
    }
  })

  test('a table that is not there is a StoreError for each', async () => {
    const { store, pool } = open(testTable())
    onTestFinished(async () => void (await pool.end()))
    const outcomes = await Promise.allSettled(['a', 'b', 'c'].map((key) => store.get('session', key)))
    for (const outcome of outcomes) {
      expect(outcome).toMatchObject({ status: 'rejected', reason: { name: 'StoreError', status: 503 } })
    }
  })
}
