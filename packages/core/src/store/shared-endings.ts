/** Endings of all logins that callers in this process share: each alone would finish every other's before its own. */
import { isLate } from '../internal/late.js'
import { createQueue } from '../internal/queue.js'

/** Runs endings; those of one user one after another. */
export interface SharedEndings {
  /**
   * Callers that want the same share one ending, which begins after they all came: one runs, one waits. How many sessions
   * it ended is told to the first, and 0 to the others.
   */
  run(wanted: WantedEnding, end: () => Promise<number>): Promise<number>
}

/** Whose logins end, and which session does not; without `keep`: only what another ending left. */
interface WantedEnding {
  readonly userId: string
  readonly keep?: string | null
}

/** Makes what the callers of one process share. */
export function createSharedEndings(): SharedEndings {
  const queue = createQueue(isLate)
  const waiting = new Map<string, Promise<number>>()

  return {
    async run({ userId, keep }, end) {
      const name = JSON.stringify({ userId, keep })
      const joined = waiting.get(name)
      if (joined) return joined.then(() => 0)
      const begin = (): void => {
        if (waiting.get(name) === ending) waiting.delete(name)
      }
      const ending = queue.run(userId, async () => {
        // Who comes in the same moment still joins; for who comes later it began too early.
        await Promise.resolve()
        begin()
        return end()
      })
      waiting.set(name, ending)
      // Where the store hangs, those who wait fail without being run.
      return ending.finally(begin)
    },
  }
}
