import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout } from 'node:timers/promises'
import { createSessions, type Sessions } from '@tessera-auth/core/session'
import { describeEngine, mysql, postgres } from '@tessera-auth/engines'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { bundleChild, startScript } from './fixtures/child.js'
import { type OpenedStore, openStore } from './fixtures/open-store.js'
import { testTable } from './fixtures/test-table.js'

/** At how many points it is killed on each engine: 200 in all, or 200 on each in a long run. */
const kills: Readonly<Record<string, number>> =
  process.env.LONG_TESTS === '1' ? { sqlite: 200, postgres: 200, mysql: 200 } : { sqlite: 80, postgres: 60, mysql: 60 }
/** So many kills go on beside each other. Each lane has its own file of SQLite, else most points were waits for its lock. */
const lanes = 3
/** So many rows of tables one process migrates beside each other, each of which is at a point of its own when it is killed. */
const rowsPerChild: Readonly<Record<string, number>> = { sqlite: 1, postgres: 4, mysql: 4 }
/** More than a process comes to before it is killed. */
const tablesPerChild = 5_000
/** A process migrates table after table for at most this long; SQLite is through with one in less than a millisecond. */
const mostMilliseconds: Readonly<Record<string, number>> = { sqlite: 4, postgres: 120, mysql: 120 }
/** Which tables of a process are there before, without indexes, for every other kill. */
const old: readonly (readonly number[])[] = [
  [0, 2, 4],
  [1, 3, 5],
]
const accounts = ['ada', 'bob', 'cy']

const folder = mkdtempSync(join(tmpdir(), 'tessera-migrate-kills-'))
let script: string
beforeAll(async () => {
  script = await bundleChild('migrate-child', folder)
})
afterAll(() => rmSync(folder, { recursive: true }))

describe('on SQLite', () => {
  const show = (table: string): string => `select sql from sqlite_master where tbl_name = '${table}' order by name`
  describeKills('sqlite', (lane) => join(folder, `app-${lane}.db`), show)
})
describeEngine(postgres, (url) => {
  const show = (table: string): string => `select indexdef as made from pg_indexes where tablename = '${table}'
    union all select concat_ws(' ', column_name, data_type, is_nullable, collation_name) from information_schema.columns
    where table_name = '${table}' order by made`
  describeKills('postgres', () => url, show)
})
describeEngine(mysql, (url) => {
  describeKills(
    'mysql',
    () => url,
    (table) => `show create table ${table}`,
  )
})

/** What one row of kills works with: a whole table with a login of each account. */
interface Lane {
  readonly opened: OpenedStore
  readonly target: string
  readonly base: string
  /** The base table's form as the engine shows it. */
  readonly whole: string
  readonly tokens: readonly string[]
}

function describeKills(driver: string, targetOf: (lane: number) => string, show: (table: string) => string): void {
  describe('migrate', { timeout: 300_000 }, () => {
    const wanted = kills[driver] ?? Number.NaN
    const rows = rowsPerChild[driver] ?? Number.NaN
    let ready: Lane[]
    beforeAll(async () => {
      ready = await Promise.all(Array.from({ length: lanes }, (_, lane) => openLane(targetOf(lane))))
    })
    afterAll(async () => {
      for (const { opened, base } of ready) {
        await opened.drop(base)
        await opened.close()
      }
    })

    async function openLane(target: string): Promise<Lane> {
      const opened = await openStore(driver, target)
      const base = testTable()
      const store = opened.at(base)
      await store.migrate()
      const sessions = createSessions({ store })
      const tokens: string[] = []
      for (const account of accounts) tokens.push(await signIn(sessions, account))
      return { opened, target, base, tokens, whole: await formOf(opened, base) }
    }

    async function formOf(opened: OpenedStore, table: string): Promise<string> {
      return JSON.stringify(await opened.run(show(table))).replaceAll(table, 'the_table')
    }

    /** Kills one process while it migrates; the number of the table that it was at in each row. */
    async function killOne({ target, base }: Lane, prefixes: string[], olds: readonly number[]): Promise<number[]> {
      const child = startScript(script, driver, target, prefixes.join(), `${tablesPerChild}`, base, ...olds.map(String))
      await child.said('ready')
      child.say('go')
      await child.said(`${prefixes.at(-1)} 0`)
      await setTimeout(Math.random() * (mostMilliseconds[driver] ?? 0))
      child.process.kill('SIGKILL')
      expect(await child.ended).toBe('SIGKILL')
      const lines = child.lines.map((line) => line.split(' '))
      return prefixes.map((prefix) => Number(lines.findLast(([whose]) => whose === prefix)?.[1]))
    }

    async function expectWhole({ opened, whole, tokens }: Lane, table: string, hasOldRows: boolean): Promise<void> {
      const store = opened.at(table)
      await store.migrate()
      expect(await formOf(opened, table)).toBe(whole)
      const sessions = createSessions({ store })
      const before = await Promise.all(tokens.map((token) => sessions.verify(token)))
      expect(before.map((session) => session?.userId)).toEqual(
        accounts.map((account) => (hasOldRows ? account : undefined)),
      )
      const useAll = async (account: string): Promise<void> => {
        const token = await signIn(sessions, account)
        expect((await sessions.verify(token))?.userId).toBe(account)
        expect(await sessions.list(account)).toHaveLength(hasOldRows ? 2 : 1)
        await sessions.revokeAll(account)
        expect(await sessions.verify(token)).toBeNull()
      }
      await Promise.all(accounts.map(useAll))
    }

    test(`killed at any of ${wanted} random points leaves what the next migrate makes whole: rows from before are read, everyone can sign in`, async () => {
      const tables: number[] = []
      let started = 0
      async function killInTurn(lane: Lane): Promise<void> {
        while (started < wanted) {
          const olds = old[(started / rows) % 2] ?? []
          const prefixes = Array.from({ length: rows }, testTable)
          started += prefixes.length
          const last = await killOne(lane, prefixes, olds)
          tables.push(...last)
          await Promise.all(prefixes.map((prefix, row) => checkRow(lane, prefix, last[row] ?? Number.NaN, olds)))
        }
      }
      async function checkRow(lane: Lane, prefix: string, last: number, olds: readonly number[]): Promise<void> {
        expect(last).toBeGreaterThanOrEqual(0)
        for (const number of new Set([Math.max(0, last - 1), last])) {
          await expectWhole(lane, `${prefix}_${number}`, olds.includes(number))
        }
        await lane.opened.drop(...Array.from({ length: Math.max(last + 1, 6) }, (_, number) => `${prefix}_${number}`))
      }
      await Promise.all(ready.map(killInTurn))
      expect(tables).toHaveLength(wanted)
      // Else every process died at its first table, and no point was random.
      expect(new Set(tables).size).toBeGreaterThan(2)
    })
  })
}

async function signIn(sessions: Sessions, account: string): Promise<string> {
  return (await sessions.create({ attempt: await sessions.beginLogin(account) })).token
}
