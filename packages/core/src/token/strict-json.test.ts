import { describe, expect, test } from 'vitest'
import { parseJsonBytes } from './strict-json.js'

describe.each([
  ['a buffer', (text: string) => Buffer.from(text)],
  ['plain bytes', (text: string) => new TextEncoder().encode(text)],
])('parseJsonBytes of %s', (_name, bytes) => {
  test('gives the object as it was written', () => {
    expect(parseJsonBytes(bytes('{"a":"ü€😀\ufeff","b":[1]}'))).toEqual({ a: 'ü€😀\ufeff', b: [1] })
  })

  test.each(['\ufeff{"a":1}', '\ufeff{"a":"\ufffd"}', '{"a":1}\0', '{"a":1,"\\u0061":2}'])('refuses %j', (text) => {
    expect(parseJsonBytes(bytes(text))).toBe(null)
  })
})
