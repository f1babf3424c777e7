/** Records for the contract suites: each test has a kind of its own, so that tests share a store without meeting. */
import type { Entry, Store } from '@tessera-auth/core'

/** How many callers race in each race. */
export const callers = 25
/** How often each race is run: see {@link race}. */
export const rounds = 6
/** What is dear is run once in each order, and once with its callers apart. */
export const fewRounds = 3
/** So far apart the callers of a round may start, so that one comes between two steps of another. */
const mostDelayMilliseconds = 3

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

/**
 * Starts all at once, in every second round in the reverse order, and in every third a little apart. Who comes first
 * decides what a store that looks and then writes does wrong. The answers are in the order given.
 */
export async function race<Answer>(
  round: number,
  attempts: readonly (() => Promise<Answer>)[],
): Promise<readonly Answer[]> {
  const inOrder = <Item>(items: readonly Item[]): readonly Item[] => (round % 2 === 1 ? items.toReversed() : items)
  const isApart = round % 3 === 2
  const started = inOrder(attempts).map(async (attempt) => {
    if (isApart) await new Promise((resolve) => setTimeout(resolve, Math.random() * mostDelayMilliseconds))
    return attempt()
  })
  return inOrder(await Promise.all(started))
}

/** Runs all callers in a race and tells how many were answered `true`. */
export async function countWinners(round: number, attempt: (caller: number) => Promise<boolean>): Promise<number> {
  const attempts = Array.from({ length: callers }, (_, caller) => () => attempt(caller))
  return (await race(round, attempts)).filter(Boolean).length
}

/** Entries in an order that does not depend on the backend. */
export function byKey(entries: readonly Entry[]): Entry[] {
  return entries.toSorted((one, other) => (one.key < other.key ? -1 : 1))
}

function randomHex(bytes: number): string {
  return Buffer.from(crypto.getRandomValues(new Uint8Array(bytes))).toString('hex')
}
