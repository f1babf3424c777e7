import { describe, expect, test } from 'vitest'
import { ConfigError } from '../errors.js'
import {
  expected,
  listOf,
  optionalFlag,
  optionalFunction,
  requireMethods,
  requireText,
  seconds,
  wholeNumber,
} from './options.js'

const rule = { default: 5, min: 1, max: 10, unit: 'entries' }

describe('wholeNumber', () => {
  test('is the default where nothing is named', () => {
    expect(wholeNumber('maxEntries', undefined, rule)).toBe(5)
  })

  test.for([1, 5, 10])('takes %i, which is within the bounds', (value) => {
    expect(wholeNumber('maxEntries', value, rule)).toBe(value)
  })

  test.for([0, 11, -1, 1.5, Number.NaN, Number.POSITIVE_INFINITY, 2 ** 53, '5', null, true, [5], {}, 5n])(
    'refuses %s',
    (value) => {
      expect(() => wholeNumber('maxEntries', value, rule)).toThrow(ConfigError)
    },
  )

  test('says which option, what was expected, and the type received', () => {
    expect(() => wholeNumber('maxEntries', '5', rule)).toThrow(
      'maxEntries: expected a whole number of entries from 1 to 10, received string',
    )
    expect(() => wholeNumber('maxEntries', 11, rule)).toThrow('received the number 11')
  })
})

describe('seconds', () => {
  test('says the unit', () => {
    const bounds = { default: 1, min: 0, max: 9 }
    expect(() => seconds('idleTimeoutSeconds', 1e6, bounds)).toThrow(
      'idleTimeoutSeconds: expected a whole number of seconds from 0 to 9, received the number 1000000',
    )
  })
})

describe('requireMethods', () => {
  test('takes an object that has them all, own or inherited', () => {
    class Store {
      get(): void {}
    }
    expect(() => requireMethods('store', new Store(), ['get'])).not.toThrow()
  })

  test.for([undefined, null, 7, 'get', {}, { get: 'get' }, { get() {} }])('refuses %s', (value) => {
    expect(() => requireMethods('store', value, ['get', 'insert'])).toThrow(
      /^store: expected an object with the methods get, insert, received /,
    )
  })
})

describe('optionalFlag', () => {
  test.for([true, false])('takes %s', (value) => {
    expect(optionalFlag('dpop', value)).toBe(value)
  })

  test('is false where nothing is named', () => {
    expect(optionalFlag('dpop', undefined)).toBe(false)
  })

  test.for(['true', 'false', '', 'yes', 0, 1, null, {}])('refuses %j', (value) => {
    expect(() => optionalFlag('dpop', value)).toThrow(/^dpop: expected true or false, received /)
  })
})

describe('listOf', () => {
  test.for([[], ['a'], ['b', 'a']])('takes a list of what is known', (value) => {
    expect(listOf('names', value, ['a', 'b'])).toEqual(value)
  })

  test('is empty where nothing is named', () => {
    expect(listOf('names', undefined, ['a'])).toEqual([])
  })

  test.for(['a', ['c'], ['a', 'c'], [undefined], null, new Set(['a'])])('refuses %s', (value) => {
    expect(() => listOf('names', value, ['a', 'b'])).toThrow(/^names: expected a list of some of a, b, received /)
  })
})

describe('requireText', () => {
  test('takes a text that is not empty', () => {
    expect(requireText('audience', 'api')).toBe('api')
  })

  test.for([undefined, null, '', 7, ['a'], {}])('refuses %j', (value) => {
    expect(() => requireText('audience', value)).toThrow(/^audience: expected a text that is not empty, received /)
  })
})

describe('optionalFunction', () => {
  test('takes a function, or nothing', () => {
    expect(() => optionalFunction('onEvent', undefined)).not.toThrow()
    expect(() => optionalFunction('onEvent', () => {})).not.toThrow()
  })

  test.for([null, 'log', {}, []])('refuses %j', (value) => {
    expect(() => optionalFunction('onEvent', value)).toThrow(/^onEvent: expected a function, received /)
  })
})

describe('expected', () => {
  test.for([
    [undefined, 'undefined'],
    [null, 'null'],
    [[], 'an array'],
    [{}, 'an object'],
    ['', 'an empty text'],
    ['hunter2', 'string'],
    [true, 'boolean'],
    [Symbol('s'), 'symbol'],
    [() => {}, 'function'],
  ] as const)('tells the type received and never the value: %s', ([value, type]) => {
    expect(expected('secret', 'x', value).message).toBe(`secret: expected x, received ${type}`)
  })
})
