/** One schedule: the actors run, and at every step one move is chosen. */
import type { Store } from '@tessera-auth/core'
import { type Actor, type Call, gate } from './gate.js'
import { everything, type Move } from './move.js'

/** What is stored, and whatever else a scenario needs. */
export interface World {
  /** Not gated: for `open` and `check`. */
  readonly store: Store
}

/** How an actor ended. */
export type Outcome =
  | { readonly status: 'returned'; readonly value: unknown }
  | { readonly status: 'threw'; readonly error: unknown }
  | { readonly status: 'killed' }

/** What is explored. Everything in it must be repeatable: a clock that stands, randomness that repeats. */
export interface Scenario<W extends World> {
  /** The world before the actors start, new for every schedule. Its steps are not scheduled. */
  open(): Promise<W>
  /** Each is a process of its own, by name. It reaches the store only by its own {@link Actor}. */
  readonly actors: Readonly<Record<string, (actor: Actor, world: W) => Promise<unknown>>>
  /** Throws when a rule is broken. Runs after the last move; its steps are not scheduled. */
  check(outcomes: Readonly<Record<string, Outcome>>, world: W): Promise<void> | void
}

/** What may go wrong in a schedule. */
export interface Faults {
  /** Actors of which one may be killed, at any step. */
  readonly killable?: readonly string[]
  /** How many calls may fail for their caller, and take effect at any later step or never. Default 0. */
  readonly lostAnswers?: number
}

/** Chooses the next move; `null` gives the schedule up as a repetition. */
export type Choose = (moves: readonly Move[]) => Move | null

/** A schedule that was run. */
export interface Ran {
  /** `false`: given up. */
  readonly complete: boolean
  readonly trace: readonly string[]
  /** What broke; `undefined`: nothing. */
  readonly broken: unknown
}

type Status = Outcome | { readonly status: 'running' }

interface Waiting {
  readonly actor: string
  readonly id: string
  readonly call: Call
}

/** Runs one schedule. */
export async function runSchedule<W extends World>(
  scenario: Scenario<W>,
  faults: Faults,
  choose: Choose,
): Promise<Ran> {
  const world = await scenario.open()
  const board = createBoard(world.store, faults)
  for (const [name, run] of Object.entries(scenario.actors)) board.start(name, (actor) => run(actor, world))
  const trace: string[] = []
  for (;;) {
    await settled()
    const moves = board.moves()
    if (moves.length === 0) break
    const move = choose(moves)
    if (!move) return { complete: false, trace, broken: undefined }
    const answer = await move.run()
    trace.push(`${move.actor}: ${move.label}${answer === '' ? '' : ` → ${answer}`}`)
  }
  try {
    await scenario.check(board.outcomes(), world)
    return { complete: true, trace, broken: undefined }
  } catch (broken) {
    return { complete: true, trace, broken }
  }
}

interface Board {
  start(name: string, run: (actor: Actor) => Promise<unknown>): void
  moves(): Move[]
  outcomes(): Record<string, Outcome>
}

function createBoard(store: Store, { killable = [], lostAnswers = 0 }: Faults): Board {
  const states = new Map<string, Status>()
  let waiting: Waiting[] = []
  /** Calls whose caller was told of a failure: they may still take effect. */
  let late: Waiting[] = []
  let killed = false
  let lost = 0
  let ended = false

  const isRunning = (name: string): boolean => states.get(name)?.status === 'running'

  function take(one: Waiting): void {
    waiting = waiting.filter((other) => other !== one)
    late = late.filter((other) => other !== one)
  }

  function answerMove(one: Waiting): Move {
    const { actor, id, call } = one
    return {
      id,
      actor,
      label: call.label,
      footprint: call.footprint,
      async run() {
        take(one)
        const answer = await call.run()
        call.resolve(answer)
        return describe(answer)
      },
    }
  }

  function loseMove(one: Waiting): Move {
    const label = `${one.call.label}, told that it failed`
    return {
      ...control(one.actor, `${one.id} lost`, label),
      async run() {
        take(one)
        lost += 1
        // A read that nobody hears of is nothing.
        if (one.call.footprint.writes) late.push(laterOf(one))
        one.call.reject(new Error('connection lost'))
        return ''
      },
    }
  }

  function killMove(actor: string): Move {
    return {
      ...control(actor, `${actor} killed`, 'killed'),
      async run() {
        killed = true
        states.set(actor, { status: 'killed' })
        waiting = waiting.filter((one) => one.actor !== actor)
        return ''
      },
    }
  }

  const endMove: Move = {
    ...control('*', 'end', 'what is late never happens'),
    footprint: everything,
    async run() {
      ended = true
      return ''
    },
  }

  return {
    start(name, run) {
      states.set(name, { status: 'running' })
      let calls = 0
      const actor = gate(store, (call) => {
        // A dead process calls nothing.
        if (isRunning(name)) waiting.push({ actor: name, id: `${name}.${(calls += 1)}`, call })
      })
      run(actor).then(
        (value) => isRunning(name) && states.set(name, { status: 'returned', value }),
        (error: unknown) => isRunning(name) && states.set(name, { status: 'threw', error }),
      )
    },
    moves() {
      if (ended) return []
      const stuck = [...states].find(
        ([name, { status }]) => status === 'running' && !waiting.some((one) => one.actor === name),
      )
      if (stuck) throw new Error(`Actor ${stuck[0]} waits for something that is not a call of its store.`)
      const kills = killed ? [] : killable.filter(isRunning).map(killMove)
      const losses = lost < lostAnswers ? waiting.filter(({ call }) => !call.isLocal).map(loseMove) : []
      const end = waiting.length === 0 && late.length > 0 ? [endMove] : []
      return [...waiting.map(answerMove), ...late.map(answerMove), ...losses, ...kills, ...end]
    },
    outcomes() {
      const entries = [...states].map(([name, state]) => [name, asOutcome(state)] as const)
      return Object.fromEntries(entries)
    },
  }
}

function laterOf({ actor, id, call }: Waiting): Waiting {
  return { actor, id: `${id} late`, call: { ...call, label: `${call.label}, late` } }
}

function control(actor: string, id: string, label: string): Omit<Move, 'run'> {
  return { id, actor, label, footprint: null }
}

function asOutcome(state: Status): Outcome {
  if (state.status === 'running') throw new Error('A schedule ended before its actors did.')
  return state
}

function describe(answer: unknown): string {
  if (answer === undefined) return ''
  if (Array.isArray(answer)) return `${answer.length} found`
  return typeof answer === 'object' && answer !== null ? 'found' : JSON.stringify(answer)
}

/** Resolves when all promises that follow from the last move were followed: a tick comes after them, and before the loop goes round. */
function settled(): Promise<void> {
  return new Promise((resolve) => process.nextTick(resolve))
}
