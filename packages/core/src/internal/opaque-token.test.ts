import { createHash } from 'node:crypto'
import { describe, expect, test } from 'vitest'
import { systemPlatform } from '../platform.js'
import { mintToken, randomText, readToken } from './opaque-token.js'

describe('mintToken', () => {
  test('makes a token of a 128-bit selector and a 256-bit verifier', () => {
    const { text, selector } = mintToken(systemPlatform)
    expect(text).toMatch(/^[\w-]{22}\.[\w-]{43}$/)
    expect(text.startsWith(`${selector}.`)).toBe(true)
  })

  test('keeps a selector that is given, and draws another verifier for it', () => {
    const first = mintToken(systemPlatform)
    const next = mintToken(systemPlatform, first.selector)
    expect(next.selector).toBe(first.selector)
    expect(next.text).not.toBe(first.text)
    expect(next.digest).not.toBe(first.digest)
  })

  test('stores the digest of the whole text, which tells nothing of the verifier', () => {
    const { text, digest } = mintToken(systemPlatform)
    expect(digest).toBe(createHash('sha256').update(text).digest('base64url'))
  })

  test('never draws the same token twice', () => {
    const drawn = Array.from({ length: 1_000 }, () => mintToken(systemPlatform))
    expect(new Set(drawn.map(({ selector }) => selector)).size).toBe(1_000)
    expect(new Set(drawn.map(({ text }) => text.slice(23))).size).toBe(1_000)
  })
})

describe('readToken', () => {
  test('reads back what was minted', () => {
    const { text, selector, digest } = mintToken(systemPlatform)
    expect(readToken(systemPlatform, text)).toEqual({ selector, digest })
  })

  test('gives a token with another spelling of the same verifier bytes another digest', () => {
    const { text } = mintToken(systemPlatform)
    const last = text.slice(-1)
    const sibling = text.slice(0, -1) + String.fromCharCode(last.charCodeAt(0) + 1)
    expect(readToken(systemPlatform, sibling)?.digest).not.toBe(readToken(systemPlatform, text)?.digest)
  })

  test('leaves a verifier of other characters to its digest, which no token has', () => {
    const { text } = mintToken(systemPlatform)
    for (const other of ['+', 'é', '\uFFFD', '\uD800', '\0']) {
      const read = readToken(systemPlatform, text.slice(0, -1) + other)
      expect(read?.digest).not.toBe(readToken(systemPlatform, text)?.digest)
    }
  })

  const selector = 's'.repeat(22)
  const verifier = 'v'.repeat(43)
  test.for([
    undefined,
    null,
    0,
    {},
    [`${selector}.${verifier}`],
    '',
    '.',
    selector,
    `${selector}.`,
    `.${verifier}`,
    `${selector}${verifier}`,
    `${selector}.${verifier}.`,
    `${selector}.${verifier}\n`,
    ` ${selector}.${verifier}`,
    `${selector}.${verifier}=`,
    `${selector}.${verifier.slice(1)}`,
    `${selector}.${verifier}v`,
    `${selector.slice(1)}.${verifier}`,
    `${'+'.repeat(22)}.${verifier}`,
    `${'é'.repeat(22)}.${verifier}`,
    `${selector}:${verifier}`,
  ])('answers null for what has another shape: %j', (text) => {
    expect(readToken(systemPlatform, text)).toBeNull()
  })
})

describe('randomText', () => {
  test('is base64url without padding of as many bytes as were asked for', () => {
    const fixed = { ...systemPlatform, randomBytes: (length: number) => new Uint8Array(length).fill(255) }
    expect(randomText(fixed, 16)).toBe('_____________________w')
    expect(randomText(fixed, 1)).toBe('_w')
  })
})
