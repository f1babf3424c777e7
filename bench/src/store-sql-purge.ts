/** How long the check of a session waits while the same process purges a large table. */
import { setTimeout as wait } from 'node:timers/promises'
import type { Row } from './row.ts'
import { type Engine, type SessionForm, tokenOf } from './store-sql-engines.ts'

const batch = 1_000
const livingRecords = 1_000
const target = 50
const millisecondsApart = 2
/** Purging stops after this long: a large table takes minutes on a slow disk. */
const mostMilliseconds = 150_000
const controlMilliseconds = 3_000

/** The longest wait, how many are above the target, and the 99th percentile while the table is emptied batch by batch; without a purge in the name. */
export async function waitsDuringPurge(engine: Engine, count: number, form: SessionForm): Promise<Row[]> {
  const table = `bench_purge_${process.pid}`
  const store = engine.at(table)
  await store.migrate()
  try {
    await engine.fill(table, { count, form, expiry: 'expired' })
    for (let n = 0; n < livingRecords; n += 1) await store.insert({ ...form.entry, key: tokenOf(n, form), owner: null })
    const one = (): Promise<unknown> => store.get('session', tokenOf(Math.floor(Math.random() * livingRecords), form))
    const without = await waits(one, () => wait(controlMilliseconds))
    let removed = 0
    const began = performance.now()
    const during = await waits(one, async () => {
      for (let last = batch; last === batch && performance.now() - began < mostMilliseconds; removed += last) {
        last = await store.removeExpired(100_000, batch)
      }
    })
    const rate = Math.round((removed / (performance.now() - began)) * 1_000)
    const over = during.filter((time) => time > target).length
    const what = `get while ${removed} of ${count} expired rows are purged, ${engine.name}, ${rate} rows/s`
    return [1, 0.99].map((share) => ({
      name: `${share === 1 ? `longest (${over} of ${during.length} above)` : '99 % of'} ${what} (${quantile(without, share).toFixed(2)} without a purge)`,
      ratio: quantile(during, share),
      target,
      unit: 'ms',
    }))
  } finally {
    await engine.drop(table)
  }
}

/** Calls come in every two milliseconds, whether those before were answered or not; each waits from when it was due. */
async function waits(call: () => Promise<unknown>, work: () => Promise<unknown>): Promise<number[]> {
  const times: number[] = []
  const open = new Set<Promise<void>>()
  let working = true
  const calling = (async () => {
    for (let due = performance.now(); working; due += millisecondsApart) {
      const early = due - performance.now()
      if (early > 0) await wait(early)
      const answered = call().then(() => {
        times.push(Math.max(0, performance.now() - due))
        open.delete(answered)
      })
      open.add(answered)
    }
  })()
  await work()
  working = false
  await calling
  await Promise.all(open)
  return times
}

function quantile(values: readonly number[], share: number): number {
  const sorted = values.toSorted((left, right) => left - right)
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? Number.NaN
}
