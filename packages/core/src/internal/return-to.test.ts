import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { returnToPath } from './return-to.js'

const origin = 'https://app.example'

describe('returnToPath (RFC 9700 §4.11)', () => {
  test.for([
    '/',
    '/cart',
    '/cart?item=1&to=//x',
    '/cart#total',
    '/a/b/',
    '/%2F%2Fevil.example',
    '/@evil.example',
    '/a:b',
  ])('keeps a path of our own origin: %s', (path) => {
    expect(returnToPath(path, origin)).toBe(path)
  })

  test('writes a path as browsers do', () => {
    expect(returnToPath('/a/../b c?d=é', origin)).toBe('/b%20c?d=%C3%A9')
  })

  test.for([
    undefined,
    null,
    7,
    ['/cart'],
    { toString: () => '/cart' },
    '',
    'cart',
    '?item=1',
    'https://evil.example',
    'https://app.example/cart',
    'HTTPS://evil.example',
    '//evil.example',
    '///evil.example',
    '/\\evil.example',
    '\\\\evil.example',
    '/\t/evil.example',
    '/\n/evil.example',
    '/\r\nSet-Cookie: a=b',
    '\t//evil.example',
    ' //evil.example',
    '/..//evil.example',
    '/.//evil.example',
    '/%2e%2e//evil.example',
    '/a/..//evil.example',
    'javascript:alert(1)',
    'data:text/html,x',
    '/\u0000',
    '/\u007f',
    `/${'a'.repeat(1024)}`,
    `/${'é'.repeat(500)}`,
    `/?${'\u{1F600}'.repeat(230)}`,
  ])('sends anything else to the start page: %j', (value) => {
    expect(returnToPath(value, origin)).toBe('/')
  })

  test('never leaves the origin, whatever it is given', () => {
    const piece = fc.constantFrom(
      '/',
      '\\',
      '.',
      '%2e',
      '//',
      '@',
      ':',
      '?',
      '#',
      '\t',
      ' ',
      'evil.example',
      'https:',
      'é',
    )
    const values = fc.array(piece, { maxLength: 8 }).map((pieces) => pieces.join(''))
    const stays = fc.property(values, (value) => {
      const path = returnToPath(value, origin)
      expect(path).toMatch(/^\/(?!\/)/)
      expect(new URL(path, origin).origin).toBe(origin)
    })
    fc.assert(stays, { numRuns: 2_000 })
  })
})
