/** Bodies: what is taken, and that nothing a client can send is our fault. */
import { gzipSync } from 'node:zlib'
import { describe, expect, test } from 'vitest'
import { newEmail, newPassword, openBrowser, type Sent, signUp } from './browser.ts'
import type { Subject } from './describe-reference-app.ts'
import { sendRawBody } from './raw-request.ts'

const json = { 'content-type': 'application/json' }

/** Registers the suites of bodies. */
export function describeBodies(subject: Subject): void {
  describeTypes(subject)
  describeRefusals(subject)
  describeHostile(subject)
}

function describeTypes({ app }: Subject): void {
  const credentials = (): string => JSON.stringify({ email: newEmail(), password: newPassword() })

  describe('a body', () => {
    test.each([
      ['a form', { 'content-type': 'application/x-www-form-urlencoded' }],
      ['plain text', { 'content-type': 'text/plain' }],
      ['another JSON', { 'content-type': 'text/json' }],
      ['a type that is none', { 'content-type': 'json' }],
    ])('of the wrong type, %s, is 415', async (_, headers) => {
      const answer = await openBrowser(app()).request('POST', '/auth/sign-up', { raw: credentials(), headers })
      expect(answer.status).toBe(415)
      expect(answer.code).toEqual(expect.any(String))
    })

    test('in another character set is 415', async () => {
      const headers = { 'content-type': 'application/json; charset=latin1' }
      const answer = await openBrowser(app()).request('POST', '/auth/sign-up', { raw: credentials(), headers })
      expect(answer.status).toBe(415)
    })

    test.each(['charset=utf-8', 'charset="UTF-8"', 'charset=utf8', 'charset='])(
      'of JSON with the parameter %s is taken',
      async (parameter) => {
        const headers = { 'content-type': `application/json; ${parameter}` }
        const answer = await openBrowser(app()).request('POST', '/auth/sign-up', { raw: credentials(), headers })
        expect(answer.status).toBe(201)
      },
    )

    test('that is a form in another character set is 415, and in UTF-8 by either name it is taken', async () => {
      for (const [charset, status] of [
        ['latin1', 415],
        ['iso-8859-1', 415],
        ['utf8', 200],
        ['utf-8', 200],
      ] as const) {
        const headers = { 'content-type': `application/x-www-form-urlencoded; charset=${charset}` }
        const answer = await openBrowser(app()).request('POST', '/auth/token/revoke', { raw: 'token=x', headers })
        expect(answer.status, charset).toBe(status)
      }
    })

    test('that is compressed, or says so, is 415', async () => {
      const headers = { ...json, 'content-encoding': 'gzip' }
      for (const raw of [gzipSync(credentials()), credentials()]) {
        const answer = await openBrowser(app()).request('POST', '/auth/sign-up', { raw, headers })
        expect(answer.status).toBe(415)
      }
    })

    test('that is not there needs no type', async () => {
      expect((await openBrowser(app()).request('POST', '/auth/sign-out')).status).toBe(204)
    })

    test.each(['application/json', 'text/plain', 'application/x-www-form-urlencoded'])(
      'that is not there may name any type: %s',
      async (type) => {
        const { browser } = await signUp(app())
        for (const [method, path, status] of [
          ['DELETE', '/sessions', 200],
          ['DELETE', '/sessions/AAAAAAAAAAAAAAAAAAAAAA', 404],
          ['POST', '/auth/token', 200],
          ['POST', '/auth/sign-out', 204],
        ] as const) {
          const answer = await browser.request(method, path, { headers: { 'content-type': type } })
          expect(answer.status, path).toBe(status)
        }
      },
    )

    test('over 64 KiB is 413, one below is read', async () => {
      const filled = (length: number): Sent => ({ raw: `{"pad":"${'x'.repeat(length - 10)}"}`, headers: json })
      expect((await openBrowser(app()).request('POST', '/auth/sign-in', filled(65_537))).status).toBe(413)
      expect((await openBrowser(app()).request('POST', '/auth/sign-in', filled(65_536))).status).toBe(400)
    })
  })
}

function describeRefusals({ app }: Subject): void {
  describe('a body that is refused', () => {
    test.each(['{', '', 'undefined', '{"email":}', '"text"', 'null', '7', '[]', '{} {}'])('is 400: %s', async (raw) => {
      const answer = await openBrowser(app()).request('POST', '/auth/sign-in', { raw, headers: json })
      expect(answer.status).toBe(400)
      expect(answer.code).toBe('invalid_request')
    })

    test.each([
      ['POST', '/auth/token'],
      ['POST', '/auth/token/refresh'],
      ['POST', '/auth/token/revoke'],
      ['POST', '/auth/sign-out'],
      ['POST', '/auth/reauthenticate'],
      ['POST', '/auth/change-password'],
      ['PUT', '/cart'],
      ['DELETE', '/sessions'],
      ['DELETE', '/account'],
    ])('is no object: 400 at %s %s, and nothing happens', async (method, path) => {
      const { browser } = await signUp(app())
      for (const raw of ['[{"scope":"profile"}]', '[]', '"profile"', 'null', '7', 'true']) {
        const answer = await browser.request(method, path, { raw, headers: json })
        expect([answer.status, answer.code], raw).toEqual([400, 'invalid_request'])
      }
      expect((await browser.get('/me')).status).toBe(200)
    })

    test('is empty, though it says that it is JSON: 400', async () => {
      const { browser } = await signUp(app())
      const lines = [
        'POST /auth/token HTTP/1.1',
        'Connection: close',
        'Sec-Fetch-Site: same-origin',
        `Cookie: session=${browser.jar.get('session')}`,
        'Content-Type: application/json',
        'Transfer-Encoding: chunked',
      ]
      const answer = await sendRawBody(app(), lines, '0\r\n\r\n')
      expect([answer.status, answer.body]).toEqual([400, expect.stringContaining('"invalid_request"')])
    })

    test('has a field of an odd name: it is a field like any other', async () => {
      const { browser } = await signUp(app())
      const raw = '{"__proto__":{"scope":"x"},"constructor":{"prototype":{}}}'
      const answer = await browser.request('POST', '/auth/token', { raw, headers: json })
      expect([answer.status, answer.body['scope']]).toEqual([200, 'profile orders:read'])
    })

    const wrong = [undefined, null, 7, true, ['a@example.com'], { a: 1 }, []]
    test.each(['email', 'password'])('has a %s that is missing or no text: 400', async (field) => {
      for (const path of ['/auth/sign-up', '/auth/sign-in']) {
        for (const value of wrong) {
          const fields = { email: newEmail(), password: newPassword(), [field]: value }
          const answer = await openBrowser(app()).post(path, fields)
          expect([answer.status, answer.code], `${path} ${JSON.stringify(fields)}`).toEqual([400, 'invalid_request'])
        }
      }
    })

    test.each([['yes'], [1], [null], [[]]])('has a remember that is no yes or no: 400', async (remember) => {
      const { email, password } = await signUp(app())
      const answer = await openBrowser(app()).post('/auth/sign-in', { email, password, remember })
      expect([answer.status, answer.cookies.length]).toEqual([400, 0])
    })

    test.each(['/auth/reauthenticate', '/auth/change-password', '/cart', '/auth/token/refresh', '/auth/token/revoke'])(
      'lacks what %s needs: 400',
      async (path) => {
        const { browser } = await signUp(app())
        const method = path === '/cart' ? 'PUT' : 'POST'
        for (const body of [{}, { password: 7, currentPassword: [], items: 'x', refresh_token: {}, token: null }]) {
          const answer = await browser.request(method, path, { json: body })
          expect([answer.status, answer.code]).toEqual([400, 'invalid_request'])
        }
      },
    )

    test('has an address that is none: 400 at sign-up', async () => {
      for (const email of ['', 'ada', '@example.com', 'ada@', 'a b@example.com', 'a@b@example.com', 'ada@example']) {
        const answer = await openBrowser(app()).post('/auth/sign-up', { email, password: newPassword() })
        expect(answer.status, email).toBe(400)
      }
    })
  })
}

function describeHostile({ app }: Subject): void {
  const texts = [
    'a\u0000@example.com',
    '\ud800@example.com',
    'ﷺ'.repeat(500),
    '__proto__',
    "' or 1=1 --",
    '\u202e@example.com',
  ]
  const bodies = [
    '{"email":"a@example.com","email":"b@example.com","password":"x","password":["y"]}',
    '{"__proto__":{"email":"a@example.com"},"constructor":{"prototype":{"password":"x"}}}',
    `{"email":${'9'.repeat(5000)},"password":1e999}`,
    `{"email":${'['.repeat(20_000)}${']'.repeat(20_000)}}`,
    `{"a":${'{"a":'.repeat(10_000)}1${'}'.repeat(10_000)}}`,
    '{"email":"\\ud800","password":"\\udfff"}',
    '\ufeff{"email":"a@example.com","password":"x"}',
  ]

  describe('whatever a client sends', () => {
    test('as an address or a password, it is answered and is not our fault', async () => {
      for (const text of texts) {
        for (const path of ['/auth/sign-up', '/auth/sign-in']) {
          for (const fields of [
            { email: text, password: newPassword() },
            { email: newEmail(), password: text },
          ]) {
            const answer = await openBrowser(app()).post(path, fields)
            expect(answer.status, `${path} ${JSON.stringify(fields)}`).toBeLessThan(500)
          }
        }
      }
    })

    test('as JSON, it is answered and is not our fault', async () => {
      for (const raw of bodies) {
        const answer = await openBrowser(app()).request('POST', '/auth/sign-up', { raw, headers: json })
        expect(answer.status, raw.slice(0, 60)).toBeGreaterThanOrEqual(400)
        expect(answer.status, raw.slice(0, 60)).toBeLessThan(500)
      }
    })

    test('as compressed bodies, it is answered and is not our fault', async () => {
      for (const encoding of ['gzip', 'br', 'compress', 'x']) {
        const sent = { raw: 'not compressed', headers: { ...json, 'content-encoding': encoding } }
        const answer = await openBrowser(app()).request('POST', '/auth/sign-in', sent)
        expect([400, 415], encoding).toContain(answer.status)
      }
    })

    test('as items of a cart, they come back as they were', async () => {
      const browser = openBrowser(app())
      const items = ['\u0000', '\ud800', '😀', '</script>', '', 'x'.repeat(1000)]
      expect((await browser.put('/cart', { items })).status).toBe(200)
      expect((await browser.get('/cart')).body).toEqual({ items })
    })
  })
}
