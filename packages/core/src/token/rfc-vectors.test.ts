import { describe, expect, test } from 'vitest'
import {
  encryptedVectors,
  keySetVector,
  refusedEncryptedVectors,
  signedVectors,
  thumbprintVectors,
  unsecuredVector,
} from './fixtures/rfc-vectors.js'
import { decryptJwe, encryptJwe } from './jwe.js'
import { checkJwk, thumbprint } from './jwk.js'
import { verifyJws } from './raw-doors.js'

const text = (bytes: Uint8Array | undefined): string => new TextDecoder().decode(bytes)

describe('verifyJws', () => {
  test.each(signedVectors)('verifies the example of $source', async ({ algorithm, key, token, payload }) => {
    expect(text((await verifyJws(token, [key], { algorithms: [algorithm] }))?.payload)).toBe(payload)
  })

  test.each(signedVectors)(
    'refuses the example of $source with one character changed',
    async ({ algorithm, key, token }) => {
      for (let index = 0; index < token.length; index += 7) {
        const changed = `${token.slice(0, index)}${token[index] === 'A' ? 'B' : 'A'}${token.slice(index + 1)}`
        expect(await verifyJws(changed, [key], { algorithms: [algorithm] })).toBe(null)
      }
    },
  )

  test('refuses the unsecured example of RFC 7515 A.5 and RFC 7519 §6.1', async () => {
    for (const { algorithm, key } of signedVectors) {
      expect(await verifyJws(unsecuredVector, [key], { algorithms: [algorithm] })).toBe(null)
    }
  })

  test('takes only the algorithms that are named', async () => {
    const [{ key, token }] = signedVectors
    expect(await verifyJws(token, [key], { algorithms: ['RS256', 'ES256'] })).toBe(null)
  })

  test('takes only the typ that is named', async () => {
    const [{ key, token }] = signedVectors
    expect(await verifyJws(token, [key], { algorithms: ['HS256'], typ: 'JWT' })).not.toBe(null)
    expect(await verifyJws(token, [key], { algorithms: ['HS256'], typ: 'at+jwt' })).toBe(null)
  })
})

describe('decryptJwe', () => {
  test.each(encryptedVectors)('decrypts the example of $source', async ({ key, token, plaintext }) => {
    expect(text((await decryptJwe(token, [key]))?.payload)).toBe(plaintext)
  })

  test.each(encryptedVectors)('refuses the example of $source with one character changed', async ({ key, token }) => {
    for (const index of [0, Math.floor(token.length / 2), token.length - 2]) {
      const changed = `${token.slice(0, index)}${token[index] === 'A' ? 'B' : 'A'}${token.slice(index + 1)}`
      expect(await decryptJwe(changed, [key])).toBe(null)
    }
  })

  test.each(refusedEncryptedVectors)('refuses the example of $source', async ({ token }) => {
    for (const { key } of encryptedVectors) expect(await decryptJwe(token, [key])).toBe(null)
  })

  test.each(['RSA1_5', 'PBES2-HS256+A128KW', undefined])('refuses keys for %s', async (alg) => {
    const key = { kty: 'oct', k: 'GawgguFyGrWKav7AX4VKUg', ...(alg ? { alg } : {}) }
    await expect(decryptJwe(encryptedVectors[1].token, [key])).rejects.toThrow('keys[0]')
  })

  test('opens what encryptJwe made for the key, and nothing made for another', async () => {
    const [ours, theirs] = await Promise.all([exchangeKey(), exchangeKey()])
    const { kty, crv, x, y } = ours as { kty: string; crv: string; x: string; y: string }
    const token = await encryptJwe('for you', { kty, crv, x, y })
    expect(text((await decryptJwe(token, [ours]))?.payload)).toBe('for you')
    expect(await decryptJwe(token, [theirs])).toBe(null)
    // Without a name it could be for either: nothing is tried out.
    expect(await decryptJwe(token, [ours, theirs])).toBe(null)
  })
})

describe('thumbprint (RFC 7638)', () => {
  test.each(thumbprintVectors)('is that of $source', ({ key, thumbprint: expected }) => {
    expect(thumbprint(key)).toBe(expected)
    expect(checkJwk(key)).toMatchObject({ kid: expected })
  })
})

describe('RFC 7517 A.1', () => {
  test('takes the signature key and passes over the encryption key', () => {
    const [encryption, signature] = keySetVector.map((key) => checkJwk(key))
    expect(encryption).toBe('a key whose use is sig')
    expect(signature).toMatchObject({ kid: '2011-04-29', algorithm: 'RS256', isPrivate: false })
  })
})

async function exchangeKey(): Promise<JsonWebKey> {
  const pair = await crypto.subtle.generateKey({ name: 'ECDH', namedCurve: 'P-256' }, true, ['deriveBits'])
  const { kty, crv, x, y, d } = await crypto.subtle.exportKey('jwk', pair.privateKey)
  return JSON.parse(JSON.stringify({ kty, crv, x, y, d, alg: 'ECDH-ES' }))
}
