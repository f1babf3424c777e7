import { testPlatform, type TestPlatform } from '@tessera-auth/testing'
import { describe, expect, test } from 'vitest'
import { StoreError } from '../errors.js'
import { boundedStore, markSelfBounded } from './bounded-store.js'
import { memoryStore } from './memory-store.js'
import type { Entry, Store } from './store.js'

const entry: Entry = { kind: 'session', key: 'a', owner: 'ann', value: '{}', version: '1', expiresAt: null }

/** All six methods, as a caller calls them. */
const calls: readonly (readonly [keyof Store, (store: Store) => Promise<unknown>])[] = [
  ['get', (store) => store.get('session', 'a', { fresh: true })],
  ['insert', (store) => store.insert(entry)],
  ['replace', (store) => store.replace(entry, '1')],
  ['remove', (store) => store.remove('session', 'a', '1')],
  ['listByOwner', (store) => store.listByOwner('session', 'ann')],
  ['removeExpired', (store) => store.removeExpired(7, 9)],
]

/** A store whose methods all do the same. */
function storeOf(answer: (...given: unknown[]) => Promise<never>): Store {
  return Object.fromEntries(calls.map(([method]) => [method, answer])) as unknown as Store
}

const never = (): Promise<never> => new Promise(() => {})
const turns = (): Promise<void> => new Promise((resolve) => setImmediate(resolve))

/** Lets time pass as timers see it: in steps, each of which is noticed. */
async function pass(platform: TestPlatform, seconds: number): Promise<void> {
  for (let step = 0; step < seconds * 4; step += 1) {
    platform.advance(0.25)
    await turns()
  }
}

describe('boundedStore', () => {
  test.for(calls)('passes %s on with all it was given, and its answer back', async ([method, call]) => {
    const given: unknown[][] = []
    const plain = memoryStore()
    const { get, insert, replace, remove, listByOwner, removeExpired } = plain
    const unmarked = { get, insert, replace, remove, listByOwner, removeExpired }
    const watched = {
      ...unmarked,
      [method]: (...all: never[]) => (given.push(all), plain[method](...(all as [never, never]))),
    }
    const bounded = boundedStore(watched, testPlatform(), 5)
    expect(await call(bounded)).toEqual(await call(memoryStore()))
    const expected: unknown[][] = []
    const listener = storeOf(async (...all) => (expected.push(all), null as never))
    await call(listener)
    expect(given).toEqual(expected)
  })

  test.for(calls)('rejects a %s that takes longer than the bound', async ([, call]) => {
    const platform = testPlatform()
    let settled = false
    const slow = call(boundedStore(storeOf(never), platform, 5)).finally(() => (settled = true))
    slow.catch(() => {})
    await pass(platform, 4.75)
    expect(settled).toBe(false)
    await pass(platform, 0.5)
    await expect(slow).rejects.toThrow(new StoreError('The store did not answer within 5 s.'))
  })

  test.for(calls)('tells a failure of %s as StoreError, with its cause', async ([, call]) => {
    const cause = new Error('connection refused')
    const failing = boundedStore(
      storeOf(() => Promise.reject(cause)),
      testPlatform(),
      5,
    )
    await expect(call(failing)).rejects.toMatchObject({ name: 'StoreError', code: 'unavailable', status: 503, cause })
  })

  test.for(calls)('takes a %s that throws instead of rejecting for one that failed', async ([, call]) => {
    const throwing = storeOf(() => {
      throw new TypeError('not a function')
    })
    await expect(call(boundedStore(throwing, testPlatform(), 5))).rejects.toThrow(StoreError)
  })

  test.for(calls)('takes a %s that answers without a promise', async ([, call]) => {
    const plain = storeOf((() => null) as never)
    expect(await call(boundedStore(plain, testPlatform(), 5))).toBeNull()
  })

  test('keeps a StoreError as it is', async () => {
    const error = new StoreError('SQLite failed (SQLITE_FULL).')
    const failing = boundedStore(
      storeOf(() => Promise.reject(error)),
      testPlatform(),
      5,
    )
    await expect(failing.get('session', 'a')).rejects.toBe(error)
  })

  test('never tells what the backend said to people: the message is its own', async () => {
    const failing = boundedStore(
      storeOf(() => Promise.reject(new Error('password=hunter2'))),
      testPlatform(),
      5,
    )
    await expect(failing.get('session', 'a')).rejects.toThrow(/^The store failed\.$/)
  })

  test('bounds each call from its own start', async () => {
    const platform = testPlatform()
    const bounded = boundedStore(storeOf(never), platform, 5)
    const ended: string[] = []
    const note = (name: string) => (): void => void ended.push(name)
    bounded.get('session', 'a').catch(note('first'))
    await pass(platform, 3)
    bounded.get('session', 'b').catch(note('second'))
    await pass(platform, 2.25)
    expect(ended).toEqual(['first'])
    await pass(platform, 3)
    expect(ended).toEqual(['first', 'second'])
  })

  test('stops its timer when nothing waits, and starts it again', async () => {
    let sleeps = 0
    const platform = testPlatform()
    const watched = { ...platform, sleep: (milliseconds: number) => ((sleeps += 1), platform.sleep(milliseconds)) }
    const bounded = boundedStore({ ...storeOf(never), get: async () => null }, watched, 5)
    await bounded.get('session', 'a')
    await pass(platform, 1)
    expect(sleeps).toBe(1)
    bounded.insert(entry).catch(() => {})
    await pass(platform, 1)
    expect(sleeps).toBeGreaterThan(2)
  })

  test('answers a late answer to nobody', async () => {
    const platform = testPlatform()
    const { promise, resolve } = Promise.withResolvers<null>()
    const slow = boundedStore({ ...storeOf(never), get: () => promise }, platform, 1).get('session', 'a')
    slow.catch(() => {})
    await pass(platform, 2)
    resolve(null)
    await expect(slow).rejects.toThrow(StoreError)
  })

  test('leaves a store alone that bounds itself', () => {
    const own = markSelfBounded(storeOf(never))
    expect(boundedStore(own, testPlatform(), 5)).toBe(own)
    const bounded = boundedStore(storeOf(never), testPlatform(), 5)
    expect(boundedStore(bounded, testPlatform(), 1)).toBe(bounded)
  })
})
