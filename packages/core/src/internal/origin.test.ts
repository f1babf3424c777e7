import { describe, expect, test } from 'vitest'
import { ConfigError } from '../errors.js'
import { checkOrigin, isLoopbackHost } from './origin.js'

describe('checkOrigin', () => {
  test.for([
    ['https://app.example', 'https://app.example'],
    ['https://app.example/', 'https://app.example'],
    ['https://APP.example', 'https://app.example'],
    ['https://app.example:443', 'https://app.example'],
    ['https://app.example:8443', 'https://app.example:8443'],
    ['https://bücher.example', 'https://xn--bcher-kva.example'],
    ['http://localhost:3000', 'http://localhost:3000'],
    ['http://app.localhost:3000', 'http://app.localhost:3000'],
    ['http://127.0.0.1:3000', 'http://127.0.0.1:3000'],
    ['http://[::1]:3000', 'http://[::1]:3000'],
  ] as const)('takes %s, and writes it as browsers do', ([given, origin]) => {
    expect(checkOrigin('origin', given)).toBe(origin)
  })

  test.for([
    undefined,
    null,
    3000,
    new URL('https://app.example'),
    '',
    'app.example',
    '//app.example',
    'https://',
    'http://app.example',
    'http://10.0.0.1',
    'http://127.0.0.1.evil.example',
    'http://localhost.evil.example',
    'http://0.0.0.0:3000',
    'ftp://app.example',
    'null',
    'javascript:alert(1)',
    'https://app.example/path',
    'https://app.example?',
    'https://app.example#',
    'https://user@app.example',
    'https://user:password@app.example',
    'https://app.example, https://evil.example',
    'https://*.app.example/*',
  ])('refuses %j', (given) => {
    expect(() => checkOrigin('origin', given)).toThrow(ConfigError)
  })

  test('names the option, and never the value', () => {
    const given = 'https://user:hunter2@app.example'
    expect(() => checkOrigin('trustedOrigins', given)).toThrow(/^trustedOrigins: expected an origin such as/)
    expect(() => checkOrigin('trustedOrigins', given)).not.toThrow(/hunter2/)
  })
})

describe('isLoopbackHost', () => {
  test.for(['localhost', 'a.localhost', '127.0.0.1', '127.255.255.254', '[::1]'])('takes %s', (host) => {
    expect(isLoopbackHost(host)).toBe(true)
  })

  test.for([
    '',
    'localhost.',
    'notlocalhost',
    '.localhost',
    '128.0.0.1',
    '127.0.0',
    '::1',
    '[::]',
    '[::1].evil.example',
  ])('refuses %j', (host) => {
    expect(isLoopbackHost(host)).toBe(false)
  })
})
