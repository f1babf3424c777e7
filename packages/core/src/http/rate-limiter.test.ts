import { testPlatform } from '@tessera-auth/testing'
import { describe, expect, test } from 'vitest'
import { ConfigError, StoreError } from '../errors.js'
import { memoryStore } from '../store/memory-store.js'
import type { Store } from '../store/store.js'
import { createRateLimiter } from './rate-limiter.js'

function setUp(limit = 3) {
  const platform = testPlatform()
  const store = memoryStore({ platform })
  const limiter = createRateLimiter({ store, platform, limit, windowSeconds: 60 })
  const refused = async (...keys: string[]): Promise<number> =>
    limiter.consume(...keys).then(
      () => 0,
      ({ details }: { details: { retryAfterSeconds: number } }) => details.retryAfterSeconds,
    )
  return { platform, store, limiter, refused }
}

/** The same store, counting what it is asked. */
function counting(store: Store) {
  const asked = { get: 0, insert: 0, replace: 0 }
  const counted: Store = {
    ...store,
    get: (...given) => ((asked.get += 1), store.get(...given)),
    insert: (entry) => ((asked.insert += 1), store.insert(entry)),
    replace: (...given) => ((asked.replace += 1), store.replace(...given)),
  }
  return { asked, counted }
}

const turns = (): Promise<void> => new Promise((resolve) => setImmediate(resolve))

describe('consume', () => {
  test('lets as many through as the limit says, then tells when to come back', async () => {
    const { limiter, refused, platform } = setUp()
    for (let count = 0; count < 3; count += 1) await limiter.consume('a')
    platform.advance(20)
    await expect(limiter.consume('a')).rejects.toMatchObject({ code: 'too_many_attempts', status: 429 })
    expect(await refused('a')).toBe(40)
  })

  test('a new window opens when the old one has closed', async () => {
    const { limiter, refused, platform } = setUp(1)
    await limiter.consume('a')
    platform.advance(59)
    expect(await refused('a')).toBe(1)
    platform.advance(1)
    expect(await refused('a')).toBe(0)
  })

  test('of 200 at once exactly the limit passes, over two limiters on one store', async () => {
    const { store, platform } = setUp()
    const limiters = [0, 1].map(() => createRateLimiter({ store, platform, limit: 10, windowSeconds: 60 }))
    const all = Array.from({ length: 200 }, (_, index) => limiters[index % 2]?.consume('a'))
    const outcomes = await Promise.allSettled(all)
    expect(outcomes.filter(({ status }) => status === 'fulfilled')).toHaveLength(10)
  })

  test('keys count apart', async () => {
    const { limiter, refused } = setUp(1)
    await limiter.consume('a')
    expect(await refused('b')).toBe(0)
  })

  test('when one key has had its limit, none of them is counted', async () => {
    const { limiter, refused } = setUp(2)
    await limiter.consume('address')
    await limiter.consume('address')
    for (let count = 0; count < 5; count += 1) expect(await refused('account', 'address')).toBeGreaterThan(0)
    expect(await refused('account')).toBe(0)
    expect(await refused('account')).toBe(0)
    expect(await refused('account')).toBeGreaterThan(0)
  })

  test('one key named twice counts once', async () => {
    const { limiter, refused } = setUp(2)
    await limiter.consume('a', 'a')
    expect(await refused('a')).toBe(0)
  })

  test('a key that cannot be counted is refused', async () => {
    const { store, platform } = setUp()
    const broken = {
      ...store,
      replace: () => Promise.reject(new Error('down')),
      insert: () => Promise.reject(new Error('down')),
    }
    const limiter = createRateLimiter({ store: broken, platform, limit: 3, windowSeconds: 60 })
    await expect(limiter.consume('a')).rejects.toThrow(StoreError)
  })

  test('keys are not stored in clear', async () => {
    const { store, limiter, platform } = setUp()
    const seen: string[] = []
    const spying = {
      ...store,
      insert: (entry: Parameters<typeof store.insert>[0]) => (seen.push(JSON.stringify(entry)), store.insert(entry)),
    }
    await createRateLimiter({ store: spying, platform, limit: 3, windowSeconds: 60 }).consume('account:ada@example.com')
    expect(seen).toHaveLength(1)
    expect(seen[0]).not.toContain('ada')
    await expect(limiter.consume('')).rejects.toThrow(TypeError)
  })
})

describe('consume, by a flood', () => {
  test.each([[['a']], [['a', 'b']]])(
    'refuses any number at once with one read of each of the keys %j',
    async (keys) => {
      const { store, platform, limiter } = setUp(1)
      await limiter.consume('a')
      const { asked, counted } = counting(store)
      const flooded = createRateLimiter({ store: counted, platform, limit: 1, windowSeconds: 60 })
      const outcomes = await Promise.allSettled(Array.from({ length: 500 }, () => flooded.consume(...keys)))
      expect(outcomes.filter(({ status }) => status === 'rejected')).toHaveLength(500)
      expect(asked).toEqual({ get: keys.length, insert: 0, replace: 0 })
    },
  )

  test('counts those that come at once by one write, in the order they came', async () => {
    const { store, platform } = setUp()
    const { asked, counted } = counting(store)
    const limiter = createRateLimiter({ store: counted, platform, limit: 3, windowSeconds: 60 })
    const outcomes = await Promise.allSettled(Array.from({ length: 500 }, () => limiter.consume('a')))
    const passed = outcomes.map(({ status }) => status === 'fulfilled')
    expect([passed.slice(0, 3), passed.slice(3).includes(true)]).toEqual([[true, true, true], false])
    expect(asked).toEqual({ get: 1, insert: 1, replace: 0 })
  })

  test('tells an event of each refusal', async () => {
    const { store, platform } = setUp()
    const events: string[] = []
    const onEvent = ({ type }: { type: string }) => void events.push(type)
    const limiter = createRateLimiter({ store, platform, limit: 1, windowSeconds: 60, onEvent })
    await Promise.allSettled(Array.from({ length: 5 }, () => limiter.consume('a')))
    expect(events).toEqual(Array.from({ length: 4 }, () => 'limit.reached'))
  })

  test('refuses nobody by a read that began before they came', async () => {
    const { store, platform, limiter } = setUp(1)
    await limiter.consume('a')
    const { promise: answered, resolve: answer } = Promise.withResolvers<void>()
    const late: Store = {
      ...store,
      async get(...given) {
        const found = await store.get(...given)
        await answered
        return found
      },
    }
    const slow = createRateLimiter({ store: late, platform, limit: 1, windowSeconds: 60 })
    const before = slow.consume('a')
    before.catch(() => {})
    await turns()
    await limiter.reset('a')
    const after = slow.consume('a')
    answer()
    await expect(before).rejects.toMatchObject({ code: 'too_many_attempts' })
    await after
  })

  test('answers everybody within the bound when the store hangs', async () => {
    const { store, platform } = setUp()
    const hanging = { ...store, get: () => new Promise<never>(() => {}) }
    const limiter = createRateLimiter({ store: hanging, platform, limit: 3, windowSeconds: 60 })
    const answers: [code: string, seconds: number][] = []
    const note = (second: number) => (error: { code: string }) => {
      answers.push([error.code, platform.now() - began - second])
    }
    const began = platform.now()
    for (let second = 0; second < 10; second += 1) {
      if (second < 5) limiter.consume('a').catch(note(second))
      if (second < 5) limiter.giveBack('a').catch(note(second))
      await turns()
      for (let step = 0; step < 4; step += 1) {
        platform.advance(0.25)
        await turns()
      }
    }
    expect(answers.map(([code]) => code)).toEqual(Array.from({ length: 10 }, () => 'unavailable'))
    expect(Math.max(...answers.map(([, seconds]) => seconds))).toBe(5)
  })
})

describe('an attempt that one of its keys refuses', () => {
  test('is given back to the window that it was counted in, and to no later one', async () => {
    const { store, platform, limiter, refused } = setUp(2)
    for (let count = 0; count < 2; count += 1) await limiter.consume('address')
    // The address had its limit only when it was counted; until then the account's window has closed and another begun.
    const between = async (key: string): Promise<void> => {
      if (key !== reads[1]) return
      platform.advance(60)
      await limiter.consume('account')
      for (let count = 0; count < 2; count += 1) await limiter.consume('address')
    }
    const reads: string[] = []
    const late: Store = {
      ...store,
      async get(kind, key, options) {
        reads.push(key)
        // Two looks, then two that count.
        if (reads.length === 2) return null
        if (reads.length === 4) await between(key)
        return store.get(kind, key, options)
      },
    }
    const slow = createRateLimiter({ store: late, platform, limit: 2, windowSeconds: 60 })
    await expect(slow.consume('account', 'address')).rejects.toMatchObject({ code: 'too_many_attempts' })
    expect(await refused('account')).toBe(0)
    expect(await refused('account')).toBe(60)
  })
})

describe('giveBack and reset', () => {
  test('what is given back can be used again, and never more than was counted', async () => {
    const { limiter, refused } = setUp(1)
    await limiter.consume('a')
    await limiter.giveBack('a')
    await limiter.giveBack('a')
    expect(await refused('a')).toBe(0)
    expect(await refused('a')).toBeGreaterThan(0)
  })

  test('reset forgets one key', async () => {
    const { limiter, refused } = setUp(1)
    await limiter.consume('a')
    await limiter.consume('b')
    await limiter.reset('a')
    expect(await refused('a')).toBe(0)
    expect(await refused('b')).toBeGreaterThan(0)
  })
})

describe('createRateLimiter', () => {
  test.each([{ limit: 0 }, { limit: '3' }, { windowSeconds: 0 }, { limit: undefined }, { store: {} }])(
    'refuses %j',
    (wrong) => {
      const options = { store: memoryStore(), limit: 3, windowSeconds: 60, ...wrong }
      expect(() => createRateLimiter(options as never)).toThrow(ConfigError)
    },
  )
})
