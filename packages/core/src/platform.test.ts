import { createHash, createHmac } from 'node:crypto'
import fc from 'fast-check'
import { describe, expect, test, vi } from 'vitest'
import { type Platform, sha256Text, systemPlatform } from './platform.js'
import { portableHmacSha256, portableSha256 } from './internal/portable-digests.js'

const hex = (bytes: Uint8Array): string => Buffer.from(bytes).toString('hex')
const utf8 = new TextEncoder()

/** FIPS 180-4 examples, from NIST's Cryptographic Standards and Guidelines: message and digest. */
const sha256Vectors: readonly (readonly [string, string])[] = [
  ['', 'e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855'],
  ['abc', 'ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad'],
  [
    'abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq',
    '248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1',
  ],
  ['a'.repeat(1_000_000), 'cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0'],
]

/** RFC 4231 §4.2, §4.3 and §4.7: key, data and MAC, in hex. */
const hmacVectors: readonly (readonly [string, string, string])[] = [
  ['0b'.repeat(20), '4869205468657265', 'b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7'],
  [
    '4a656665',
    '7768617420646f2079612077616e7420666f72206e6f7468696e673f',
    '5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843',
  ],
  [
    'aa'.repeat(131),
    '54657374205573696e67204c6172676572205468616e20426c6f636b2d53697a65204b6579202d2048617368204b6579204669727374',
    '60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54',
  ],
]

describe('sha256', () => {
  test.for(sha256Vectors)('is that of FIPS 180-4, on the runtime and portably: %$', ([message, digest]) => {
    expect(hex(systemPlatform.sha256(message))).toBe(digest)
    expect(hex(systemPlatform.sha256(utf8.encode(message)))).toBe(digest)
    expect(hex(portableSha256(utf8.encode(message)))).toBe(digest)
  })

  test('takes text as UTF-8', () => {
    expect(hex(systemPlatform.sha256('ü€😀'))).toBe(createHash('sha256').update('ü€😀', 'utf8').digest('hex'))
  })
})

describe('hmacSha256', () => {
  test.for(hmacVectors)('is that of RFC 4231, on the runtime and portably: %$', ([key, input, mac]) => {
    const keyBytes = Buffer.from(key, 'hex')
    const inputBytes = Buffer.from(input, 'hex')
    expect(hex(systemPlatform.hmacSha256(keyBytes, inputBytes))).toBe(mac)
    expect(hex(systemPlatform.hmacSha256(keyBytes, inputBytes.toString('utf8')))).toBe(mac)
    expect(hex(portableHmacSha256(keyBytes, inputBytes))).toBe(mac)
  })
})

describe('portable digests', () => {
  test('agree with the runtime on any bytes', () => {
    const bytes = fc.uint8Array({ maxLength: 300 })
    const agree = fc.property(bytes, bytes, (key, input) => {
      expect(hex(portableSha256(input))).toBe(createHash('sha256').update(input).digest('hex'))
      expect(hex(portableHmacSha256(key, input))).toBe(createHmac('sha256', key).update(input).digest('hex'))
    })
    fc.assert(agree, { numRuns: 300 })
  })
})

describe('sha256Text', () => {
  test('is the same on a platform with a digest of its own as on the runtime', () => {
    const own: Platform = { ...systemPlatform, sha256: (input) => portableSha256(utf8.encode(String(input))) }
    for (const text of ['', 'abc', 'ü€😀', 'x'.repeat(10_000)]) {
      expect(sha256Text(own, text)).toBe(sha256Text(systemPlatform, text))
      expect(sha256Text(own, text)).toBe(createHash('sha256').update(text).digest('base64url'))
    }
  })

  test('goes through the platform where it has a digest of its own', () => {
    const own: Platform = { ...systemPlatform, sha256: () => new Uint8Array(32) }
    expect(sha256Text(own, 'abc')).toBe('A'.repeat(43))
  })
})

describe('systemPlatform', () => {
  test('tells whole seconds', () => {
    expect(Number.isSafeInteger(systemPlatform.now())).toBe(true)
    expect(Math.abs(systemPlatform.now() - Date.now() / 1000)).toBeLessThan(2)
  })

  test('measures on a clock that never steps back', () => {
    const readings = Array.from({ length: 100 }, () => systemPlatform.monotonic())
    expect(readings.toSorted((left, right) => left - right)).toEqual(readings)
  })

  test('draws as many bytes as were asked for, and never the same', () => {
    const drawn = Array.from({ length: 100 }, () => hex(systemPlatform.randomBytes(16)))
    expect(new Set(drawn).size).toBe(100)
    expect(systemPlatform.randomBytes(33)).toHaveLength(33)
  })

  test('draws all of them from the runtime’s generator', () => {
    const source = vi.spyOn(crypto, 'getRandomValues').mockImplementation((bytes) => {
      new Uint8Array(bytes?.buffer ?? new ArrayBuffer()).fill(7)
      return bytes
    })
    const drawn = systemPlatform.randomBytes(32)
    source.mockRestore()
    expect(drawn).toEqual(new Uint8Array(32).fill(7))
  })

  test('draws each bit as one in half of all draws', () => {
    const draws = 4096
    const ones = Array.from({ length: 256 }, () => 0)
    for (let draw = 0; draw < draws; draw += 1) {
      const bytes = systemPlatform.randomBytes(32)
      for (let bit = 0; bit < 256; bit += 1) ones[bit] = (ones[bit] ?? 0) + (((bytes[bit >> 3] ?? 0) >> (bit & 7)) & 1)
    }
    // Nine standard deviations: among 256 bits chance alone does this once in 10^16 runs.
    const most = (9 * Math.sqrt(draws)) / 2
    expect(ones.filter((count) => Math.abs(count - draws / 2) > most)).toEqual([])
  })
})
