import { decodeProtectedHeader } from 'jose'
import { describe, expect, test } from 'vitest'
import { ConfigError } from '../errors.js'
import { systemPlatform } from '../platform.js'
import { createSealer } from './sealing.js'

const first = 'first'.repeat(8)
const second = 'second'.repeat(8)
const sealer = createSealer(systemPlatform, [first], 'vault')

describe('seal', () => {
  test('makes a compact JWE (RFC 7516) by A256GCM that names its secret', async () => {
    const sealed = await sealer.seal('text')
    expect(decodeProtectedHeader(sealed)).toEqual({
      alg: 'dir',
      enc: 'A256GCM',
      kid: expect.stringMatching(/^[\w-]{8}$/),
    })
    expect(sealed.split('.')).toHaveLength(5)
  })

  test('never makes the same text twice, and shows nothing of it', async () => {
    const sealed = await Promise.all(Array.from({ length: 50 }, () => sealer.seal('a secret text')))
    expect(new Set(sealed).size).toBe(50)
    expect(Buffer.from(sealed.join(), 'base64url').toString('latin1')).not.toContain('secret')
  })

  test.for(['', 'text', 'ü€😀\u0000', 'x'.repeat(100_000)])('is undone by open: %$', async (text) => {
    expect(await sealer.open(await sealer.seal(text))).toEqual({ plaintext: text, current: true })
  })
})

describe('open', () => {
  test('opens what an older secret sealed, and says that it is to be sealed again', async () => {
    const rotated = createSealer(systemPlatform, [second, first], 'vault')
    expect(await rotated.open(await sealer.seal('text'))).toEqual({ plaintext: 'text', current: false })
    expect(await rotated.open(await rotated.seal('text'))).toEqual({ plaintext: 'text', current: true })
  })

  test('opens before a new secret is promoted what is sealed by it elsewhere', async () => {
    const promoted = createSealer(systemPlatform, [second, first], 'vault')
    const prepared = createSealer(systemPlatform, [first, second], 'vault')
    expect(await prepared.open(await promoted.seal('text'))).toEqual({ plaintext: 'text', current: false })
  })

  test('refuses what was sealed for another purpose or with an unknown secret', async () => {
    const elsewhere = [
      createSealer(systemPlatform, [first], 'transaction'),
      createSealer(systemPlatform, [second], 'vault'),
    ]
    for (const other of elsewhere) expect(await sealer.open(await other.seal('text'))).toBeNull()
  })

  test('refuses what was changed anywhere', async () => {
    const sealed = await sealer.seal('text')
    const parts = sealed.split('.')
    for (const [index, part] of parts.entries()) {
      const changed = part === '' ? 'AAAA' : (part.startsWith('A') ? 'B' : 'A') + part.slice(1)
      expect(await sealer.open(parts.with(index, changed).join('.')), `part ${index}`).toBeNull()
    }
  })

  test('refuses another algorithm under our own key id', async () => {
    const [header = '', ...rest] = (await sealer.seal('text')).split('.')
    const claimed = { ...JSON.parse(Buffer.from(header, 'base64url').toString()) }
    for (const alg of ['none', 'A256KW', 'PBES2-HS256+A128KW', 'RSA-OAEP']) {
      const forged = Buffer.from(JSON.stringify({ ...claimed, alg })).toString('base64url')
      expect(await sealer.open([forged, ...rest].join('.'))).toBeNull()
    }
  })

  test.for([undefined, null, 7, {}, '', '.', '....', 'a.b.c.d.e', 'eyJ9', 'x'.repeat(10_000)])(
    'refuses %j',
    async (sealed) => {
      expect(await sealer.open(sealed)).toBeNull()
    },
  )
})

describe('createSealer', () => {
  test('refuses secrets that are none', () => {
    expect(() => createSealer(systemPlatform, [], 'vault')).toThrow(ConfigError)
  })
})
