/** Empties a table batch by batch: here, or, as a job of its own would, in a thread with a handle of its own. */
import { DatabaseSync } from 'node:sqlite'
import { setTimeout as wait } from 'node:timers/promises'
import { isMainThread, parentPort, workerData } from 'node:worker_threads'
import { type SqlStore, sqliteStore } from '@tessera-auth/store-sql'

/** Rows in one batch, and the rest after it. */
export const batch = Number(process.env.BENCH_PURGE_LIMIT ?? 1_000)
export const restMilliseconds = Number(process.env.BENCH_PURGE_REST ?? 0)
/** After every row of the table that is to go; epoch seconds. */
const before = 100_000
/** Purging stops after this long: a large table takes minutes on a slow disk. */
const mostMilliseconds = 300_000

/** What the thread is given; it answers how many rows it removed. */
export interface Purging {
  readonly file: string
  readonly table: string
}

/** Removes what has expired; how many rows. */
export async function purgeAll(store: SqlStore): Promise<number> {
  const began = performance.now()
  let removed = 0
  for (let last = batch; last === batch && performance.now() - began < mostMilliseconds; removed += last) {
    last = await store.removeExpired(before, batch)
    if (restMilliseconds > 0) await wait(restMilliseconds)
  }
  return removed
}

if (!isMainThread) {
  const { file, table } = workerData as Purging
  const database = new DatabaseSync(file)
  const removed = await purgeAll(sqliteStore(database, { table }))
  database.close()
  // oxlint-disable-next-line unicorn/require-post-message-target-origin -- a port of a thread has no origin
  parentPort?.postMessage(removed)
}
