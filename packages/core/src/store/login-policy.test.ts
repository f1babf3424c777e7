import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { judgeLogin } from './login-policy.js'

const policy = { idle: 100, absolute: 1000, touch: 10 }
const at = (now: number, lastSeenAt = 0) => judgeLogin({ createdAt: 0, lastSeenAt }, policy, now)

describe('judgeLogin', () => {
  test.each([
    [0, 0, 'active', false],
    [9, 0, 'active', false],
    [10, 0, 'active', true],
    [99, 0, 'active', true],
    [100, 0, 'idle_expired', false],
    [999, 990, 'active', false],
    [1000, 995, 'absolute_expired', false],
    [1000, 0, 'absolute_expired', false],
    [-5, 0, 'active', false],
  ] as const)('at %d, last seen at %d, it is %s', (now, lastSeenAt, state, touchDue) => {
    expect(at(now, lastSeenAt)).toMatchObject({ state, touchDue })
  })

  test('it is active exactly before expiresAt, for any times and policy', () => {
    const seconds = fc.integer({ min: 0, max: 1_000_000 })
    fc.assert(
      fc.property(seconds, seconds, seconds, seconds, seconds, (createdAt, seen, idle, absolute, later) => {
        const times = { createdAt, lastSeenAt: createdAt + seen }
        const now = createdAt + later
        const { state, expiresAt } = judgeLogin(times, { idle, absolute, touch: 0 }, now)
        expect(state === 'active').toBe(now < expiresAt)
      }),
    )
  })
})
