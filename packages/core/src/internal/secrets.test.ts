import { hkdfSync } from 'node:crypto'
import { describe, expect, test } from 'vitest'
import { ConfigError } from '../errors.js'
import { systemPlatform } from '../platform.js'
import { deriveKeys } from './secrets.js'

const first = 'first'.repeat(8)
const second = 'second'.repeat(8)
const hex = (bytes: ArrayBuffer | Uint8Array): string => Buffer.from(bytes as Uint8Array).toString('hex')

describe('deriveKeys', () => {
  test('is HKDF-SHA-256 of RFC 5869 with the purpose as info', () => {
    const [{ key }] = deriveKeys(systemPlatform, [first], 'vault')
    expect(hex(key)).toBe(hex(hkdfSync('sha256', first, '', 'tessera/key/vault', 32)))
  })

  test('derives another key for every purpose and every secret', () => {
    const keys = ['vault', 'transaction'].flatMap((purpose) => deriveKeys(systemPlatform, [first, second], purpose))
    expect(new Set(keys.map(({ key }) => hex(key))).size).toBe(4)
  })

  test('names a secret by an id that is the same for all purposes, and shows nothing of it', () => {
    const [vault, other] = ['vault', 'transaction'].map((purpose) => deriveKeys(systemPlatform, [first], purpose)[0])
    expect(vault?.id).toBe(other?.id)
    expect(vault?.id).toMatch(/^[\w-]{8}$/)
    expect(first).not.toContain(vault?.id)
  })

  test('keeps the order: the first one seals', () => {
    const ids = (secrets: string[]): string[] => deriveKeys(systemPlatform, secrets, 'vault').map(({ id }) => id)
    expect(ids([second, first])).toEqual(ids([first, second]).toReversed())
  })

  test.for([undefined, null, '', first, [], {}, [null], [7], [''], ['short'], ['x'.repeat(31)], [first, 'short']])(
    'refuses %j',
    (secrets) => {
      expect(() => deriveKeys(systemPlatform, secrets, 'vault')).toThrow(ConfigError)
    },
  )

  test('refuses a secret that is named twice', () => {
    expect(() => deriveKeys(systemPlatform, [first, second, first], 'vault')).toThrow('one is named twice')
  })

  test('says which secret is wrong, and never the secret', () => {
    expect(() => deriveKeys(systemPlatform, [first, 'hunter2'], 'vault')).toThrow(
      'secrets[1]: expected a text of at least 32 characters, received one of 7',
    )
  })
})
