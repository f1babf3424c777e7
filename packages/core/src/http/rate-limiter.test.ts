import { testPlatform } from '@tessera-auth/testing'
import { describe, expect, test } from 'vitest'
import { ConfigError, StoreError } from '../errors.js'
import { memoryStore } from '../store/memory-store.js'
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
