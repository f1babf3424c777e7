import { describe, expect, test } from 'vitest'
import { StoreError } from '../errors.js'
import { isLate, markLate } from './late.js'
import { createQueue } from './queue.js'

/** A job that a test finishes. */
function job(): { run: () => Promise<string>; finish(answer: string): void; fail(): void; started: () => boolean } {
  const { promise, resolve, reject } = Promise.withResolvers<string>()
  let started = false
  return {
    run: () => {
      started = true
      return promise
    },
    finish: resolve,
    fail: () => reject(new Error('refused')),
    started: () => started,
  }
}

const turns = (): Promise<void> => new Promise((resolve) => setImmediate(resolve))

describe('createQueue', () => {
  test('starts a job of a free key at once', () => {
    const first = job()
    void createQueue().run('a', first.run)
    expect(first.started()).toBe(true)
  })

  test('starts a job of a busy key only when the one before it is done', async () => {
    const queue = createQueue()
    const [first, second, third] = [job(), job(), job()] as const
    const answers = [queue.run('a', first.run), queue.run('a', second.run), queue.run('a', third.run)]
    await turns()
    expect([second.started(), third.started()]).toEqual([false, false])
    first.finish('1')
    await turns()
    expect([second.started(), third.started()]).toEqual([true, false])
    second.finish('2')
    third.finish('3')
    expect(await Promise.all(answers)).toEqual(['1', '2', '3'])
  })

  test('lets another key go first', () => {
    const queue = createQueue()
    const [first, other] = [job(), job()] as const
    void queue.run('a', first.run)
    void queue.run('b', other.run)
    expect(other.started()).toBe(true)
  })

  test('tells a failure to the job’s own caller only, and goes on with the next', async () => {
    const queue = createQueue()
    const first = job()
    const failing = queue.run('a', first.run)
    const next = queue.run('a', async () => 'next')
    first.fail()
    await expect(failing).rejects.toThrow('refused')
    expect(await next).toBe('next')
  })

  test('an error that is for all is that of those who waited, and they are not run', async () => {
    const queue = createQueue(isLate)
    const error = markLate(new StoreError('The store did not answer within 5 s.'))
    const { promise, reject } = Promise.withResolvers<string>()
    const waiting = [job(), job()] as const
    const answers = [queue.run('a', () => promise), ...waiting.map(({ run }) => queue.run('a', run))]
    const outcomes = Promise.allSettled(answers)
    await turns()
    reject(error)
    expect(await outcomes).toEqual(Array.from({ length: 3 }, () => ({ status: 'rejected', reason: error })))
    expect(waiting.map(({ started }) => started())).toEqual([false, false])
  })

  test('runs what comes after it, and after any other error', async () => {
    const queue = createQueue(isLate)
    await queue.run('a', () => Promise.reject(markLate(new StoreError('late')))).catch(() => {})
    expect(await queue.run('a', async () => 'next')).toBe('next')
    const failing = queue.run('a', () => Promise.reject(new StoreError('The store failed.')))
    const waiting = queue.run('a', async () => 'waited')
    await expect(failing).rejects.toThrow('failed')
    expect(await waiting).toBe('waited')
  })

  test('takes a job that throws at once for one that failed', async () => {
    const queue = createQueue()
    const thrown = queue.run('a', () => {
      throw new Error('at once')
    })
    await expect(thrown).rejects.toThrow('at once')
    expect(await queue.run('a', async () => 'next')).toBe('next')
  })

  test('starts anew once nobody waits', async () => {
    const queue = createQueue()
    await queue.run('a', async () => 'before')
    const later = job()
    void queue.run('a', later.run)
    expect(later.started()).toBe(true)
  })
})
