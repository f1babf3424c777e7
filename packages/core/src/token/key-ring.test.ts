import { createPrivateKey, createPublicKey, generateKeyPairSync } from 'node:crypto'
import { describe, expect, test } from 'vitest'
import { audience, issuer, privateJwk, publicHalf, tokenApp } from './fixtures/token-app.js'
import { generateJwk, jwkFromPem, jwkFromSecret } from './key-formats.js'
import { staticKeyRing } from './key-ring.js'
import { createTokenVerifier } from './token-verifier.js'

const asymmetric = ['ES256', 'EdDSA', 'RS256', 'PS256'] as const

function pems(algorithm: (typeof asymmetric)[number]): { privatePem: string; publicPem: string } {
  const key = createPrivateKey({ key: privateJwk(algorithm) as Record<string, string>, format: 'jwk' })
  return {
    privatePem: key.export({ format: 'pem', type: 'pkcs8' }).toString(),
    publicPem: createPublicKey(key).export({ format: 'pem', type: 'spki' }).toString(),
  }
}

describe('jwkFromPem', () => {
  test.each(asymmetric)('reads both halves of a key for %s', async (algorithm) => {
    const { privatePem, publicPem } = pems(algorithm)
    const signing = staticKeyRing([await jwkFromPem(privatePem, algorithm)])
    const verifying = staticKeyRing([await jwkFromPem(publicPem, algorithm)])
    const { tokens, platform } = tokenApp({ keys: signing })
    const { access_token } = await tokens.issueAccessToken({ clientId: 'c' })
    expect(await createTokenVerifier({ keys: verifying, platform, issuer, audience }).verify(access_token)).not.toBe(
      null,
    )
  })

  test('refuses a key of another kind, a weak one, and what is no PEM', async () => {
    const { privatePem } = pems('ES256')
    await expect(jwkFromPem(privatePem, 'RS256')).rejects.toThrow('pem')
    await expect(jwkFromPem('-----BEGIN PUBLIC KEY-----\nAAAA\n-----END PUBLIC KEY-----', 'ES256')).rejects.toThrow(
      'pem',
    )
    await expect(jwkFromPem('', 'ES256')).rejects.toThrow('pem')
    const weak = generateKeyPairSync('rsa', { modulusLength: 1024 }).privateKey
    await expect(jwkFromPem(weak.export({ format: 'pem', type: 'pkcs8' }).toString(), 'RS256')).rejects.toThrow('2048')
  })
})

describe('jwkFromSecret and generateJwk', () => {
  test('make keys that a ring takes', async () => {
    expect(staticKeyRing([jwkFromSecret('a secret of 32 characters or more')])).toBeDefined()
    for (const algorithm of [...asymmetric, 'HS256'] as const) {
      expect(staticKeyRing([await generateJwk(algorithm)])).toBeDefined()
    }
  })

  test('refuses a short secret', () => {
    expect(() => jwkFromSecret('short')).toThrow('32 bytes')
  })
})

describe('staticKeyRing', () => {
  test('signs with the first private key, and verifies with all', async () => {
    const [next, current, old] = [privateJwk(), privateJwk(), privateJwk()]
    const before = tokenApp({ keys: staticKeyRing([old]) })
    const { access_token } = await before.tokens.issueAccessToken({ clientId: 'c' })
    const ring = staticKeyRing([publicHalf(next), current, publicHalf(old)])
    expect((await ring.explain()).map(({ state }) => state)).toEqual(['verifying', 'signing', 'verifying'])
    const { verifier } = tokenApp({ keys: ring, platform: before.platform })
    expect(await verifier.verify(access_token)).not.toBe(null)
    expect((await ring.jwks()).keys).toHaveLength(3)
  })

  test('publishes no private member and no secret', async () => {
    const { keys } = await staticKeyRing([privateJwk(), privateJwk('RS256'), privateJwk('HS256')]).jwks()
    expect(keys).toHaveLength(2)
    for (const key of keys) expect(Object.keys(key)).not.toEqual(expect.arrayContaining(['d']))
    expect(JSON.stringify(keys)).not.toMatch(/"(d|p|q|dp|dq|qi|k)":/)
  })

  test.each([
    ['keys', []],
    ['keys', 'x'],
    ['keys[0]', [null]],
    ['keys[1]', [privateJwk(), {}]],
  ])('names %s when it is wrong', (name, keys) => {
    expect(() => staticKeyRing(keys as JsonWebKey[])).toThrow(name)
  })

  test('refuses one kid for two keys', () => {
    const twice = [privateJwk(), privateJwk()].map((key) => ({ ...key, kid: 'same' }) as JsonWebKey)
    expect(() => staticKeyRing(twice)).toThrow('kid')
  })

  test('neither rotates nor forgets by call: its list does', async () => {
    const ring = staticKeyRing([privateJwk()])
    await expect(ring.rotate()).rejects.toThrow('list')
    await expect(ring.compromised('x')).rejects.toThrow('list')
  })

  test('refuses a token without kid where two keys could have signed it', async () => {
    const [one, two] = [privateJwk('HS256'), privateJwk('HS256')]
    const { createSigner } = await import('fast-jwt')
    const { platform } = tokenApp()
    const iat = platform.now()
    const claims = { iss: issuer, sub: 'u', aud: audience, iat, exp: iat + 60, jti: 'j', client_id: 'c' }
    const sign = createSigner({ key: Buffer.from(one.k ?? '', 'base64url'), header: { alg: 'HS256', typ: 'at+jwt' } })
    const token = sign(claims)
    const verify = (keys: JsonWebKey[]) =>
      createTokenVerifier({ keys: staticKeyRing(keys), platform, issuer, audience }).verify(token)
    expect(await verify([one])).not.toBe(null)
    expect(await verify([one, two])).toBe(null)
  })
})
