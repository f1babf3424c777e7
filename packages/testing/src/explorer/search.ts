/** Which schedules are run: all of them, or many drawn at random. */
import { commute, type Move } from './move.js'

/** Decides every move of every schedule. */
export interface Search {
  choose(moves: readonly Move[]): Move | null
  /** After a schedule: whether it was a new one, and whether there is another. */
  advance(): { readonly isNew: boolean; readonly more: boolean }
  readonly exhaustive: boolean
}

interface Node {
  /** What is tried here, in this order. */
  readonly candidates: readonly Move[]
  /** What was tried before on another branch, and nothing since has made it different: trying it again repeats. */
  readonly sleep: readonly Move[]
  index: number
}

/**
 * Every schedule, depth first, by replaying prefixes. With `reduce`, of schedules that differ only in the order of steps
 * that commute one is run: sleep sets (Godefroid 1996), which keep every reachable final state.
 */
export function everySchedule(reduce: boolean): Search {
  const path: Node[] = []
  let depth = 0
  let givenUp = false

  function revisit(node: Node, moves: readonly Move[]): Move {
    const id = node.candidates[node.index]?.id
    const move = moves.find((candidate) => candidate.id === id)
    if (!move) throw new Error('The scenario did not repeat itself: it reads a clock or randomness of its own.')
    depth += 1
    return move
  }

  return {
    exhaustive: true,
    choose(moves) {
      const known = path[depth]
      if (known) return revisit(known, moves)
      const sleep = reduce ? sleepBelow(path[depth - 1]) : []
      const candidates = moves.filter(({ id }) => !sleep.some((move) => move.id === id))
      const [first] = candidates
      givenUp = !first
      if (!first) return null
      path.push({ candidates, sleep, index: 0 })
      depth += 1
      return first
    },
    advance() {
      const isNew = !givenUp
      depth = 0
      givenUp = false
      for (let last = path.at(-1); last; last = path.at(-1)) {
        last.index += 1
        if (last.index < last.candidates.length) return { isNew, more: true }
        path.pop()
      }
      return { isNew, more: false }
    },
  }
}

/** A place in the tree of schedules that were drawn: what is below each move, by its position. */
interface Drawn {
  readonly below: (Drawn | typeof done)[]
  /** How many of them are done. */
  count: number
  /** How many moves are possible here. */
  width: number
}

/** Everything below was run; its places are forgotten. */
const done = Symbol('done')

/** `count` different schedules, drawn by a generator that starts from `seed`; all of them where there are not that many. */
export function sampledSchedules(count: number, seed: number): Search {
  const random = generator(seed)
  const root: Drawn = { below: [], count: 0, width: 0 }
  let path: { readonly place: Drawn; readonly index: number }[] = []
  let here = root
  let found = 0

  return {
    exhaustive: false,
    choose(moves) {
      here.width = moves.length
      const open = moves.flatMap((_, index) => (here.below[index] === done ? [] : [index]))
      const index = open[random(open.length)] ?? 0
      path.push({ place: here, index })
      const known = here.below[index]
      const next = known === undefined || known === done ? { below: [], count: 0, width: 0 } : known
      here.below[index] = next
      here = next
      return moves[index] ?? null
    },
    advance() {
      found += 1
      for (const { place, index } of path.toReversed()) {
        place.below[index] = done
        place.count += 1
        if (place.count < place.width) break
      }
      path = []
      here = root
      return { isNew: true, more: found < count && root.count < root.width }
    },
  }
}

/** The one schedule that a report named. */
export function oneSchedule(ids: readonly string[]): Search {
  let depth = 0
  return {
    exhaustive: false,
    choose(moves) {
      const move = moves.find(({ id }) => id === ids[depth])
      if (!move) throw new Error(`Step ${depth + 1} of the schedule, ${ids[depth]}, is not possible there.`)
      depth += 1
      return move
    },
    advance: () => ({ isNew: true, more: false }),
  }
}

function sleepBelow(node: Node | undefined): Move[] {
  const taken = node?.candidates[node.index]
  if (!node || !taken) return []
  return [...node.sleep, ...node.candidates.slice(0, node.index)].filter((move) => commute(move, taken))
}

/** Whole numbers below a bound: mulberry32, which is plenty for choosing. */
function generator(seed: number): (bound: number) => number {
  let state = seed
  return (bound) => {
    state = (state + 0x6d2b79f5) | 0
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state)
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed
    return ((mixed ^ (mixed >>> 14)) >>> 0) % bound
  }
}
