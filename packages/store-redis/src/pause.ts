/** The only place of this package that waits. */
import { setTimeout as wait } from 'node:timers/promises'

/** Resolves after some milliseconds; does not keep the process alive. */
export function pause(milliseconds: number): Promise<void> {
  return wait(milliseconds, undefined, { ref: false })
}
