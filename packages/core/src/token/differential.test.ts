/** Verification against jose, on mutated tokens. `bench` runs the same over 1,000,000 of HS256 and 50,000 of each other. */
import { expect, test } from 'vitest'
import { type Comparison, differ } from './fixtures/differential.js'
import { staticKeyRing } from './key-ring.js'
import { verifyJws } from './raw-doors.js'

const verifierOf: Comparison['verifierOf'] = (jwk, algorithm) => {
  const keys = staticKeyRing([{ ...jwk, alg: algorithm }])
  return (token) => verifyJws(token, keys, { algorithms: [algorithm] })
}

test.each([
  ['HS256', 10_000],
  ['EdDSA', 3000],
  ['ES256', 3000],
  ['RS256', 3000],
  ['PS256', 3000],
] as const)(
  '%s: never accepts what jose refuses, and refuses what jose accepts only for being spelt loosely',
  async (algorithm, tokens) => {
    const found = await differ({ algorithm, tokens, seed: 1, verifierOf })
    expect(found.laxer).toEqual([])
    expect(found.unexplained).toEqual([])
    expect(found.bothAccepted).toBeGreaterThan(tokens / 100)
    expect(found.bothRefused).toBeGreaterThan(tokens / 2)
  },
)
