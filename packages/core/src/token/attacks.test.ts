/** The attack table: what the JWT best practices (RFC 8725 and its successor draft) warn of, each as a rule. */
import { createHmac, createPublicKey } from 'node:crypto'
import { testPlatform } from '@tessera-auth/testing'
import { describe, expect, test } from 'vitest'
import {
  checked,
  forged,
  good,
  jwk,
  rsa,
  secret,
  secretBytes,
  signed,
  verifier,
  verifierOf,
} from './fixtures/signed-token.js'
import { audience, issuer, privateJwk, publicHalf } from './fixtures/token-app.js'
import { jwkFromSecret } from './key-formats.js'
import { staticKeyRing } from './key-ring.js'
import { createTokenVerifier } from './token-verifier.js'

test('the good token is good: all refusals below have another reason', async () => {
  expect(await verifier.verify(await signed(good))).toMatchObject({ sub: 'user-1' })
  expect(await verifier.verify(await signed(good, { typ: 'application/at+jwt' }))).not.toBe(null)
  expect(await verifier.verify(await signed(good, {}, secret))).not.toBe(null)
  expect(await verifier.verify(await signed(good, {}, rsa))).not.toBe(null)
})

describe('RFC 8725 §3.1: the algorithm is the key’s', () => {
  const { kid } = checked(jwk)
  test.each(['none', 'None', 'NONE', 'nOnE', '', 'HS256 ', 'ES256K', 'ES384', 'HS384', 'Ed448'])(
    'refuses alg %j',
    async (alg) => {
      const body = Buffer.from(JSON.stringify(good)).toString('base64url')
      for (const header of [
        { alg, typ: 'at+jwt' },
        { alg, typ: 'at+jwt', kid },
      ]) {
        const head = Buffer.from(JSON.stringify(header)).toString('base64url')
        const signature = (await signed(good)).split('.')[2]
        for (const token of [`${head}.${body}.`, `${head}.${body}`, `${head}.${body}.${signature}`]) {
          expect(await verifier.verify(token)).toBe(null)
        }
      }
    },
  )

  test.each([undefined, null, 7, ['ES256'], {}])('refuses alg %j', async (alg) => {
    expect(await verifier.verify(forged({ alg, typ: 'at+jwt', kid }, 'x'.repeat(32)))).toBe(null)
  })

  test('refuses a public key in any spelling as the secret of an HMAC', async () => {
    for (const key of [jwk, rsa]) {
      const half = publicHalf(key)
      const publicKey = createPublicKey({ key: half as Record<string, string>, format: 'jwk' })
      const spellings = [
        publicKey.export({ type: 'spki', format: 'pem' }),
        publicKey.export({ type: 'spki', format: 'pem' }).toString().trim(),
        publicKey.export({ type: 'spki', format: 'der' }),
        JSON.stringify(half),
        half.x ?? half.n ?? '',
        Buffer.from(half.x ?? half.n ?? '', 'base64url'),
      ]
      for (const spelling of spellings) {
        for (const named of [{ kid: checked(key).kid }, {}]) {
          const token = forged({ alg: 'HS256', typ: 'at+jwt', ...named }, spelling)
          expect(await verifier.verify(token)).toBe(null)
          expect(await verifierOf(staticKeyRing([half])).verify(token)).toBe(null)
        }
      }
    }
  })

  test('refuses every algorithm with every other key', async () => {
    const keys = [jwk, rsa, secret, privateJwk('EdDSA'), privateJwk('PS256')]
    for (const signing of keys) {
      for (const trusted of keys) {
        if (signing === trusted) continue
        const kid = checked(trusted).kid
        const token = await signed(good, {}, { ...signing, kid } as JsonWebKey)
        expect(await verifierOf(staticKeyRing([trusted])).verify(token)).toBe(null)
      }
    }
  })

  test('refuses RS256 by a key for PS256, and the reverse', async () => {
    const other = { ...rsa, alg: 'PS256' }
    const kid = 'same'
    const ps = await signed(good, {}, { ...other, kid } as JsonWebKey)
    expect(await verifierOf(staticKeyRing([{ ...rsa, kid } as JsonWebKey])).verify(ps)).toBe(null)
    const rs = await signed(good, {}, { ...rsa, kid } as JsonWebKey)
    expect(await verifierOf(staticKeyRing([{ ...other, kid } as JsonWebKey])).verify(rs)).toBe(null)
  })
})

describe('RFC 8725 §3.5: keys are strong', () => {
  test.each([
    ['a short secret', { kty: 'oct', k: 'c2hvcnQ' }],
    ['a secret of 31 bytes', { kty: 'oct', k: Buffer.alloc(31, 1).toString('base64url') }],
    [
      'a secret that is PEM',
      { kty: 'oct', k: Buffer.from('-----BEGIN PUBLIC KEY-----\nMFkwEwYHKoZIzj0CAQYI').toString('base64url') },
    ],
    ['a secret that is a JWK', { kty: 'oct', k: Buffer.from(JSON.stringify(publicHalf(jwk))).toString('base64url') }],
    ['RSA of 1024 bits', { kty: 'RSA', alg: 'RS256', e: 'AQAB', n: Buffer.alloc(128, 0xff).toString('base64url') }],
    ['RSA with exponent 1', { ...publicHalf(rsa), e: 'AQ' }],
    ['RSA with an even exponent', { ...publicHalf(rsa), e: 'AQAA' }],
    ['RSA of 16384 bits', { kty: 'RSA', alg: 'RS256', e: 'AQAB', n: Buffer.alloc(2048, 0xff).toString('base64url') }],
    ['P-384', { ...publicHalf(jwk), crv: 'P-384', alg: 'ES384' }],
    ['secp256k1', { ...publicHalf(jwk), crv: 'secp256k1', alg: 'ES256K' }],
    ['a point with short coordinates', { ...publicHalf(jwk), x: 'AQ' }],
    ['a key for encryption', { ...publicHalf(jwk), use: 'enc' }],
    ['RSA that names ES256', { ...publicHalf(rsa), alg: 'ES256' }],
    ['none', { kty: 'oct', k: 'x'.repeat(43), alg: 'none' }],
  ])('refuses %s at construction', (_title, key) => {
    expect(() => staticKeyRing([key as JsonWebKey])).toThrow('keys[0]')
  })

  test.each([
    ['a brace', [0x7b]],
    ['white space and a brace', [0x20, 0x0a, 0x7b]],
    ['a DER tag and its own length', [0x30, 30]],
    ['a DER tag and a long length', [0x30, 0x82, 0, 28]],
  ])('takes random bytes for a secret that happen to begin with %s', (_, start) => {
    const secret = Uint8Array.from({ length: 32 }, (_value, index) => start[index] ?? 0xa5)
    expect(jwkFromSecret(secret).kty).toBe('oct')
  })

  test('refuses a DER key as a secret', () => {
    const der = createPublicKey({ key: publicHalf(rsa) as Record<string, string>, format: 'jwk' }).export({
      type: 'spki',
      format: 'der',
    })
    expect(() => jwkFromSecret(der)).toThrow('DER')
  })

  test('never accepts with a key that is no point of the curve', async () => {
    const keys = staticKeyRing([{ ...publicHalf(jwk), y: publicHalf(jwk).x ?? '' }])
    expect(await verifierOf(keys).verify(await signed(good))).toBe(null)
  })
})

describe('RFC 8725 §3.10: nothing in a header is trusted', () => {
  test.each(['jwk', 'jku', 'x5u', 'x5c', 'crit', 'b64', 'zip', 'enc', 'epk', 'p2c', 'p2s'])(
    'refuses a header with %s, and asks no network',
    async (name) => {
      const requests: string[] = []
      const watched = testPlatform({
        fetch: async (url) => {
          requests.push(url)
          return new Response('{"keys":[]}')
        },
      })
      const remote = createTokenVerifier({ jwksUri: 'https://app.example/keys', issuer, audience, platform: watched })
      const value = name === 'jwk' ? publicHalf(jwk) : name === 'crit' ? ['exp'] : 'https://evil.example/keys'
      for (const token of [forged({ alg: 'ES256', typ: 'at+jwt', [name]: value }, 'x'.repeat(32))]) {
        expect(await verifier.verify(token)).toBe(null)
        expect(await remote.verify(token)).toBe(null)
      }
      expect(requests).toEqual([])
    },
  )

  test.each([
    "' OR 1=1 --",
    '../../dev/null',
    '__proto__',
    'constructor',
    'x'.repeat(10_000),
    '\u0000',
    'https://evil.example',
  ])('finds no key by the kid %j', async (kid) => {
    expect(await verifier.verify(forged({ alg: 'HS256', typ: 'at+jwt', kid }, 'x'.repeat(32)))).toBe(null)
  })

  test.each([null, 7, ['a'], {}])('refuses the kid %j', async (kid) => {
    expect(await verifier.verify(forged({ alg: 'HS256', typ: 'at+jwt', kid }, 'x'.repeat(32)))).toBe(null)
  })
})

describe('RFC 8725 §3.11: a token is of one kind', () => {
  test.each([
    'JWT',
    'jwt',
    'dpop+jwt',
    'logout+jwt',
    'client-authentication+jwt',
    'token-introspection+jwt',
    'secevent+jwt',
    'AT+JWT',
    'at+jwt ',
  ])('refuses the typ %j', async (typ) => {
    expect(await verifier.verify(await signed(good, { typ }))).toBe(null)
  })

  test('refuses a token without typ: it may be an ID token', async () => {
    expect(await verifier.verify(await signed(good, { typ: undefined }))).toBe(null)
  })

  test('refuses a nested token', async () => {
    expect(await verifier.verify(await signed(good, { cty: 'JWT' }))).toBe(null)
    expect(await verifier.verify(await signed(await signed(good)))).toBe(null)
  })
})

describe('RFC 8725 §3.7 and RFC 7515 §2: one spelling only', () => {
  const secretRing = verifierOf(staticKeyRing([secret]))
  test('refuses padding, white space, the other alphabet and unused bits in any part', async () => {
    const token = await signed(good, {}, secret)
    const [head = '', body = '', tail = ''] = token.split('.')
    const parts = [head, body, tail]
    const bend: ((part: string) => string)[] = [
      (part) => `${part}=`,
      (part) => `${part}==`,
      (part) => ` ${part}`,
      (part) => `${part}\n`,
      (part) => `${part.slice(0, 4)}\t${part.slice(4)}`,
      (part) => `${part.slice(0, 4)}+${part.slice(5)}`,
      (part) => `${part.slice(0, 4)}/${part.slice(5)}`,
      (part) => `${part}%3D`,
      (part) => `${part}A`,
      (part) => part.slice(0, -1),
    ]
    for (const change of bend) {
      for (const index of [0, 1, 2]) {
        const changed = parts.map((part, at) => (at === index ? change(part) : part)).join('.')
        if (changed !== token) expect(await secretRing.verify(changed)).toBe(null)
      }
    }
    expect(await secretRing.verify(sibling(token))).toBe(null)
  })

  test('refuses unused bits that were signed over, and those of a signature that others take', async () => {
    const kid = checked(secret).kid
    const mac = (input: string): string =>
      `${input}.${createHmac('sha256', secretBytes()).update(input).digest('base64url')}`
    const head = Buffer.from(`{"alg":"HS256","typ":"at+jwt","kid":"${kid}"}`).toString('base64url')
    const body = Buffer.from(`${JSON.stringify(good)} `.padEnd(301)).toString('base64url')
    expect(body.length % 4).toBe(2)
    expect(await secretRing.verify(mac(`${head}.${body}`))).not.toBe(null)
    expect(await secretRing.verify(mac(`${head}.${sibling(body)}`))).toBe(null)
    expect(await secretRing.verify(mac(`${head}.${body}=`))).toBe(null)
    const spaced = Buffer.from(`{"alg":"HS256","typ":"at+jwt","kid":"${kid}"}`.padEnd(91)).toString('base64url')
    expect(spaced.length % 4).toBe(2)
    expect(await secretRing.verify(mac(`${spaced}.${body}`))).not.toBe(null)
    expect(await secretRing.verify(mac(`${sibling(spaced)}.${body}`))).toBe(null)
    expect(await verifier.verify(sibling(await signed(good)))).toBe(null)
  })

  test.each(['', '.', '..', '...', 'a.b', 'a.b.c.d', 'a.b.c.d.e', '{}', 'null', ' ', '\u0000'])(
    'refuses the text %j',
    async (text) => {
      expect(await verifier.verify(text)).toBe(null)
    },
  )

  test.each([undefined, null, 7, {}, ['a.b.c'], new String('a.b.c')])('refuses %j, which is no text', async (value) => {
    expect(await verifier.verify(value as string)).toBe(null)
  })

  test('refuses a member named twice, in header and claims, at any depth', async () => {
    const twice = JSON.stringify(good).replace('{', '{"sub":"admin",')
    expect(await verifier.verify(await signed(twice))).toBe(null)
    expect(await verifier.verify(await signed(twice.replace('"sub":"admin"', '"s\\u0075b":"admin"')))).toBe(null)
    expect(
      await verifier.verify(await signed(JSON.stringify(good).replace('{', '{"x":[{"a":1,"b":{"c":1,"c":2}}],'))),
    ).toBe(null)
    const kid = checked(secret).kid
    expect(
      await secretRing.verify(forged(`{"alg":"none","alg":"HS256","typ":"at+jwt","kid":"${kid}"}`, secretBytes())),
    ).toBe(null)
    expect(await secretRing.verify(forged(`{"alg":"HS256","typ":"at+jwt","kid":"${kid}"}`, secretBytes()))).not.toBe(
      null,
    )
  })

  test.each(['[]', 'null', '"x"', '7', '', '{', '{"a":1}x', '\ufeff{}'])(
    'refuses claims that are %j',
    async (claims) => {
      expect(await verifier.verify(await signed(claims))).toBe(null)
    },
  )

  test('refuses claims that are no UTF-8', async () => {
    const input = `${Buffer.from(JSON.stringify({ alg: 'HS256', typ: 'at+jwt', kid: checked(secret).kid })).toString('base64url')}.${Buffer.concat(
      [
        Buffer.from(JSON.stringify(good).slice(0, -1)),
        Buffer.from(',"x":"'),
        Buffer.from([0xc0, 0xaf]),
        Buffer.from('"}'),
      ],
    ).toString('base64url')}`
    const token = `${input}.${createHmac('sha256', secretBytes()).update(input).digest('base64url')}`
    expect(await secretRing.verify(token)).toBe(null)
  })

  test('refuses each single-bit change of a signed token', async () => {
    const token = await signed(good, {}, secret)
    for (let index = 0; index < token.length; index += 1) {
      for (const bit of [1, 4, 32]) {
        const changed = String.fromCharCode(token.charCodeAt(index) ^ bit)
        expect(await secretRing.verify(token.slice(0, index) + changed + token.slice(index + 1))).toBe(null)
      }
    }
  })
})

/** The same bytes in another spelling: one unused bit of the last character is set. */
function sibling(text: string): string {
  const alphabet = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_'
  return `${text.slice(0, -1)}${alphabet[alphabet.indexOf(text.at(-1) ?? '') + 1]}`
}
