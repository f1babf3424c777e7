import { describe, expect, test } from 'vitest'
import { systemPlatform } from '../platform.js'
import { readBearer, readClient } from './bearer.js'
import { deviceLabel } from './device-label.js'

const request = (authorization?: string) =>
  new Request('https://app.example', authorization === undefined ? {} : { headers: { authorization } })
const basic = (text: string): string => `Basic ${Buffer.from(text).toString('base64')}`

describe('readBearer (RFC 6750 §2.1)', () => {
  test.each([
    [undefined, 'absent'],
    ['', 'absent'],
    ['Basic abc', 'absent'],
    ['Bearer', 'malformed'],
    ['Bearer a b', 'malformed'],
    ['Bearer a,b', 'malformed'],
    ['Bearer a, Bearer b', 'malformed'],
    [`Bearer ${'x'.repeat(40_000)}`, 'malformed'],
    ['Bearer abc', { token: 'abc', scheme: 'Bearer' }],
    ['DPoP abc', { token: 'abc', scheme: 'DPoP' }],
    ['DPoP', 'malformed'],
    ['DPoPx abc', 'absent'],
    ['bearer abc.def-_~+/==', { token: 'abc.def-_~+/==', scheme: 'Bearer' }],
  ])('%j is %j', (header, expected) => {
    expect(readBearer(request(header))).toEqual(expected)
  })
})

describe('readClient (RFC 6749 §2.3.1)', () => {
  const secrets = { service: 's3cret:with colon', 'id with space': 'x', empty: '' }
  const read = (header?: string) => readClient(systemPlatform, request(header), secrets)

  test('the right secret names the client, also form-encoded', () => {
    expect(read(basic('service:s3cret:with+colon'))).toBe('service')
    expect(read(basic('id+with+space:x'))).toBe('id with space')
  })

  test('it may come as it is, which most tools do', () => {
    const odd = { monitor: 's3cr:et%20+x', other: '100%' }
    for (const credentials of ['monitor:s3cr:et%20+x', 'monitor:s3cr%3Aet%2520%2Bx', 'other:100%', 'other:100%25']) {
      const [id] = credentials.split(':')
      expect(readClient(systemPlatform, request(basic(credentials)), odd), credentials).toBe(id)
    }
    expect(readClient(systemPlatform, request(basic('monitor:s3cr:et  x')), odd)).toBeNull()
  })

  test.each([
    undefined,
    '',
    'Bearer x',
    'Basic',
    'Basic !!!',
    basic('service'),
    basic(':'),
    basic('service:'),
    basic('service:wrong'),
    basic('other:x'),
    basic('empty:'),
    basic('__proto__:x'),
    basic('constructor:x'),
    basic('service:%zz'),
    `Basic ${'QQ'.repeat(40_000)}`,
  ])('%j is nobody', (header) => {
    expect(read(header)).toBeNull()
  })
})

describe('deviceLabel', () => {
  test.each([
    ['Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0', 'Firefox on Linux'],
    [
      'Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/142.0 Safari/537.36',
      'Chrome on Windows',
    ],
    ['Mozilla/5.0 (Windows NT 10.0) AppleWebKit/537.36 Chrome/142.0 Safari/537.36 Edg/142.0', 'Edge on Windows'],
    [
      'Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) HeadlessChrome/142.0.0.0 Safari/537.36',
      'Chrome on Linux',
    ],
    [
      'Mozilla/5.0 (Windows NT 10.0) AppleWebKit/537.36 HeadlessChrome/142.0 Safari/537.36 HeadlessEdg/142.0',
      'Edge on Windows',
    ],
    [
      'Mozilla/5.0 (iPhone; CPU iPhone OS 19_0 like Mac OS X) AppleWebKit/605 Version/19.0 Mobile Safari/604.1',
      'Safari on iPhone',
    ],
    [
      'Mozilla/5.0 (Linux; Android 16; Pixel 9) AppleWebKit/537.36 Chrome/142.0 Mobile Safari/537.36',
      'Chrome on Android',
    ],
    ['curl/8.5.0', 'curl'],
    ['<script>', 'Unknown device'],
    ['', 'Unknown device'],
    [null, 'Unknown device'],
  ])('%j is %s', (userAgent, label) => {
    expect(deviceLabel(userAgent)).toBe(label)
  })
})
