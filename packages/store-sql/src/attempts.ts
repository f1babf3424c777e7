/** Failures of a backend: the transient ones are tried again, boundedly; all others are a `StoreError`. */
import { StoreError } from '@tessera-auth/core/store'
import { pause } from './pause.js'

/** in_failed_sql_transaction of PostgreSQL. */
const abortedTransaction = '25P02'

/** undefined_table of PostgreSQL, and what MySQL and MariaDB call it; SQLite says it in words only. */
const missingTable = new Set(['42P01', 'ER_NO_SUCH_TABLE'])

/** What is known about an engine's failures. */
export interface Failures {
  /** The engine's name, for messages. */
  readonly engine: string
  /** How often a statement is tried before its transient failure is reported. */
  readonly tries: number
  /** How long to wait before the next try, in milliseconds; each try waits longer, at most ten times this. */
  readonly pauseMilliseconds: number
  /** The statement had no effect, and the next try may succeed: a deadlock, a serialization failure, a lock. */
  isTransient(error: unknown, tried: number): boolean
}

/**
 * Runs a statement until it is answered, or its failure is final. The message names the engine and its error code, never
 * a value; the driver's error is the `cause`.
 */
export async function attempt<T>(failures: Failures, run: () => T | Promise<T>): Promise<T> {
  try {
    return await run()
  } catch (cause) {
    return attemptAgain(failures, cause, run)
  }
}

/** The same after a first try, which failed for this cause. */
export async function attemptAgain<T>(failures: Failures, cause: unknown, run: () => T | Promise<T>): Promise<T> {
  let failure = cause
  for (let tried = 1; tried < failures.tries && failures.isTransient(failure, tried); tried += 1) {
    await pause(failures.pauseMilliseconds * Math.min(tried, 10))
    try {
      return await run()
    } catch (error) {
      // In a transaction of the caller nothing can be tried again, and this would say no more than that.
      if (errorCode(error) === abortedTransaction) break
      failure = error
    }
  }
  throw storeError(failures.engine, failure)
}

/** The error for a backend that could not answer. */
export function storeError(engine: string, cause: unknown): StoreError {
  const code = errorCode(cause)
  const isMissing = missingTable.has(code) || (cause instanceof Error && cause.message.startsWith('no such table'))
  const advice = isMissing ? ' Its table is not there: run migrate() first.' : ''
  return new StoreError(`${engine} failed${code === '' ? '' : ` (${code})`}.${advice}`, { cause })
}

/** The driver's own code, such as `40001`, `ER_LOCK_DEADLOCK` or `SQLITE_BUSY`; empty where there is none. */
export function errorCode(error: unknown): string {
  const { code } = (error ?? {}) as { code?: unknown }
  return typeof code === 'string' && /^\w{1,40}$/.test(code) ? code : ''
}
