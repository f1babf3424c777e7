import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { ConfigError } from '../errors.js'
import { cookieNames, cookieValues, createCookie } from './cookie.js'
import { createCookieJar } from './cookie-jar.js'

const secure = createCookie('session', { secure: true, sameSite: 'lax' })
const plain = createCookie('session', { secure: false, sameSite: 'lax' })

describe('createCookie (RFC 6265bis)', () => {
  test('on https a cookie is __Host-, Secure, HttpOnly, Path=/ and has no Domain', () => {
    expect(secure.set('value', 60)).toBe('__Host-session=value; Max-Age=60; Path=/; HttpOnly; SameSite=Lax; Secure')
  })

  test('on http it has neither prefix nor Secure', () => {
    expect(plain.set('value', 60)).toBe('session=value; Max-Age=60; Path=/; HttpOnly; SameSite=Lax')
  })

  test('without an age it ends with the browser', () => {
    expect(secure.set('value', null)).not.toMatch(/max-age|expires/i)
  })

  test('deleting has the same attributes and no age', () => {
    expect(secure.delete()).toBe('__Host-session=; Max-Age=0; Path=/; HttpOnly; SameSite=Lax; Secure')
  })

  test.each(['', 'a b', 'a;b', 'a=b', 'ä', 'a\n'])('the name %j is a ConfigError', (name) => {
    expect(() => createCookie(name, { secure: true, sameSite: 'lax' })).toThrow(ConfigError)
  })

  test.each(['a;b', 'a b', 'a,b', 'a"b', 'a\\b', 'a\r\nSet-Cookie: x=y', 'ä', '\0'])(
    'the value %j is refused',
    (value) => {
      expect(() => secure.set(value, 1)).toThrow(TypeError)
    },
  )

  test('a cookie too long for browsers is refused, loudly', () => {
    expect(() => secure.set('x'.repeat(4097), 1)).toThrow(TypeError)
  })
})

describe('cookieValues', () => {
  test.each([
    [null, []],
    ['', []],
    ['session=a', ['a']],
    ['other=1; session=a; more=2', ['a']],
    ['session=a; session=b', ['a', 'b']],
    ['session=a; session=a', ['a']],
    ['  session = a  ', ['a']],
    ['session=', ['']],
    ['session', []],
    ['xsession=a; session2=b; Session=c', []],
    ['session=a=b=c', ['a=b=c']],
    [';;;=;session=a;', ['a']],
  ])('of %j are %j', (header, values) => {
    expect(cookieValues(header, 'session')).toEqual(values)
  })

  test.each(['\u00a0', '\ufeff', '\u2000', '\u000b', '\f', '\r', '\n', '\0'])(
    'of a name with %j before or after it are none: a subdomain may set that',
    (character) => {
      const header = `${character}session=a; session${character}=b; a=1`
      expect(cookieValues(header, 'session')).toEqual([])
      expect(cookieNames(`${character}a.1=x`, 'a.')).toEqual([])
    },
  )

  test('spaces and tabs around a name and a value are no part of them, others are', () => {
    expect(cookieValues('a=1;\t session \t=\t a\u00a0 ;b=2', 'session')).toEqual(['a\u00a0'])
  })

  test('twins are looked at up to a bound', () => {
    const header = Array.from({ length: 100 }, (_, index) => `session=${index}`).join('; ')
    expect(cookieValues(header, 'session')).toHaveLength(8)
  })

  test('never throw, whatever the header', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary', maxLength: 500 }), (header) => {
        for (const value of cookieValues(header, 'session')) expect(header).toContain(value)
      }),
      { numRuns: 2000 },
    )
  })
})

describe('cookieNames', () => {
  test('finds the names with a prefix, each once', () => {
    expect(cookieNames('a.1=x; b=y; a.2=z; a.1=w; a.3', 'a.')).toEqual(['a.1', 'a.2'])
  })
})

describe('createCookieJar', () => {
  test('names follow the origin and the option', () => {
    const https = createCookieJar({ origin: 'https://app.example' })
    expect([https.session.name, https.anonymous.name]).toEqual(['__Host-session', '__Host-anonymous'])
    const named = createCookieJar({ origin: 'http://localhost', cookieName: 'sid' })
    expect([named.session.name, named.anonymous.name]).toEqual(['sid', 'sid-anonymous'])
  })

  test.each([{ sameSite: 'none' }, { sameSite: 'Lax' }, { cookieName: 7 }, { cookieName: 'a b' }])(
    'refuses %j',
    (options) => {
      expect(() => createCookieJar({ origin: 'https://app.example', ...(options as object) })).toThrow(ConfigError)
    },
  )
})
