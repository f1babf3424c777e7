/** What a SQL store costs when its table grows, over the bare driver, and while a purge runs. */
import { createSessions } from '@tessera-auth/core'
import { postgresStore } from '@tessera-auth/store-sql'
import pg from 'pg'
import { pairedRatio } from './paired.ts'
import type { Row } from './row.ts'
import {
  type Engine,
  openMysql,
  openPostgres,
  openSqlite,
  postgresUrl,
  sessionForm,
  sqliteSettings,
} from './store-sql-engines.ts'
import { growth } from './store-sql-growth.ts'
import { waitsDuringPurge } from './store-sql-purge.ts'

/**
 * Rows for SQLite with four settings, PostgreSQL and MySQL. A million rows need 1 GB of disk and half an hour; `BENCH_ROWS`
 * is another size, `BENCH_ENGINES` (numbers: 0 to 3 is SQLite, 4 PostgreSQL, 5 MySQL) and `BENCH_PARTS` choose.
 */
export async function benchStoreSql(): Promise<Row[]> {
  const large = Number(process.env.BENCH_ROWS ?? 1_000_000)
  const form = await sessionForm()
  const rows: Row[] = []
  const asked = process.env.BENCH_ENGINES
  for (const [number, { open, purges }] of engines.entries()) {
    if (asked !== undefined && !asked.includes(String(number))) continue
    const engine = await open()
    if (wants('growth')) rows.push(...(await growth(engine, large, form)))
    if (wants('purge') && purges) rows.push(...(await waitsDuringPurge(engine, large, form)))
    await engine.close()
  }
  if (wants('bare')) rows.push(...(await overBareDriver()))
  return rows
}

/** How SQLite reads makes no difference to a purge: its first setting stands for all. */
const engines: readonly { readonly open: () => Engine | Promise<Engine>; readonly purges: boolean }[] = [
  ...(Object.keys(sqliteSettings) as (keyof typeof sqliteSettings)[]).map((setting, index) => ({
    open: () => openSqlite(setting),
    purges: index === 0,
  })),
  { open: openPostgres, purges: true },
  { open: openMysql, purges: true },
]

/** `BENCH_PARTS=growth,purge,bare`; all of them by default. */
function wants(part: string): boolean {
  return (process.env.BENCH_PARTS ?? part).includes(part)
}

/** 64 callers at once, over the same named statement by hand: `store.get`, and all of `verify`; and that of one caller. */
async function overBareDriver(): Promise<Row[]> {
  const pool = new pg.Pool({ connectionString: postgresUrl(), max: 10 })
  const table = `bench_bare_${process.pid}`
  const store = postgresStore(pool, { table })
  await store.migrate()
  const sessions = createSessions({ store })
  const tokens: string[] = []
  for (let n = 0; n < 64; n += 1) {
    tokens.push((await sessions.create({ attempt: await sessions.beginLogin(`user-${n}`) })).token)
  }
  const text = `select owner, version, expires_at, value from ${table} where kind = $1 and key = $2`
  const keyOf = (token: string): string => token.split('.')[0] ?? ''
  const bare = (token: string) => pool.query({ name: 'bare', text, values: ['session', keyOf(token)] })
  const by64 = (one: (token: string) => Promise<unknown>) => () => Promise.all(tokens.map(one))
  const over = (one: (token: string) => Promise<unknown>) =>
    pairedRatio(by64(one), by64(bare), { runs: 200, turns: 21 })
  const ofGet = await over((token) => store.get('session', keyOf(token)))
  const ofVerify = await over((token) => sessions.verify(token))
  const [first = ''] = tokens
  const ofOne = await pairedRatio(
    () => sessions.verify(first),
    () => bare(first),
    { runs: 2000, turns: 11 },
  )
  await pool.query(`drop table ${table}`)
  await pool.end()
  return [
    { name: 'get, PostgreSQL, 64 callers / bare pg', ratio: ofGet, target: 1.2, unit: 'x' },
    { name: 'sessions.verify, PostgreSQL, 64 callers / bare pg', ratio: ofVerify, target: 1.2, unit: 'x' },
    { name: 'sessions.verify, PostgreSQL, one caller / bare pg', ratio: ofOne, target: null, unit: 'x' },
  ]
}
