/** Lets so many through at a time, for each key apart. */

/** See {@link createGate}. */
export interface Gate {
  /** Runs the work when it is its turn. */
  run<T>(key: string, work: () => Promise<T>): Promise<T>
}

interface Queue {
  running: number
  readonly waiting: (() => void)[]
}

/** A gate for at most `limit` pieces of work of one key at a time. */
export function createGate(limit: number): Gate {
  const queues = new Map<string, Queue>()

  function leave(key: string, queue: Queue): void {
    const next = queue.waiting.shift()
    if (next) return next()
    queue.running -= 1
    if (queue.running === 0) queues.delete(key)
  }

  return {
    async run(key, work) {
      const queue = queues.get(key) ?? { running: 0, waiting: [] }
      queues.set(key, queue)
      if (queue.running < limit) queue.running += 1
      else await new Promise<void>((resolve) => queue.waiting.push(resolve))
      try {
        return await work()
      } finally {
        leave(key, queue)
      }
    },
  }
}
