import { fileURLToPath } from 'node:url'
import { type AppProcess, createStarter, openBrowser } from '@tessera-auth/reference-suite'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'

const cwd = fileURLToPath(new URL('..', import.meta.url))
const starter = createStarter({ program: process.execPath, args: ['src/server.ts'], cwd })
let app: AppProcess

beforeAll(async () => {
  app = await starter.start()
})
afterAll(() => starter.clear())

describe('a path that Next would redirect, or take for another', () => {
  test.each(['/me/', '//me', '/%6de', '/sessions/%61', '/auth//sign-in', '/me/?a=b'])(
    '%s is unknown, and kept by no cache',
    async (path) => {
      const visitor = openBrowser(app)
      const program = await visitor.get(path)
      expect([program.status, program.code]).toEqual([404, 'not_found'])
      expect(program.headers.get('cache-control')).toContain('no-store')
      const person = await visitor.get(path, { headers: { accept: 'text/html' } })
      expect([person.status, person.headers.get('content-type')]).toEqual([404, expect.stringContaining('text/html')])
      expect(person.headers.get('cache-control')).toContain('no-store')
    },
  )
})

describe('the page that says so', () => {
  test('has the nonce of its own policy on every script', async () => {
    const { headers, text } = await openBrowser(app).get('/nope', { headers: { accept: 'text/html' } })
    const nonce = /'nonce-([^']+)'/.exec(headers.get('content-security-policy') ?? '')?.[1] ?? 'none'
    const scripts = text.match(/<script\b[^>]*>/g) ?? []
    expect(scripts.filter((script) => !script.includes(`nonce="${nonce}"`))).toEqual([])
  })
})

describe('a request of another site that would be given a cookie', () => {
  test.each([
    ['POST', '/auth/sign-in'],
    ['POST', '/auth/sign-up'],
    ['PUT', '/cart'],
  ])('%s %s is refused as such, whatever its body is', async (method, path) => {
    const headers = { 'content-type': 'application/json' }
    for (const raw of ['{', '{}', '[]']) {
      const answer = await openBrowser(app).request(method, path, { raw, headers, site: 'cross-site' })
      expect([answer.status, answer.code]).toEqual([403, 'csrf_rejected'])
    }
  })
})

describe('what only says that it comes from the page', () => {
  test('is refused, and is not our fault', async () => {
    const visitor = openBrowser(app)
    const action = /quot;id&quot;:&quot;([0-9a-f]+)/.exec((await visitor.get('/')).text)?.[1] ?? ''
    expect(action).not.toBe('')
    const boundary = 'multipart/form-data; boundary=b'
    const part = (name: string, value: string) =>
      `--b\r\nContent-Disposition: form-data; name="${name}"\r\n\r\n${value}\r\n`
    const reference = part('$ACTION_REF_1', '') + part('$ACTION_1:0', `{"id":"${action}","bound":"$@1"}`)
    for (const [raw, headers] of [
      ['x', { 'next-action': action, 'content-type': 'multipart/form-data' }],
      ['x', { 'next-action': action, 'content-type': 'text/plain' }],
      ['x'.repeat(200_000), { 'next-action': action, 'content-type': 'text/plain' }],
      [`${reference}${part('$ACTION_1:1', 'x')}--b--`, { 'content-type': boundary }],
      [`${part(`$ACTION_ID_${action}`, '')}--b--`, { 'content-type': boundary }],
    ] as const) {
      const { status } = await visitor.request('POST', '/', { raw, headers })
      expect(status, JSON.stringify(headers)).toBeLessThan(500)
    }
    const headers = { rsc: '1', 'next-router-state-tree': 'x', accept: 'text/html' }
    expect((await visitor.get('/', { headers })).status).toBeLessThan(500)
    expect((await visitor.get('/nope', { headers })).status).toBe(404)
  })
})

describe('a form of the page', () => {
  test('is the page’s, whatever host a proxy asks for: the origin is configured', async () => {
    const shop = await starter.start({ ORIGIN: 'https://shop.example' })
    const page = await openBrowser(shop).get('/')
    const action = /quot;id&quot;:&quot;([0-9a-f]+)/.exec(page.text)?.[1] ?? ''
    const field = (name: string, value: string) =>
      `--parts\r\nContent-Disposition: form-data; name="${name}"\r\n\r\n${value}\r\n`
    const state = field('$ACTION_REF_1', '') + field('$ACTION_1:0', `{"id":"${action}","bound":"$@1"}`)
    const raw = `${state}${field('$ACTION_1:1', '[null]')}--parts--\r\n`
    const headers = { 'content-type': 'multipart/form-data; boundary=parts' }
    // Its answer is the page again, with what is missing: the action ran.
    expect((await openBrowser(shop).request('POST', '/', { raw, headers })).status).toBe(200)
    expect(page.headers.get('strict-transport-security')).toBe('max-age=31536000')
    await shop.stop()
  })
})

describe('what Node cannot read', () => {
  test('is answered with an error in our form', async () => {
    const answer = await openBrowser(app).get('/me', { headers: { cookie: `a=${'a'.repeat(20_000)}` } })
    expect([answer.status, answer.code]).toEqual([431, 'invalid_request'])
  })
})
