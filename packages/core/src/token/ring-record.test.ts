import { describe, expect, test } from 'vitest'
import { advanceRing, explainRing, type RingKey } from './ring-record.js'

const rules = {
  algorithm: 'ES256',
  rotateEverySeconds: 1000,
  jwksMaxAgeSeconds: 100,
  ringRefreshSeconds: 10,
  clockSkewSeconds: 5,
  longestTokenSeconds: 300,
} as const
const start = 1_800_000_000

function key(state: RingKey['state'], since: number): RingKey {
  return { kid: state, algorithm: 'ES256', state, since, publicKey: { kty: 'EC' }, sealed: null }
}

function statesAt(keys: readonly RingKey[], now: number): Record<string, string> {
  return Object.fromEntries(advanceRing(keys, now, rules).keys.map(({ kid, state }) => [kid, state]))
}

describe('explainRing', () => {
  test.each([
    ['the one that signs, after a rotation that somebody asked for', 'signing', 'verifying', 316],
    ['the one that was published then', 'published', 'signing', 316],
    ['the one before', 'verifying', 'retired', 336],
  ])('names the second at which a key comes into its next state: %s', (_name, kid, state, after) => {
    const keys = [key('verifying', start + 20), key('signing', start + 20), key('published', start + 200)]
    const explained = explainRing(keys, start + 210, rules).find((found) => found.kid === kid)
    expect(explained?.next).toEqual({ state, at: start + after })
    expect(statesAt(keys, start + after - 1)[kid]).toBe(kid)
    expect(statesAt(keys, start + after)[kid]).toBe(state)
  })

  test('names the end of its time for a key that signs and has no successor yet', () => {
    const explained = explainRing([key('signing', start)], start + 10, rules)
    expect(explained[0]?.next).toEqual({ state: 'verifying', at: start + 1000 })
  })
})
