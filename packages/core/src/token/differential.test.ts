/** Verification against jose, on mutated tokens. `bench` runs the same over 1,000,000 of HS256 and 50,000 of each other. */
import { expect, test } from 'vitest'
import { type Comparison, differ } from './fixtures/differential.js'
import { createSigningKey, createVerifyingKey } from './jws-key.js'
import { parseJws } from './jws-parser.js'
import { generateJwk } from './key-formats.js'
import { checkKeys, staticKeyRing } from './key-ring.js'
import { verifyJws } from './raw-doors.js'

const verifierOf: Comparison['verifierOf'] = (jwk, algorithm) => {
  const keys = staticKeyRing([{ ...jwk, alg: algorithm }])
  return (token) => verifyJws(token, keys, { algorithms: [algorithm] })
}

test.each([
  ['HS256', 5000],
  ['EdDSA', 1000],
  ['ES256', 1000],
  ['RS256', 1000],
  ['PS256', 1000],
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

test.each(['HS256', 'EdDSA', 'ES256', 'RS256', 'PS256'] as const)(
  'a key of %s asks for its own algorithm, whoever found it (RFC 8725 §3.1)',
  async (algorithm) => {
    const [checked] = checkKeys('keys', [await generateJwk(algorithm)])
    if (!checked) throw new Error('no key')
    const signed = parseJws(await createSigningKey(checked).sign({ typ: 'JWT' }, '{}'))
    if (!signed) throw new Error('no token')
    const key = createVerifyingKey(checked)
    expect(await key.verify(signed)).toBe(true)
    for (const alg of ['none', 'HS256', 'PS256', 'RS256'].filter((other) => other !== algorithm)) {
      expect(await key.verify({ ...signed, header: { ...signed.header, alg } })).toBe(false)
    }
  },
)
