/** One at a time per key, in this process: callers that would only conflict with each other wait instead. */

/** Runs jobs of one key after each other, in the order they came; a job that fails does not stop the next. */
export interface Queue {
  run<T>(key: unknown, job: () => Promise<T>): Promise<T>
}

/**
 * Makes a queue. It keeps nothing of a key that nobody waits for. `isForAll`: an error that those who wait fail with too,
 * and are not run: else the last of many would wait for a store that hangs as many times over.
 */
export function createQueue(isForAll: (error: unknown) => boolean = () => false): Queue {
  const last = new Map<unknown, Promise<unknown>>()
  return {
    async run(key, job) {
      const afterFailure = (error: unknown): ReturnType<typeof job> => {
        if (isForAll(error)) throw error
        return job()
      }
      const before = last.get(key)
      const mine = before ? before.then(job, afterFailure) : job()
      last.set(key, mine)
      try {
        return await mine
      } finally {
        if (last.get(key) === mine) last.delete(key)
      }
    },
  }
}
