/** Requests that another site makes a browser send. */
import { describe, expect, test } from 'vitest'
import { newEmail, newPassword, openBrowser, type Sent, signUp } from './browser.ts'
import type { Subject } from './describe-reference-app.ts'

/** Registers the suites of the CSRF guard. */
export function describeCsrf(subject: Subject): void {
  describeWithCookie(subject)
  describeWithoutCookie(subject)
  describeUnguarded(subject)
}

const origins = (own: string): readonly (readonly [string, Sent])[] => [
  ['another site', { site: 'cross-site' }],
  ['a sibling site', { site: 'same-site' }],
  ['another site that names our origin', { site: 'cross-site', headers: { origin: own } }],
  ['another origin', { site: null, headers: { origin: 'https://elsewhere.example' } }],
  ['no origin', { site: null, headers: { origin: 'null' } }],
]

function describeWithCookie({ app }: Subject): void {
  const unsafe: readonly (readonly [method: string, path: string, json?: unknown])[] = [
    ['POST', '/auth/sign-out'],
    ['POST', '/auth/reauthenticate', { password: 'x' }],
    ['POST', '/auth/change-password', { currentPassword: 'x', newPassword: 'y' }],
    ['DELETE', '/sessions'],
    ['DELETE', '/sessions/AAAAAAAAAAAAAAAAAAAAAA'],
    ['DELETE', '/account'],
    ['PUT', '/cart', { items: ['planted'] }],
    ['POST', '/auth/token', {}],
    ['POST', '/auth/sign-in', { email: 'a@example.com', password: 'x' }],
    ['POST', '/auth/sign-up', { email: 'a@example.com', password: 'correct horse battery' }],
  ]

  describe('an unsafe request with our cookie', () => {
    test.each(unsafe.map((one) => [...one] as const))(
      '%s %s is refused from anywhere else, and does nothing',
      async (method, path, json) => {
        const { browser } = await signUp(app())
        const refused = [...origins(app().origin), ['nowhere', { site: null }] as const]
        for (const [from, sent] of refused) {
          const answer = await browser.request(method, path, { ...sent, ...(json === undefined ? {} : { json }) })
          expect([answer.status, answer.code, answer.cookies], from).toEqual([403, 'csrf_rejected', []])
        }
        expect((await browser.get('/me')).status).toBe(200)
        expect((await browser.get('/cart')).body).toEqual({ items: [] })
      },
    )

    test.each(unsafe.map((one) => [...one] as const))(
      '%s %s from another site is refused as such, whatever its body is',
      async (method, path) => {
        const { browser } = await signUp(app())
        const bodies: readonly Sent[] = [
          { raw: 'email=a', headers: { 'content-type': 'application/x-www-form-urlencoded' } },
          { raw: 'text', headers: { 'content-type': 'text/plain' } },
          { raw: '{', headers: { 'content-type': 'application/json' } },
          { json: {} },
          { json: [7] },
        ]
        for (const body of bodies) {
          const answer = await browser.request(method, path, { ...body, site: 'cross-site' })
          expect([answer.status, answer.code], JSON.stringify(body)).toEqual([403, 'csrf_rejected'])
        }
      },
    )

    test.each([
      ['Sec-Fetch-Site: none', { site: 'none' }],
      ['an Origin of ours, where there is no Sec-Fetch-Site', { site: null }],
    ] as const)('passes with %s', async (_, sent) => {
      const { browser } = await signUp(app())
      const headers = sent.site === null ? { origin: app().origin } : {}
      expect((await browser.request('POST', '/auth/sign-out', { ...sent, headers })).status).toBe(204)
    })

    test('that is dead or unknown counts all the same', async () => {
      for (const cookie of ['session=dead.cookie', 'session=', 'anonymous=x']) {
        const sent = { site: 'cross-site', headers: { cookie } } as const
        expect((await openBrowser(app()).request('POST', '/auth/sign-out', sent)).status, cookie).toBe(403)
      }
    })

    test('of an anonymous visitor counts too', async () => {
      const browser = openBrowser(app())
      await browser.put('/cart', { items: ['apple'] })
      const answer = await browser.request('PUT', '/cart', { json: { items: [] }, site: 'cross-site' })
      expect(answer.code).toBe('csrf_rejected')
      expect((await browser.get('/cart')).body).toEqual({ items: ['apple'] })
    })
  })
}

function describeWithoutCookie({ app }: Subject): void {
  describe('an unsafe request without a cookie', () => {
    test('that would set one is refused from anywhere else: nobody is signed in by another site', async () => {
      const { email, password } = await signUp(app())
      for (const [from, sent] of origins(app().origin)) {
        for (const [method, path, json] of [
          ['POST', '/auth/sign-in', { email, password }],
          ['POST', '/auth/sign-up', { email: newEmail(), password: newPassword() }],
          ['PUT', '/cart', { items: ['planted'] }],
        ] as const) {
          const answer = await openBrowser(app()).request(method, path, { ...sent, json })
          expect([answer.status, answer.code, answer.cookies], `${from} ${path}`).toEqual([403, 'csrf_rejected', []])
        }
      }
    })

    test.each(['/auth/sign-up', '/auth/sign-in', '/cart'])('to %s is refused so whatever its body is', async (path) => {
      const method = path === '/cart' ? 'PUT' : 'POST'
      const headers = { 'content-type': 'application/json' }
      for (const body of [{ raw: '{', headers }, {}, { raw: 'x', headers: { 'content-type': 'text/plain' } }]) {
        const answer = await openBrowser(app()).request(method, path, { ...body, site: 'cross-site' })
        expect([answer.status, answer.code], JSON.stringify(body)).toEqual([403, 'csrf_rejected'])
      }
    })

    test('that was refused at sign-up has made no account', async () => {
      const email = newEmail()
      const password = newPassword()
      await openBrowser(app()).request('POST', '/auth/sign-up', { json: { email, password }, site: 'cross-site' })
      expect((await openBrowser(app()).post('/auth/sign-up', { email, password })).status).toBe(201)
    })

    test('with neither header is no browser, and passes', async () => {
      const json = { email: newEmail(), password: newPassword() }
      expect((await openBrowser(app()).request('POST', '/auth/sign-up', { json, site: null })).status).toBe(201)
    })

    test('that would set none is answered as it would be anyway', async () => {
      const stranger = openBrowser(app())
      expect((await stranger.request('POST', '/auth/sign-out', { site: 'cross-site' })).status).toBe(204)
      expect((await stranger.request('DELETE', '/sessions', { site: 'cross-site' })).status).toBe(401)
      expect((await stranger.request('DELETE', '/account', { site: 'cross-site' })).status).toBe(401)
      expect((await stranger.request('POST', '/auth/token', { site: 'cross-site' })).status).toBe(401)
    })
  })
}

function describeUnguarded({ app }: Subject): void {
  describe('where no cookie speaks there is no guard', () => {
    test('for refreshing, revoking, introspecting and calling the API', async () => {
      const { browser } = await signUp(app())
      const { body } = await browser.post('/auth/token')
      const site = 'cross-site'
      const refreshed = await browser.request('POST', '/auth/token/refresh', {
        json: { refresh_token: body['refresh_token'] },
        site,
      })
      expect(refreshed.status).toBe(200)
      const bearer = { authorization: `Bearer ${String(body['access_token'])}` }
      expect((await browser.get('/api/profile', { headers: bearer, site })).status).toBe(200)
      const token = { token: String(body['refresh_token']) }
      expect((await browser.request('POST', '/auth/token/introspect', { form: token, site })).status).toBe(401)
      expect((await browser.request('POST', '/auth/token/revoke', { form: token, site })).status).toBe(200)
      expect((await browser.request('POST', '/auth/backchannel-logout', { form: token, site })).status).toBe(400)
    })
  })
}
