/** Whether the check of a session and the list of a user's cost more when the table grows. */
import { randomInt } from 'node:crypto'
import { createSessions } from '@tessera-auth/core'
import { median } from './paired.ts'
import type { Row } from './row.ts'
import { type Engine, recordsPerOwner, type SessionForm, tokenOf, userOf } from './store-sql-engines.ts'

const small = 1_000
const middle = 100_000
const rounds = 31
const callsPerRound = 1_000
const warmingRounds = 5

type Call = () => Promise<unknown>

/** What is called, and how much dearer it may be in the large table. */
const kinds = {
  get: { what: 'store.get', target: null },
  verify: { what: 'verify', target: 1.5 },
  list: { what: 'listByOwner', target: 1.5 },
} as const
type Calls = Record<keyof typeof kinds, Call>

/** `store.get`, `verify` and `listByOwner` for any row: against a small table. */
export async function growth(engine: Engine, large: number, form: SessionForm): Promise<Row[]> {
  const tables = [small, middle, large].map((count, place) => ({ count, name: `bench_${place}_${process.pid}` }))
  try {
    const calls: Calls[] = []
    for (const { count, name } of tables) {
      const store = engine.at(name)
      await store.migrate()
      await engine.fill(name, { count, form, expiry: 'living' })
      calls.push(callsOf(store, count, form))
    }
    for (const { name } of tables) await engine.warm(name)
    const rows: Row[] = []
    for (const call of Object.keys(kinds) as (keyof Calls)[]) {
      const { what, target } = kinds[call]
      const { times, ratios } = await compare(calls.map((each) => each[call]))
      const microseconds = times.map((time) => time.toFixed(1)).join(', ')
      const [, ofMiddle, ofLarge] = ratios as [number, number, number]
      rows.push({
        name: `${what}, ${engine.name}, ${large} rows / ${small} rows (${ofMiddle.toFixed(2)} at ${middle}; ${microseconds} us)`,
        ratio: ofLarge,
        target,
        unit: 'x',
      })
    }
    return rows
  } finally {
    for (const { name } of tables) await engine.drop(name)
  }
}

function callsOf(store: ReturnType<Engine['at']>, count: number, form: SessionForm): Calls {
  const sessions = createSessions({ store })
  const keyLength = form.entry.key.length
  return {
    async get() {
      const key = tokenOf(1 + randomInt(count), form).slice(0, keyLength)
      if (!(await store.get('session', key))) throw new Error('A session that is there was not found.')
    },
    async verify() {
      const session = await sessions.verify(tokenOf(1 + randomInt(count), form))
      if (!session) throw new Error('A session that is there was refused.')
    },
    async list() {
      const listed = await store.listByOwner('session', userOf(randomInt(count), count))
      if (listed.length !== recordsPerOwner) throw new Error('A list is not whole.')
    },
  }
}

/** Turns of each, timed by the clock, as a server's work is in no time of this process. Ratios are to the first. */
async function compare(calls: readonly Call[]): Promise<{ times: number[]; ratios: number[] }> {
  for (let turn = 0; turn < warmingRounds; turn += 1) for (const call of calls) await timed(call)
  const turns: number[][] = []
  for (let turn = 0; turn < rounds; turn += 1) {
    const times = calls.map(() => 0)
    const order = [...calls.keys()]
    for (const index of turn % 2 === 0 ? order : order.toReversed()) times[index] = await timed(calls[index] as Call)
    turns.push(times)
  }
  return {
    times: calls.map((_, index) => median(turns.map((times) => times[index] ?? Number.NaN))),
    ratios: calls.map((_, index) => median(turns.map((times) => (times[index] ?? Number.NaN) / (times[0] ?? 1)))),
  }
}

async function timed(call: Call): Promise<number> {
  const start = performance.now()
  for (let count = 0; count < callsPerRound; count += 1) await call()
  return ((performance.now() - start) / callsPerRound) * 1_000
}
