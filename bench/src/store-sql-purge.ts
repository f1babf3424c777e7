/** How long the check of a session waits while the same process purges a large table. */
import { mkdtemp, open, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as wait } from 'node:timers/promises'
import type { Row } from './row.ts'
import { type Engine, type SessionForm, tokenOf } from './store-sql-engines.ts'

/** Rows in one batch, and the rest after it. */
const batch = Number(process.env.BENCH_PURGE_LIMIT ?? 1_000)
const restMilliseconds = Number(process.env.BENCH_PURGE_REST ?? 0)
const livingRecords = 1_000
const target = 50
const millisecondsApart = 2
/** Purging stops after this long: a large table takes minutes on a slow disk. */
const mostMilliseconds = 150_000
const controlMilliseconds = 5_000

/**
 * The longest wait, how many are above the target, and the 99th percentile while the table is emptied batch by batch. In
 * the name: the same without a purge, and without one while something else has the disk write page after page.
 */
export async function waitsDuringPurge(engine: Engine, count: number, form: SessionForm): Promise<Row[]> {
  const table = `bench_purge_${process.pid}`
  const store = engine.at(table)
  await store.migrate()
  try {
    await engine.fill(table, { count, form, expiry: 'expired' })
    for (let n = 0; n < livingRecords; n += 1) await store.insert({ ...form.entry, key: tokenOf(n, form), owner: null })
    const one = (): Promise<unknown> => store.get('session', tokenOf(Math.floor(Math.random() * livingRecords), form))
    const without = await waits(one, () => wait(controlMilliseconds))
    let longestSync = 0
    const besideSyncs = await waits(one, async () => {
      longestSync = await syncPages()
    })
    let removed = 0
    const began = performance.now()
    const during = await waits(one, async () => {
      for (let last = batch; last === batch && performance.now() - began < mostMilliseconds; removed += last) {
        last = await store.removeExpired(100_000, batch)
        if (restMilliseconds > 0) await wait(restMilliseconds)
      }
    })
    const rate = Math.round((removed / (performance.now() - began)) * 1_000)
    const over = during.filter((time) => time > target).length
    const rest = restMilliseconds > 0 ? `, ${restMilliseconds} ms of rest after each ${batch}` : ''
    const what = `get while ${removed} of ${count} expired rows are purged, ${engine.name}, ${rate} rows/s${rest}`
    return [1, 0.99].map((share) => {
      const which = share === 1 ? `longest (${over} of ${during.length} above)` : '99 % of'
      const beside = `${quantile(besideSyncs, share).toFixed(2)} beside fsyncs, the longest of them ${longestSync.toFixed(1)}`
      return {
        name: `${which} ${what} (${quantile(without, share).toFixed(2)} without a purge, ${beside})`,
        ratio: quantile(during, share),
        target,
        unit: 'ms',
      }
    })
  } finally {
    await engine.drop(table)
  }
}

/** Writes pages of a file of 64 MB and has the disk keep each, outside of the event loop; answers the longest. */
async function syncPages(): Promise<number> {
  const folder = await mkdtemp(join(tmpdir(), 'tessera-bench-sync-'))
  const file = await open(join(folder, 'pages'), 'w')
  const page = Buffer.alloc(4_096, 1)
  let longest = 0
  for (const until = performance.now() + controlMilliseconds; performance.now() < until;) {
    await file.write(page, 0, page.length, Math.floor(Math.random() * 16_384) * page.length)
    const start = performance.now()
    await file.sync()
    longest = Math.max(longest, performance.now() - start)
  }
  await file.close()
  await rm(folder, { recursive: true })
  return longest
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
