/** Paths and methods: what is there, what is not, and what changes nothing. */
import { request } from 'node:http'
import { describe, expect, test } from 'vitest'
import type { AppProcess } from './app-process.ts'
import { openBrowser, signUp } from './browser.ts'
import type { Subject } from './describe-reference-app.ts'
import { sendRaw } from './raw-request.ts'

const paths: readonly (readonly [path: string, ...methods: string[]])[] = [
  ['/', 'GET'],
  ['/healthz', 'GET'],
  ['/auth/sign-up', 'POST'],
  ['/auth/sign-in', 'POST'],
  ['/auth/sign-out', 'POST'],
  ['/auth/reauthenticate', 'POST'],
  ['/auth/change-password', 'POST'],
  ['/me', 'GET'],
  ['/sessions', 'GET', 'DELETE'],
  ['/sessions/some-id', 'DELETE'],
  ['/account', 'DELETE'],
  ['/cart', 'GET', 'PUT'],
  ['/auth/token', 'POST'],
  ['/auth/token/refresh', 'POST'],
  ['/auth/token/revoke', 'POST'],
  ['/auth/token/introspect', 'POST'],
  ['/api/profile', 'GET'],
  ['/.well-known/jwks.json', 'GET'],
  ['/auth/oauth/idp', 'GET'],
  ['/auth/oauth/idp/callback', 'GET', 'POST'],
  ['/api/upstream', 'GET'],
  ['/auth/backchannel-logout', 'POST'],
]

/** Registers the suites of routing. */
export function describeRouting(subject: Subject): void {
  describeMethods(subject)
  describeUnknown(subject)
  describeCaching(subject)
}

function describeMethods({ app }: Subject): void {
  describe('a method', () => {
    test.each(paths.map(([path, ...methods]) => [path, methods] as const))(
      'that %s does not have is 405, with those it has in Allow',
      async (path, methods) => {
        const method = methods.includes('DELETE') ? 'POST' : 'DELETE'
        const answer = await openBrowser(app()).request(method, path)
        expect(answer.status).toBe(405)
        const allowed = (answer.headers.get('allow') ?? '').split(/, */)
        expect(allowed).toEqual(expect.arrayContaining([...methods]))
        expect(allowed).not.toContain(method)
      },
    )

    test.each(['TRACE', 'PROPFIND', 'QUERY', 'PURGE'])(
      'that nobody has here, %s, is 405 everywhere',
      async (method) => {
        for (const [path, ...methods] of paths) {
          const { status, allow } = await send(app(), method, path)
          expect(status, path).toBe(405)
          expect(allow.split(/, */), path).toEqual(expect.arrayContaining([...methods]))
        }
      },
    )

    test('HEAD answers like GET, without a body', async () => {
      const { browser } = await signUp(app())
      const answer = await browser.request('HEAD', '/me')
      expect(answer.status).toBe(200)
      expect(answer.text).toBe('')
    })

    test.each(['HEAD', 'OPTIONS'])('%s changes nothing, whatever the path', async (method) => {
      const { browser } = await signUp(app())
      for (const [path] of paths.slice(1)) {
        const answer = await browser.request(method, path, { site: 'cross-site' })
        expect(answer.status).toBeLessThan(500)
        expect(answer.cookies.filter((line) => line.startsWith('session='))).toEqual([])
      }
      expect((await browser.get('/me')).status).toBe(200)
    })
  })
}

function describeUnknown({ app }: Subject): void {
  describe('an unknown path', () => {
    test('is 404 in JSON for a program', async () => {
      const answer = await openBrowser(app()).get('/nowhere', { headers: { accept: 'application/json' } })
      expect(answer.status).toBe(404)
      expect(answer.code).toBe('not_found')
    })

    test('is a page for a person', async () => {
      const accept = 'text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8'
      const answer = await openBrowser(app()).get('/nowhere', { headers: { accept } })
      expect(answer.status).toBe(404)
      expect(answer.headers.get('content-type')).toContain('text/html')
      expect(answer.text).toMatch(/<h1/)
    })

    test.each([
      ['application/json, text/html;q=0.5', false],
      ['text/html;q=0.1, application/json', false],
      ['text/html;q=0, */*', false],
      ['*/*', false],
      ['TEXT/HTML', true],
      ['application/json;q=0.1, text/html', true],
    ])('is what the visitor prefers: %s', async (accept, isPage) => {
      const { headers } = await openBrowser(app()).get('/nowhere', { headers: { accept } })
      expect(headers.get('content-type')?.includes('text/html')).toBe(isPage)
    })

    test('is 404 whatever is sent to it', async () => {
      for (const [type, raw] of [
        ['application/json', '{"a":1}'],
        ['application/json', '{'],
        ['text/plain', 'x'],
        ['multipart/form-data', 'x'],
      ] as const) {
        const answer = await openBrowser(app()).request('POST', '/nope', { raw, headers: { 'content-type': type } })
        expect([answer.status, answer.code], `${type} ${raw}`).toEqual([404, 'not_found'])
      }
    })

    test.each([
      ...['/ME', '/Me', '/me/', '/cart/', '/account/', '/auth/sign-out/', '/AUTH/SIGN-OUT'],
      ...['/sessions/', '/%6de', '/sessions/%41', '//me', '/me//'],
    ])('is one that differs from a known one in case, by a slash or by an escape: %s', async (path) => {
      const { browser } = await signUp(app())
      for (const method of ['GET', 'POST', 'DELETE', 'OPTIONS']) {
        const { status, headers } = await browser.request(method, path)
        expect([status, headers.get('cache-control')], method).toEqual([404, expect.stringContaining('no-store')])
      }
      expect((await browser.get('/me')).status).toBe(200)
    })

    test.each(['/./me', '/x/../me', '/me/.', '/me/..', '/../me', '/me/%2e'])(
      'is one with a dot segment, as no browser sends it: %s',
      async (path) => {
        const { status, head } = await sendRaw(app(), `GET ${path} HTTP/1.1`, 'Connection: close')
        expect([status, head]).toEqual([404, expect.stringMatching(/^cache-control: .*no-store/im)])
      },
    )

    test.each(['/sessions/%', '/me%'])('that cannot be read, %s, is answered as safely as any other', async (path) => {
      const { status, headers, code } = await openBrowser(app()).get(path)
      expect([400, 404]).toContain(status)
      expect(['invalid_request', 'not_found']).toContain(code)
      expect(headers.get('cache-control')).toContain('no-store')
    })

    test.each([
      '/%',
      '/%00',
      '/sessions/%E0%A4%A',
      '/sessions/%2e%2e%2f',
      '/..%c0%af',
      '/me/',
      '//me',
      '/?error[]=x',
      '/?%',
    ])('%s is not our fault', async (path) => {
      for (const method of ['GET', 'DELETE']) {
        const answer = await openBrowser(app()).request(method, path)
        expect(answer.status, `${method} ${path}`).toBeLessThan(500)
      }
    })
  })
}

/** Methods that `fetch` does not send. */
function send(app: AppProcess, method: string, path: string): Promise<{ status: number; allow: string }> {
  return new Promise((resolve, reject) => {
    const sent = request(`${app.address}${path}`, { method, agent: false }, (answer) => {
      answer.resume()
      resolve({ status: answer.statusCode ?? 0, allow: answer.headers.allow ?? '' })
    })
    sent.on('error', reject)
    sent.end()
  })
}

function describeCaching({ app }: Subject): void {
  describe('Cache-Control', () => {
    test.each(['/', '/me', '/sessions', '/cart', '/api/profile', '/api/upstream'])(
      'of %s is no-store, signed in or not',
      async (path) => {
        const { browser } = await signUp(app())
        for (const visitor of [browser, openBrowser(app())]) {
          expect((await visitor.get(path)).headers.get('cache-control')).toContain('no-store')
        }
      },
    )

    test('lets nobody be told that what they have is still good', async () => {
      const { browser } = await signUp(app())
      // Not by `fetch`, which would say beside it that it wants a fresh answer.
      const lines = ['Connection: close', 'If-None-Match: *', `Cookie: session=${browser.jar.get('session')}`]
      for (const path of ['/me', '/sessions', '/cart']) {
        expect((await sendRaw(app(), `GET ${path} HTTP/1.1`, ...lines)).status, path).toBe(200)
      }
    })

    test('of an answer that signs in, out or refuses is no-store', async () => {
      const { browser, email } = await signUp(app())
      for (const answer of [
        await browser.post('/auth/token'),
        await browser.post('/auth/token/refresh', { refresh_token: 'x' }),
        await browser.post('/auth/token/revoke', { token: 'x' }),
        await browser.post('/auth/sign-out'),
        await browser.post('/auth/sign-in', { email, password: 'wrong' }),
        await browser.delete('/account'),
      ]) {
        expect(answer.headers.get('cache-control')).toContain('no-store')
      }
    })
  })
}
