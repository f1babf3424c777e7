/** How long the check of a session waits while a large table is purged. */
import { mkdtemp, open, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as wait } from 'node:timers/promises'
import { Worker } from 'node:worker_threads'
import { collectGarbage } from './garbage.ts'
import type { Row } from './row.ts'
import { type Engine, type Filling, type SessionForm, tokenOf } from './store-sql-engines.ts'
import { batch, type Purging, purgeAll, restMilliseconds } from './store-sql-purging.ts'

const livingRecords = 1_000
const target = 50
const millisecondsApart = 2
const controlMilliseconds = 5_000
/** Long enough that the disk's rare pauses are in it. */
const syncingMilliseconds = 60_000

/** How a table is emptied. */
interface Way {
  readonly name: string
  /** Empties the table; how many rows it removed. */
  run(table: string): Promise<number>
}

/** Where the database is in this process, a thread of its own purges too, and that is the way that is advised. */
function waysOf(engine: Engine): Way[] {
  const { file } = engine
  const here = (table: string): Promise<number> => purgeAll(engine.at(table))
  if (file === undefined) return [{ name: engine.name, run: here }]
  const there = (table: string): Promise<number> =>
    new Promise((resolve, reject) => {
      const workerData: Purging = { file, table }
      const worker = new Worker(new URL('store-sql-purging.ts', import.meta.url), { workerData })
      worker.on('message', resolve).on('error', reject)
    })
  return [
    { name: `${engine.name}, in the process that checks`, run: here },
    { name: `${engine.name}, in a thread of its own`, run: there },
  ]
}

/** What a check waits while the table is emptied, in each of the ways. */
export async function waitsDuringPurge(engine: Engine, count: number, form: SessionForm): Promise<Row[]> {
  const rows: Row[] = []
  for (const way of waysOf(engine)) rows.push(...(await waitsOf(engine, way, { count, form, expiry: 'expired' })))
  return rows
}

/**
 * The longest wait, how many are above the target, and the 99th percentile while the table is emptied batch by batch. In
 * the name: the same without a purge, and without one while something else has the disk write page after page.
 */
async function waitsOf(engine: Engine, way: Way, filling: Filling): Promise<Row[]> {
  const { count, form } = filling
  const table = `bench_purge_${process.pid}`
  const store = engine.at(table)
  await store.migrate()
  try {
    await engine.fill(table, filling)
    for (let n = 0; n < livingRecords; n += 1) await store.insert({ ...form.entry, key: tokenOf(n, form), owner: null })
    // Else what filling left is collected during the purge, which holds the process for 40 to 60 ms.
    collectGarbage()
    const one = (): Promise<unknown> => store.get('session', tokenOf(Math.floor(Math.random() * livingRecords), form))
    const without = await waits(one, () => wait(controlMilliseconds))
    let longestSync = 0
    const besideSyncs = await waits(one, async () => {
      longestSync = await syncPages()
    })
    let removed = 0
    const began = performance.now()
    const during = await waits(one, async () => {
      removed = await way.run(table)
    })
    const rate = Math.round((removed / (performance.now() - began)) * 1_000)
    const over = during.filter((time) => time > target).length
    const rest = restMilliseconds > 0 ? `, ${restMilliseconds} ms of rest after each ${batch}` : ''
    const what = `get while ${removed} of ${count} expired rows are purged, ${way.name}, ${rate} rows/s${rest}`
    return [1, 0.99].map((share) => {
      const which = share === 1 ? `longest (${over} of ${during.length} above ${target})` : '99 % of'
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
  for (const until = performance.now() + syncingMilliseconds; performance.now() < until;) {
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
