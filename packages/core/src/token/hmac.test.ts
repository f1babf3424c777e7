/** The synchronous HS256 path against jose, on mutated tokens. `bench` runs the same over 1,000,000. */
import { describe, expect, test } from 'vitest'
import { differ } from './fixtures/differential.js'
import { createHmacKey } from './hmac.js'
import { verifyJws } from './raw-doors.js'

describe('createHmacKey', () => {
  test('signs as RFC 7515 A.1.1 says', () => {
    const key = Buffer.from(
      'AyM1SysPpbyDfgZld3umj1qzKObwVMkoqQ-EstJQLr_T-1qS0gZH75aKtMN3Yj0iPS4hcgUuTwjAzZr1Z9CAow',
      'base64url',
    )
    const input =
      'eyJ0eXAiOiJKV1QiLA0KICJhbGciOiJIUzI1NiJ9.eyJpc3MiOiJqb2UiLA0KICJleHAiOjEzMDA4MTkzODAsDQogImh0dHA6Ly9leGFtcGxlLmNvbS9pc19yb290Ijp0cnVlfQ'
    expect(createHmacKey(key)?.sign(input)).toBe('dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk')
  })

  test('never accepts what jose refuses, and refuses what jose accepts only for being spelt loosely', async () => {
    const found = await differ({ tokens: 10_000, seed: 1, verify: verifyJws })
    expect(found.laxer).toEqual([])
    expect(found.unexplained).toEqual([])
    expect(found.bothAccepted).toBeGreaterThan(100)
    expect(found.bothRefused).toBeGreaterThan(5000)
  })
})
