import { describe, expect, test } from 'vitest'
import { good, now, signed, verifier } from './fixtures/signed-token.js'
import { audience, issuer } from './fixtures/token-app.js'

describe('RFC 9068 §4: claims', () => {
  test.each(['iss', 'sub', 'aud', 'exp', 'iat', 'jti', 'client_id'])('refuses a token without %s', async (name) => {
    expect(await verifier.verify(await signed({ ...good, [name]: undefined }))).toBe(null)
    expect(await verifier.verify(await signed({ ...good, [name]: '' }))).toBe(null)
    expect(await verifier.verify(await signed({ ...good, [name]: null }))).toBe(null)
  })

  test.each([
    `${issuer}/`,
    'https://APP.example',
    'https://app.example.evil',
    'app.example',
    [issuer],
    { iss: issuer },
  ])('refuses the issuer %j', async (iss) => {
    expect(await verifier.verify(await signed({ ...good, iss }))).toBe(null)
  })

  test.each([
    'https://api.exampl',
    'https://api.example/',
    'https://api.example.evil',
    'HTTPS://API.EXAMPLE',
    `${audience} https://other.example`,
    [],
    ['https://other.example'],
    [[audience]],
    [audience, 7],
    [audience, ''],
    { 0: audience },
    7,
    true,
  ])('refuses the audience %j', async (aud) => {
    expect(await verifier.verify(await signed({ ...good, aud }))).toBe(null)
  })

  test('accepts a list that has this audience', async () => {
    expect(await verifier.verify(await signed({ ...good, aud: ['https://other.example', audience] }))).not.toBe(null)
  })

  test.each([String(now + 300), `${now + 300}`, true, [now + 300], {}, -1, -now, 1e300, Number.MAX_SAFE_INTEGER, 0])(
    'refuses exp %j',
    async (exp) => {
      expect(await verifier.verify(await signed({ ...good, exp }))).toBe(null)
    },
  )

  test.each(['NaN', '1e999', '-Infinity', `0x${now.toString(16)}`])('refuses exp written as %s', async (exp) => {
    expect(await verifier.verify(await signed(JSON.stringify(good).replace(String(now + 300), exp)))).toBe(null)
  })

  test.each([String(now), true, [now], {}, null, -1, 1e300, now + 6])('refuses nbf %j', async (nbf) => {
    expect(await verifier.verify(await signed({ ...good, nbf }))).toBe(null)
  })

  test('judges times at the second, with the stated leeway', async () => {
    const at = async (claims: object): Promise<boolean> =>
      (await verifier.verify(await signed({ ...good, ...claims }))) !== null
    expect(await at({ iat: now - 300, exp: now - 4 })).toBe(true)
    expect(await at({ iat: now - 300, exp: now - 5 })).toBe(false)
    expect(await at({ nbf: now + 5 })).toBe(true)
    expect(await at({ iat: now + 5 })).toBe(true)
    expect(await at({ iat: now + 6 })).toBe(false)
    expect(await at({ exp: now + 300.5 })).toBe(true)
  })

  test('refuses a life that is too long, and one that ends before it begins', async () => {
    expect(await verifier.verify(await signed({ ...good, exp: now + 86_401 }))).toBe(null)
    expect(await verifier.verify(await signed({ ...good, iat: now + 4, exp: now + 3 }))).toBe(null)
  })

  test.each([7, '', 'a  b', 'a"', ['a'], null])('refuses the scope %j', async (scope) => {
    expect(await verifier.verify(await signed({ ...good, scope }))).toBe(null)
  })

  test.each([{ jkt: 7 }, {}, 'x', null, { 'x5t#S256': 'x' }, { jkt: 'x', 'x5t#S256': 'y' }])(
    'refuses the confirmation %j',
    async (cnf) => {
      expect(await verifier.verify(await signed({ ...good, cnf }), { jkt: 'x' })).toBe(null)
    },
  )

  test('refuses a token that is bound to a key without its proof', async () => {
    const token = await signed({ ...good, cnf: { jkt: 'thumb' } })
    expect(await verifier.verify(token)).toBe(null)
    expect(await verifier.verify(token, { jkt: 'other' })).toBe(null)
    expect(await verifier.verify(token, { jkt: 'thumb' })).not.toBe(null)
  })
})

describe('size', () => {
  test('refuses tokens of 1 MiB, and texts made to be slow, within linear work', async () => {
    const mebibyte = 1_048_576
    const head = Buffer.from('{"alg":"HS256","typ":"at+jwt"}').toString('base64url')
    const deep = Buffer.from(`{"a":${'['.repeat(20_000)}${']'.repeat(20_000)}}`).toString('base64url')
    const texts = [
      'A'.repeat(mebibyte),
      '.'.repeat(mebibyte),
      `${head}.${'A'.repeat(mebibyte)}.AAAA`,
      `${'A'.repeat(mebibyte)}.AAAA.AAAA`,
      `${head}.${deep}.AAAA`,
      `${deep}.${head}.AAAA`,
      `${head}.AAAA.${'A'.repeat(65_000)}`,
    ]
    for (const text of texts) expect(await verifier.verify(text)).toBe(null)
  })

  test('opens a signed token with deep and wide claims', async () => {
    const wide = Object.fromEntries(Array.from({ length: 500 }, (_, index) => [`c${index}`, index]))
    expect(await verifier.verify(await signed({ ...good, ...wide }))).not.toBe(null)
    const deep = JSON.stringify(good).replace('}', `,"a":${'['.repeat(3000)}${']'.repeat(3000)}}`)
    await expect(verifier.verify(await signed(deep))).resolves.toBeDefined()
  })
})
