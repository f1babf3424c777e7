/** One line of the table that `pnpm bench` prints. */

/** A measured ratio or amount, and what it may be at most. */
export interface Row {
  /** What was compared with what. */
  readonly name: string
  /** The measured figure: a ratio, or an amount in `unit`. */
  readonly ratio: number
  /** The figure may be at most this; `null`: nothing was promised, it explains the others. */
  readonly target: number | null
  /** 'x' for a ratio; else 'ms', 'kB' … */
  readonly unit: string
}
