/** One step of a schedule, and which steps may change places without anybody noticing. */

/** What a step touches. `null` for `kind`: everything; `null` for `key`: all records of the kind. */
export interface Footprint {
  readonly kind: string | null
  readonly key: string | null
  readonly writes: boolean
}

/** What the scheduler may do next. */
export interface Move {
  /** The same in every schedule that has this prefix. */
  readonly id: string
  readonly actor: string
  /** For people. */
  readonly label: string
  /** `null`: it changes how an actor goes on (an answer lost, a process killed), not what is stored. */
  readonly footprint: Footprint | null
  /** Does it; resolves to what it answered, for people. */
  run(): Promise<string>
}

/** Touches everything: nothing changes places with it. */
export const everything: Footprint = { kind: null, key: null, writes: true }

/**
 * Whether two moves lead to the same state in either order. An actor must not depend on the order in which its own
 * concurrent calls are answered.
 */
export function commute(one: Move, other: Move): boolean {
  if (one.footprint && other.footprint) return !overlap(one.footprint, other.footprint)
  return one.actor !== other.actor && Boolean(one.footprint ?? other.footprint)
}

function overlap(one: Footprint, other: Footprint): boolean {
  if (!one.writes && !other.writes) return false
  if (one.kind === null || other.kind === null) return true
  if (one.kind !== other.kind) return false
  return one.key === null || other.key === null || one.key === other.key
}
