/** One at a time per key, in this process: callers that would only conflict with each other wait instead. */
import { StoreError } from '../errors.js'

/**
 * Runs jobs of one key after each other, in the order they came; a job that fails does not stop the next. With one
 * exception: when the store failed a job, those that waited meanwhile fail with the same `StoreError` and are not run.
 * Else the last of many would wait for a store that hangs as many times over.
 */
export interface Queue {
  run<T>(key: unknown, job: () => Promise<T>): Promise<T>
}

/** Makes a queue. It keeps nothing of a key that nobody waits for. */
export function createQueue(): Queue {
  const last = new Map<unknown, Promise<unknown>>()
  return {
    async run(key, job) {
      const afterFailure = (error: unknown): ReturnType<typeof job> => {
        if (error instanceof StoreError) throw error
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
