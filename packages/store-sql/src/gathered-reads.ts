/** Reads that are asked for while another is on its way go together, so that a busy process asks once for many requests. */
import type { Entry, Store } from '@tessera-auth/core/store'
import { turn } from './pause.js'

/** How records are read. */
export interface Reads {
  /** One record: one statement. */
  one(kind: string, key: string): Promise<Entry | null>
  /** Those of these records that are there, in any order: one statement. */
  many(kind: string, keys: readonly string[]): Promise<readonly Entry[]>
}

/** A read that goes with the next statement. */
interface Waiting {
  readonly kind: string
  readonly key: string
  resolve(entry: Entry | null): void
  reject(error: unknown): void
}

/** How many records one statement reads at most; what is more goes into another beside it. */
export const mostKeys = 100
/** The keys of this library, none of which needs quoting or means anything in a list; all others are read alone. */
const plainKey = /^[\w:.-]{1,128}$/

/**
 * The `get` of a store. Where no read is on its way one is sent at once; what is asked for while one is, is sent at the end
 * of the event loop's turn, together. Every read is sent after it was asked for, so it is as fresh as one by itself. A
 * statement that fails fails for all that it was sent for.
 */
export function gatheredReads({ one, many }: Reads): Store['get'] {
  let underWay = 0
  let waiting: Waiting[] = []

  async function counted<T>(read: () => Promise<T>): Promise<T> {
    underWay += 1
    try {
      return await read()
    } finally {
      underWay -= 1
    }
  }

  async function send(): Promise<void> {
    await turn()
    const gathered = waiting
    waiting = []
    for (const [kind, ofKind] of Map.groupBy(gathered, (read) => read.kind)) {
      for (let start = 0; start < ofKind.length; start += mostKeys) {
        void readAll(kind, ofKind.slice(start, start + mostKeys))
      }
    }
  }

  async function readAll(kind: string, reads: readonly Waiting[]): Promise<void> {
    try {
      const entries = await counted(() => many(kind, [...new Set(reads.map(({ key }) => key))]))
      const found = new Map(entries.map((entry) => [entry.key, entry]))
      for (const { key, resolve } of reads) resolve(found.get(key) ?? null)
    } catch (error) {
      for (const { reject } of reads) reject(error)
    }
  }

  return (kind, key) => {
    if (underWay === 0 || !plainKey.test(key)) return counted(() => one(kind, key))
    return new Promise((resolve, reject) => {
      if (waiting.length === 0) void send()
      waiting.push({ kind, key, resolve, reject })
    })
  }
}
