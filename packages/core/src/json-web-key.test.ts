import { createPublicKey, type webcrypto } from 'node:crypto'
import { importJWK } from 'jose'
import { describe, expect, test } from 'vitest'
import type { JsonWebKey } from './json-web-key.js'
import { generateJwk } from './token/key-formats.js'
import { staticKeyRing } from './token/key-ring.js'

/** `types` of `pnpm check` compiles this: no assertion stands between our type and the others'. */
describe('a JSON Web Key of ours', () => {
  test('is taken by WebCrypto, by jose and by node:crypto', async () => {
    const key: JsonWebKey = await generateJwk()
    const dom: globalThis.JsonWebKey = key
    const node: webcrypto.JsonWebKey = key
    const algorithm = { name: 'ECDSA', namedCurve: 'P-256' }
    const imported = await crypto.subtle.importKey('jwk', dom, algorithm, true, ['sign'])
    expect(await importJWK(key, 'ES256')).toBeInstanceOf(CryptoKey)
    expect(createPublicKey({ key, format: 'jwk' }).asymmetricKeyType).toBe('ec')
    expect((await crypto.subtle.exportKey('jwk', imported)).x).toBe(node.x)
  })

  test('is what WebCrypto and node:crypto export', async () => {
    const algorithm = { name: 'ECDSA', namedCurve: 'P-256' }
    const { publicKey } = await crypto.subtle.generateKey(algorithm, true, ['sign', 'verify'])
    const ofWebCrypto = await crypto.subtle.exportKey('jwk', publicKey)
    const ofNode = createPublicKey({ key: { ...ofWebCrypto }, format: 'jwk' }).export({ format: 'jwk' })
    const [one] = (await staticKeyRing([ofWebCrypto]).jwks()).keys
    const [other] = (await staticKeyRing([ofNode]).jwks()).keys
    expect(one).toStrictEqual(other)
  })

  test('may be written with its kid', async () => {
    const named: JsonWebKey = { ...(await generateJwk()), kid: '2026-05' }
    expect((await staticKeyRing([named]).jwks()).keys[0]?.kid).toBe('2026-05')
  })
})
