/** Whether the check of a session and the list of a user's cost more when the table grows. */
import { randomInt } from 'node:crypto'
import { createSessions } from '@tessera-auth/core'
import { median } from './paired.ts'
import type { Row } from './row.ts'
import { type Engine, recordsPerOwner, type SessionForm, tokenOf, userOf } from './store-sql-engines.ts'

const small = 1_000
const rounds = 31
const callsPerRound = 300
/** The share of checks that go to the hundredth of sessions that is in use. */
const activeShare = 0.9

type Call = () => Promise<unknown>

/** `verify` for any row, `verify` where nine of ten are of one hundredth, and `listByOwner`: each against a small table. */
export async function growth(engine: Engine, large: number, form: SessionForm): Promise<Row[]> {
  const tables = [`bench_small_${process.pid}`, `bench_large_${process.pid}`] as const
  const counts = [small, large] as const
  const stores = tables.map((table) => engine.at(table))
  try {
    for (const [index, store] of stores.entries()) {
      await store.migrate()
      await engine.fill(tables[index] ?? '', { count: counts[index] ?? 0, form, expiry: 'living' })
    }
    const [few, many] = stores.map((store, index) => callsOf(store, counts[index] ?? 0, form)) as [Calls, Calls]
    const names = { verify: 'verify', active: 'verify, 90 % of it for 1 % of the sessions', list: 'listByOwner' }
    const rows: Row[] = []
    for (const [call, name] of Object.entries(names) as [keyof Calls, string][]) {
      const { ratio, microseconds } = await compare(many[call], few[call])
      const times = `${microseconds.map((time) => time.toFixed(1)).join(' / ')} us`
      rows.push({
        name: `${name}, ${engine.name}, ${large} rows / ${small} rows (${times})`,
        ratio,
        target: 1.5,
        unit: 'x',
      })
    }
    return rows
  } finally {
    for (const table of tables) await engine.drop(table)
  }
}

interface Calls {
  readonly verify: Call
  readonly active: Call
  readonly list: Call
}

function callsOf(store: ReturnType<Engine['at']>, count: number, form: SessionForm): Calls {
  const sessions = createSessions({ store })
  async function verify(n: number): Promise<void> {
    if (!(await sessions.verify(tokenOf(n, form)))) throw new Error('A session that is there was refused.')
  }
  return {
    verify: () => verify(1 + randomInt(count)),
    active: () => verify(1 + randomInt(Math.random() < activeShare ? count / 100 : count)),
    async list() {
      const listed = await store.listByOwner('session', userOf(randomInt(count), count))
      if (listed.length !== recordsPerOwner) throw new Error('A list is not whole.')
    },
  }
}

/** Turns of each, timed by the clock, as a server's work is in no time of this process. */
async function compare(subject: Call, reference: Call): Promise<{ ratio: number; microseconds: [number, number] }> {
  for (let turn = 0; turn < 10; turn += 1) await timed(subject)
  await timed(reference)
  const [ratios, subjects, references]: [number[], number[], number[]] = [[], [], []]
  for (let turn = 0; turn < rounds; turn += 1) {
    const first = turn % 2 === 0 ? await timed(subject) : null
    const reached = await timed(reference)
    const took = first ?? (await timed(subject))
    ratios.push(took / reached)
    subjects.push(took)
    references.push(reached)
  }
  return { ratio: median(ratios), microseconds: [median(subjects), median(references)] }
}

async function timed(call: Call): Promise<number> {
  const start = performance.now()
  for (let count = 0; count < callsPerRound; count += 1) await call()
  return ((performance.now() - start) / callsPerRound) * 1_000
}
