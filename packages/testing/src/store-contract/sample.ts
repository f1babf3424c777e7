/** Records for the contract suites: each test has a kind of its own, so that tests share a store without meeting. */
import type { Entry, Store } from '@tessera-auth/core'

/** How many callers race in each race. */
export const callers = 25
/** How often each race is run. */
export const rounds = 6

/** What a contract suite works on. */
export interface ContractStore {
  /** The store, once it is open. */
  store(): Store
  /** The backend drops expired records by its own clock, and `removeExpired` answers 0. */
  readonly dropsByItself: boolean
}

/** Makes entries of one fresh kind. */
export interface Sample {
  readonly kind: string
  entry(fields?: Partial<Entry>): Entry
  /** The same record as its next write: another version and value. */
  next(entry: Entry, fields?: Partial<Entry>): Entry
}

/** A fresh kind, and entries of it that live for an hour. */
export function createSample(): Sample {
  const kind = `contract-${randomHex(8)}`
  return {
    kind,
    entry: (fields = {}) => ({
      kind,
      key: randomHex(16),
      owner: null,
      value: '{"n":1}',
      version: randomHex(16),
      expiresAt: fromNow(3_600),
      ...fields,
    }),
    next: (entry, fields = {}) => ({ ...entry, version: randomHex(16), value: `{"n":"${randomHex(4)}"}`, ...fields }),
  }
}

/** Epoch seconds, so far from now by the machine's clock, which is the one that backends drop by. */
export function fromNow(seconds: number): number {
  return Math.floor(Date.now() / 1000) + seconds
}

/** Runs all callers at once and tells how many were answered `true`. */
export async function countWinners(attempt: (caller: number) => Promise<boolean>): Promise<number> {
  const answers = await Promise.all(Array.from({ length: callers }, (_, caller) => attempt(caller)))
  return answers.filter(Boolean).length
}

/** Entries in an order that does not depend on the backend. */
export function byKey(entries: readonly Entry[]): Entry[] {
  return entries.toSorted((one, other) => (one.key < other.key ? -1 : 1))
}

function randomHex(bytes: number): string {
  return Buffer.from(crypto.getRandomValues(new Uint8Array(bytes))).toString('hex')
}
