/** One at a time per key, in this process: callers that would only conflict with each other wait instead. */

/** Runs jobs of one key after each other, in the order they came; a job that fails does not stop the next. */
export interface Queue {
  run<T>(key: string, job: () => Promise<T>): Promise<T>
}

/** Makes a queue. It keeps nothing of a key that nobody waits for. */
export function createQueue(): Queue {
  const last = new Map<string, Promise<unknown>>()
  return {
    async run(key, job) {
      const before = last.get(key)
      const mine = before ? before.then(job, job) : job()
      last.set(key, mine)
      try {
        return await mine
      } finally {
        if (last.get(key) === mine) last.delete(key)
      }
    },
  }
}
