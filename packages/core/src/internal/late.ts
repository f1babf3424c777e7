/** Errors that say only that the store hangs: whoever waits for the same need not find that out again. */

const late = new WeakSet<object>()

/** Marks the error of a call that ran into its bound. */
export function markLate<E extends object>(error: E): E {
  late.add(error)
  return error
}

/** Whether a call ran into its bound. */
export function isLate(error: unknown): boolean {
  return typeof error === 'object' && error !== null && late.has(error)
}
