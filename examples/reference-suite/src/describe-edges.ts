/** What a framework is easily left alone with: requests in odd forms, a start that fails, a stop under load. */
import { once } from 'node:events'
import { connect, createServer } from 'node:net'
import { setTimeout as delay } from 'node:timers/promises'
import { describe, expect, test } from 'vitest'
import { withProvider } from './app-process.ts'
import { newEmail, newPassword, openBrowser, signUp } from './browser.ts'
import type { Subject } from './describe-reference-app.ts'
import { sendRaw } from './raw-request.ts'

/** Registers the suites of the edges. */
export function describeEdges(subject: Subject): void {
  describeOddRequests(subject)
  describeOddForms(subject)
  describeWithoutIntrospection(subject)
  describeFailedStart(subject)
  describePageInOutage(subject)
  describeStopUnderLoad(subject)
}

function describeOddRequests({ app }: Subject): void {
  describe('a request in an odd form', () => {
    test.each(['OPTIONS *', 'GET *', 'GET me', 'FOO /me', 'GET /me/../..'])(
      'is answered, and is not our fault: %s',
      async (line) => {
        const { status } = await sendRaw(app(), `${line} HTTP/1.1`, 'Connection: close')
        expect(status).toBeGreaterThanOrEqual(200)
        expect(status).toBeLessThan(500)
      },
    )

    test('names the whole address: the path counts', async () => {
      const { status, body } = await sendRaw(app(), `GET ${app().origin}/me HTTP/1.1`, 'Connection: close')
      expect(status).toBe(401)
      expect(body).toContain('unauthenticated')
      for (const address of [app().origin, `${app().origin}?a=b`]) {
        expect((await sendRaw(app(), `GET ${address} HTTP/1.1`, 'Connection: close')).status, address).toBe(200)
      }
    })

    test.each(['x-middleware-prefetch', 'rsc', 'next-router-prefetch'])(
      'says %s: it is a request like any other',
      async (name) => {
        const visitor = openBrowser(app(), { [name]: '1' })
        expect((await visitor.get('/me')).status).toBe(401)
        expect((await visitor.request('PATCH', '/me')).status).toBe(405)
        expect((await visitor.get('/nope')).status).toBe(404)
      },
    )

    test.each(['websocket', 'h2c'])('offers another protocol, %s: it is answered in this one', async (protocol) => {
      const offer = ['Connection: upgrade, close', `Upgrade: ${protocol}`, 'Sec-WebSocket-Version: 13']
      expect((await sendRaw(app(), 'GET /me HTTP/1.1', ...offer)).status).toBe(401)
      expect((await sendRaw(app(), 'GET /healthz HTTP/1.1', ...offer)).status).toBe(200)
    })

    test('cannot be read by Node: the answer is an error like any other', async () => {
      for (const [line, expected] of [
        [`Cookie: a=${'a'.repeat(20_000)}`, 431],
        ['No Header: x', 400],
      ] as const) {
        const { status, head, body } = await sendRaw(app(), 'GET /me HTTP/1.1', 'Connection: close', line)
        expect([status, JSON.parse(body)]).toEqual([
          expected,
          { error: { code: 'invalid_request', message: expect.any(String) } },
        ])
        expect(head).toMatch(/^cache-control: no-store/im)
      }
    })

    test('is one of many on a connection: it is kept open for longer than proxies keep theirs', async () => {
      const { headers } = await openBrowser(app()).get('/healthz')
      expect(headers.get('keep-alive')).toBe('timeout=72')
    })

    test('asks what can be done: nothing where nothing is, and no cache keeps it elsewhere', async () => {
      const visitor = openBrowser(app())
      expect((await visitor.request('OPTIONS', '/nope')).status).toBe(404)
      for (const path of ['/me', '/cart', '/auth/sign-in', '/']) {
        const { status, headers } = await visitor.request('OPTIONS', path)
        expect([status, headers.get('cache-control')], path).toEqual([204, expect.stringContaining('no-store')])
      }
    })
  })
}

function describeOddForms({ app }: Subject): void {
  describe('a form for the page', () => {
    const type = 'multipart/form-data'
    test.each([
      ['no boundary', type, 'x'],
      ['no parts', `${type}; boundary=b`, 'x'],
      ['no end', `${type}; boundary=b`, '--b\r\nContent-Disposition: form-data; name="a"\r\n\r\n1'],
      [
        'too much',
        `${type}; boundary=b`,
        `--b\r\nContent-Disposition: form-data; name="a"\r\n\r\n${'x'.repeat(200_000)}`,
      ],
      ['nothing of a form', 'application/json', '{}'],
    ])('with %s is not our fault', async (_, contentType, raw) => {
      for (const path of ['/', '/nope']) {
        const headers = { 'content-type': contentType, accept: 'text/html' }
        const { status } = await openBrowser(app()).request('POST', path, { raw, headers })
        expect(status, path).toBeGreaterThanOrEqual(400)
        expect(status, path).toBeLessThan(500)
      }
    })
  })
}

function describeWithoutIntrospection({ starter }: Subject): void {
  describe('introspection that is not set up', () => {
    test('is an unknown path', async () => {
      const app = await starter.start({ INTROSPECTION_CLIENT: '', INTROSPECTION_SECRET: '' })
      for (const method of ['GET', 'POST', 'OPTIONS', 'DELETE']) {
        const { status, body } = await openBrowser(app).request(method, '/auth/token/introspect')
        expect([status, body], method).toEqual([404, { error: { code: 'not_found', message: expect.any(String) } }])
      }
      await app.stop()
    })
  })
}

function describeFailedStart({ app, starter }: Subject): void {
  describe('starting', () => {
    test('prints nothing else on standard output', () => {
      expect(app().output().stdout).toBe(`ready ${app().origin}\n`)
    })

    test.each([
      ['DATABASE_URL', { DATABASE_URL: 'postgres://127.0.0.1:9/x' }],
      ['DATABASE_URL', { DATABASE_URL: 'sqlite:/dev/null/x.db' }],
      ['REDIS_URL', { REDIS_URL: 'redis://127.0.0.1:9' }],
      ['REDIS_URL', { REDIS_URL: 'redis://127.0.0.1:6379/99999' }],
      ['IDP_ISSUER', { IDP_ISSUER: 'https://10.0.0.1' }],
    ])('ends with status 1 and one line that names %s when it is not there: %j', async (name, settings) => {
      const { status, stderr } = await starter.runToEnd(settings)
      expect([status, stderr.trim().split('\n')]).toEqual([1, [expect.stringContaining(name)]])
    })

    test.each(['PORT', 'IDP_PORT'])('ends with status 1 and one line when %s is taken', async (name) => {
      const taken = createServer().listen(0)
      await once(taken, 'listening')
      const address = taken.address()
      const port = String(typeof address === 'object' ? address?.port : 0)
      const { status, stderr } = await starter.runToEnd({ ...withProvider, [name]: port })
      taken.close()
      expect([status, stderr.trim().split('\n')]).toEqual([1, [expect.stringContaining(`${name}:`)]])
    })
  })
}

function describePageInOutage({ starter }: Subject): void {
  describe('GET / while the store is down', () => {
    test('is 503 with Retry-After for who is signed in, and keeps the cookie', async () => {
      const storage = await (await starter.storage()).openBreakable()
      const app = await starter.start(storage.settings)
      const { browser, email } = await signUp(app)
      const answer = await storage.whileDown(() => browser.get('/'))
      expect([answer.status, answer.cookies]).toEqual([503, []])
      expect(answer.headers.get('retry-after')).toMatch(/^\d+$/)
      expect(answer.headers.get('cache-control')).toContain('no-store')
      expect(answer.headers.get('content-type')).toContain('text/html')
      await expect.poll(async () => (await browser.get('/')).text).toContain(email)
      await app.stop()
    })
  })
}

function describeStopUnderLoad({ starter }: Subject): void {
  describe('stopping', () => {
    test('does not wait for a connection that never said anything', async () => {
      const app = await starter.start()
      const { port, hostname } = new URL(app.address)
      const silent = connect(Number(port), hostname)
      await once(silent, 'connect')
      const told = performance.now()
      expect(await app.stop()).toBe(0)
      expect(performance.now() - told).toBeLessThan(3000)
      silent.destroy()
    })
  })

  describe('stopping under load', () => {
    test.each([0, 100])('answers all that was sent %i ms before, and ends within 5 s', async (milliseconds) => {
      const app = await starter.start()
      const requests = Array.from({ length: 20 }, () =>
        openBrowser(app).post('/auth/sign-up', { email: newEmail(), password: newPassword() }),
      )
      await Promise.any([...requests, delay(milliseconds + 20)]) // time to send them
      const told = performance.now()
      const status = await app.stop()
      expect(performance.now() - told).toBeLessThan(5000)
      expect(status).toBe(0)
      expect((await Promise.all(requests)).map((answer) => answer.status)).toEqual(requests.map(() => 201))
    })
  })
}
