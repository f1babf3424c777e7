import { availableParallelism } from 'node:os'
import { AuthError } from '@tessera-auth/core/http'
import { describe, expect, it } from 'vitest'
import { createHashGate, hashesAtOnce } from './hash-gate.js'
import { createPasswords } from './index.js'
import { threadPoolSize } from './thread-pool.js'

/** Tasks that end when they are told to. */
function openTasks(): { started: number[]; task(id: number): () => Promise<number>; end(id: number): void } {
  const ends = new Map<number, () => void>()
  const started: number[] = []
  return {
    started,
    task: (id) => () => {
      started.push(id)
      return new Promise((resolve) => ends.set(id, () => resolve(id)))
    },
    end: (id) => ends.get(id)?.(),
  }
}

const settled = (): Promise<void> => new Promise((resolve) => setImmediate(resolve))

describe('createHashGate', () => {
  it('runs no more than its number at once, and the others in the order they came', async () => {
    const gate = createHashGate({ running: 2, waiting: 10 })
    const { started, task, end } = openTasks()
    const results = [1, 2, 3, 4].map((id) => gate.run(task(id)))
    await settled()
    expect(started).toEqual([1, 2])
    end(2)
    await settled()
    expect(started).toEqual([1, 2, 3])
    end(1)
    await settled()
    end(3)
    end(4)
    expect(await Promise.all(results)).toEqual([1, 2, 3, 4])
  })

  it('refuses one more than may wait with unavailable and the seconds to wait, and never runs it', async () => {
    const gate = createHashGate({ running: 1, waiting: 1 })
    const { started, task, end } = openTasks()
    const results = [1, 2].map((id) => gate.run(task(id)))
    const error: unknown = await gate.run(task(3)).catch((thrown: unknown) => thrown)
    expect(error).toBeInstanceOf(AuthError)
    expect(error).toMatchObject({ code: 'unavailable', status: 503, details: { retryAfterSeconds: 2 } })
    end(1)
    await settled()
    end(2)
    await Promise.all(results)
    expect(started).toEqual([1, 2])
  })

  it('frees the place of a task that fails, throwing or rejecting', async () => {
    const gate = createHashGate({ running: 1, waiting: 0 })
    const failures = [
      () => Promise.reject(new Error('rejected')),
      (): Promise<never> => {
        throw new Error('thrown')
      },
    ]
    for (const task of failures) await expect(gate.run(task)).rejects.toThrow(/rejected|thrown/)
    expect(await gate.run(async () => 'free')).toBe('free')
  })

  it('takes tasks again after a refusal', async () => {
    const gate = createHashGate({ running: 1, waiting: 0 })
    const { task, end } = openTasks()
    const first = gate.run(task(1))
    await expect(gate.run(task(2))).rejects.toThrow(AuthError)
    await settled()
    end(1)
    await first
    expect(await gate.run(async () => 'free')).toBe('free')
  })
})

describe('hashesAtOnce', () => {
  it.each([
    [4, 2, 3],
    [4, 64, 3],
    [2, 8, 1],
    [1, 8, 1],
    [16, 8, 8],
    [1024, 2, 3],
  ])('of a pool of %i threads on %i processors is %i', (threads, processors, hashes) => {
    expect(hashesAtOnce(threads, processors)).toBe(hashes)
  })
})

describe('threadPoolSize', () => {
  it.each([
    [undefined, 4],
    ['8', 8],
    ['0', 1],
    ['-3', 1],
    ['many', 1],
  ])('reads %j as libuv does: %i', (configured, threads) => {
    expect(threadPoolSize(configured)).toBe(threads)
  })
})

describe('one process', () => {
  it('answers unavailable to what its 256 waiting hashes leave no room for, for all factories together', async () => {
    const one = createPasswords()
    const other = createPasswords({ minLength: 15 })
    const password = 'correct horse battery staple'
    const stored = 'bcrypt$$2b$04$a4mFxAQtEbFXeR3z4Tn57u1FmSQbXRdkNUspTr/PY/BPp0ICcy5LO'
    const calls = Array.from({ length: 150 }, () => [
      one.verify({ password, hash: stored }),
      other.verify({ password, hash: stored }),
    ]).flat()
    const results = await Promise.allSettled(calls)
    const refused = results.filter((result) => result.status === 'rejected')
    expect(refused.length).toBe(calls.length - 256 - hashesAtOnce(threadPoolSize(), availableParallelism()))
    for (const { reason } of refused) {
      expect(reason).toMatchObject({ code: 'unavailable', details: { retryAfterSeconds: 2 } })
    }
    expect((await one.verify({ password, hash: null })).ok).toBe(false)
  })
})
