/** How many hashes run at once in this process, and how many may wait. */
import { availableParallelism } from 'node:os'
import { AuthError } from '@tessera-auth/core/http'
import { defaultPoolSize, threadPoolSize } from './thread-pool.js'

/** Bounds of a gate. */
interface GateLimits {
  /** Tasks at once. */
  readonly running: number
  /** Tasks that may wait; one more is refused. */
  readonly waiting: number
}

/** Lets a bounded number of tasks run, in the order they came. */
export interface HashGate {
  /** The task's own result. Throws `AuthError` 'unavailable' with `retryAfterSeconds` when too many wait already. */
  run<Result>(task: () => Promise<Result>): Promise<Result>
}

/** Hashes that may wait: some two to four seconds of work, after which a person has given up. */
const mostWaiting = 256
const retryAfterSeconds = 2

/** Makes a gate. */
export function createHashGate({ running, waiting }: GateLimits): HashGate {
  const queue: (() => void)[] = []
  let free = running

  function enter(): Promise<void> | undefined {
    if (free > 0) {
      free -= 1
      return undefined
    }
    if (queue.length >= waiting) throw new AuthError('unavailable', { retryAfterSeconds })
    return new Promise((resolve) => queue.push(resolve))
  }

  function leave(): void {
    const next = queue.shift()
    if (next) next()
    else free += 1
  }

  return {
    async run(task) {
      await enter()
      try {
        return await task()
      } finally {
        leave()
      }
    },
  }
}

/**
 * How many hashes may run at once: one thread of the pool stays free, so that a signature need not wait for passwords;
 * and where the pool was made large, more hashes than processors would only hold more memory.
 */
export function hashesAtOnce(threads: number, processors: number): number {
  return Math.max(1, Math.min(threads - 1, Math.max(defaultPoolSize - 1, processors)))
}

/** The one gate of this process: all factories share it, as they share the pool. */
export const hashGate: HashGate = createHashGate({
  running: hashesAtOnce(threadPoolSize(), availableParallelism()),
  waiting: mostWaiting,
})
