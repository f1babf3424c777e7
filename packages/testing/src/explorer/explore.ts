/** A model checker for protocols over a store: every interleaving of their calls is run, and a rule checked after each. */
import { runSchedule, type Faults, type Ran, type Scenario, type World } from './schedule.js'
import { everySchedule, oneSchedule, sampledSchedules, type Search } from './search.js'

/** How a scenario is explored. */
export interface ExploreOptions extends Faults {
  /** This many different schedules, drawn at random. Default: every schedule. */
  readonly sample?: number
  /** Of the random draw. Default 1. */
  readonly seed?: number
  /** Default true: of schedules that differ only in the order of steps that commute, one is run. Not when sampling. */
  readonly reduce?: boolean
  /** The one schedule that a failure named. */
  readonly replay?: string
}

/** What was explored. */
export interface Exploration {
  /** How many different schedules ran to their end. */
  readonly schedules: number
  /** Whether these stand for all there are. */
  readonly exhaustive: boolean
}

/**
 * Runs actors over one store, each call of which waits until a scheduler lets it take effect, in every order there is.
 * Throws at the first schedule after which `check` throws, and names it.
 *
 * An answer comes with its effect: to delay an answer is to delay the caller's next call, which other orders do. A killed
 * actor's calls in flight vanish: taking effect first, and then the kill, is another order.
 *
 * @example
 * ```ts
 * const { schedules } = await explore({
 *   open: async () => ({ store: memoryStore() }),
 *   actors: { one: ({ store }) => takeOnce(store), other: ({ store }) => takeOnce(store) },
 *   check: ({ one, other }) => assertOneWinner(one, other),
 * })
 * ```
 */
export async function explore<W extends World>(
  scenario: Scenario<W>,
  options: ExploreOptions = {},
): Promise<Exploration> {
  const search = searchOf(options)
  let schedules = 0
  for (let more = true; more;) {
    const ids: string[] = []
    const ran = await runSchedule(scenario, options, (moves) => {
      const move = search.choose(moves)
      if (move) ids.push(move.id)
      return move
    })
    if (ran.broken !== undefined) throw report(ran, ids)
    const step = search.advance()
    if (ran.complete && step.isNew) schedules += 1
    more = step.more
  }
  return { schedules, exhaustive: search.exhaustive }
}

function searchOf({ sample, seed = 1, reduce = true, replay }: ExploreOptions): Search {
  if (replay !== undefined) return oneSchedule(replay.split('; '))
  return sample === undefined ? everySchedule(reduce) : sampledSchedules(sample, seed)
}

function report({ broken, trace }: Ran, ids: readonly string[]): Error {
  const what = broken instanceof Error ? broken.message : String(broken)
  const steps = trace.map((step, index) => `${String(index + 1).padStart(3)}. ${step}`)
  return new Error(`${what}\n\nAfter this schedule:\n${steps.join('\n')}\n\nreplay: '${ids.join('; ')}'`, {
    cause: broken,
  })
}
