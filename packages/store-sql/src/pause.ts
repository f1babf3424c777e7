/** The only place of this package that waits. */
import { setImmediate as nextTurn, setTimeout as wait } from 'node:timers/promises'

/** Resolves after some milliseconds. Somebody waits for it, so it keeps the process alive. */
export function pause(milliseconds: number): Promise<void> {
  return wait(milliseconds)
}

/** Resolves after some milliseconds; for what goes on in the background, so it does not keep the process alive. */
export function rest(milliseconds: number): Promise<void> {
  return wait(milliseconds, undefined, { ref: false })
}

/** Resolves in the event loop's next turn: other work gets its time first. */
export function turn(): Promise<void> {
  return nextTurn()
}
