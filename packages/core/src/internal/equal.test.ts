import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { constantTimeEqual } from './equal.js'

describe('constantTimeEqual', () => {
  test('answers what === answers, for any two texts', () => {
    const texts = fc.string({ maxLength: 12, unit: fc.constantFrom('a', 'b', 'A', '-', '_', 'é', '語', '😀') })
    fc.assert(fc.property(texts, texts, (left, right) => constantTimeEqual(left, right) === (left === right)))
  })

  test('accepts two equal texts that are not the same object', () => {
    expect(constantTimeEqual('digest'.repeat(7), Array(7).fill('digest').join(''))).toBe(true)
  })

  test.for([1, 43, 85, 86, 300, 5000])('tells two texts of %d units apart by their last one', (length) => {
    const text = 'é'.repeat(length)
    expect(constantTimeEqual(text, 'é'.repeat(length))).toBe(true)
    expect(constantTimeEqual(text, `${text.slice(1)}a`)).toBe(false)
    expect(constantTimeEqual(text, `${text.slice(1)}è`)).toBe(false)
  })

  test.for([
    ['', 'a'],
    ['abc', 'abcd'],
    ['abcd', 'abc'],
    ['abc', 'abd'],
    ['abc', 'xbc'],
    ['abc', 'ABC'],
    ['\u0100', '\u0000'],
  ] as const)('refuses %j and %j', ([left, right]) => {
    expect(constantTimeEqual(left, right)).toBe(false)
  })
})
