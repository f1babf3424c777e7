/** Session data: for visitors who are not signed in too, and kept when they are. */
import { describe, expect, test } from 'vitest'
import { type Answer, openBrowser, signUp } from './browser.ts'
import type { Subject } from './describe-reference-app.ts'

const etagOf = ({ headers }: Answer): string => headers.get('etag') ?? ''

/** Registers the suites of the cart. */
export function describeCart(subject: Subject): void {
  describeVersions(subject)
  describeVisitors(subject)
}

function describeVersions({ app }: Subject): void {
  describe('the version of a cart', () => {
    test('is an ETag that an empty cart has too, and that moves when the items do', async () => {
      const { browser } = await signUp(app())
      const empty = await browser.get('/cart')
      expect(empty.body).toEqual({ items: [] })
      expect(etagOf(empty)).toMatch(/^(W\/)?"[^"]+"$/)
      const full = await browser.put('/cart', { items: ['apple'] })
      expect([full.status, full.body]).toEqual([200, { items: ['apple'] }])
      expect(etagOf(full)).not.toBe(etagOf(empty))
      expect(etagOf(await browser.get('/cart'))).toBe(etagOf(full))
    })

    test('named in If-Match lets only that version be replaced: 409 conflict', async () => {
      const { browser } = await signUp(app())
      const first = etagOf(await browser.get('/cart'))
      const second = await browser.put('/cart', { items: ['apple'] }, { 'if-match': first })
      expect(second.status).toBe(200)
      const late = await browser.put('/cart', { items: ['pear'] }, { 'if-match': first })
      expect([late.status, late.code]).toEqual([409, 'conflict'])
      expect((await browser.get('/cart')).body).toEqual({ items: ['apple'] })
      const known = { 'if-match': `"other", ${etagOf(second)}` }
      expect((await browser.put('/cart', { items: ['pear'] }, known)).status).toBe(200)
      expect((await browser.put('/cart', { items: ['fig'] }, { 'if-match': '*' })).status).toBe(200)
    })

    test('named by ten at once lets one of them win', async () => {
      const { browser } = await signUp(app())
      const headers = { 'if-match': etagOf(await browser.get('/cart')) }
      const answers = await Promise.all(
        Array.from({ length: 10 }, (_, index) => browser.put('/cart', { items: [`item ${index}`] }, headers)),
      )
      expect(answers.filter(({ status }) => status === 200)).toHaveLength(1)
      expect(answers.filter(({ status }) => status === 409)).toHaveLength(9)
    })

    test('named by nobody lets the last of ten at once win, and none fail', async () => {
      const { browser } = await signUp(app())
      const carts = Array.from({ length: 10 }, (_, index) => [`item ${index}`])
      const answers = await Promise.all(carts.map((items) => browser.put('/cart', { items })))
      expect(new Set(answers.map(({ status }) => status))).toEqual(new Set([200]))
      expect(carts).toContainEqual((await browser.get('/cart')).body['items'])
    })

    test('of an anonymous visitor who has none yet is not made by a refusal', async () => {
      const browser = openBrowser(app())
      const answer = await browser.put('/cart', { items: ['apple'] }, { 'if-match': '"other"' })
      expect([answer.status, answer.cookies]).toEqual([409, []])
    })
  })
}

function describeVisitors({ app }: Subject): void {
  describe('the cart of an anonymous visitor', () => {
    test('travels under a cookie of its own, which is not a sign-in', async () => {
      const browser = openBrowser(app())
      expect((await browser.get('/cart')).cookies).toEqual([])
      const answer = await browser.put('/cart', { items: ['apple'] })
      expect(answer.cookies).toEqual([expect.stringMatching(/^anonymous=[^;]+;.*HttpOnly/)])
      expect((await browser.put('/cart', { items: ['apple', 'pear'] })).cookies).toEqual([])
      expect((await browser.get('/cart')).body).toEqual({ items: ['apple', 'pear'] })
      expect((await browser.get('/me')).status).toBe(401)
      expect((await openBrowser(app()).get('/cart')).body).toEqual({ items: [] })
    })

    test('carries over at sign-up, and the anonymous cookie is deleted', async () => {
      const browser = openBrowser(app())
      await browser.put('/cart', { items: ['apple'] })
      const anonymous = browser.jar.get('anonymous')
      await signUp(app(), browser)
      expect([...browser.jar.keys()]).toEqual(['session'])
      expect((await browser.get('/cart')).body).toEqual({ items: ['apple'] })
      const headers = { cookie: `anonymous=${anonymous}` }
      expect((await openBrowser(app()).get('/cart', { headers })).body).toEqual({ items: [] })
    })

    test('carries over at sign-in', async () => {
      const { email, password } = await signUp(app())
      const browser = openBrowser(app())
      await browser.put('/cart', { items: ['apple'] })
      await browser.post('/auth/sign-in', { email, password })
      expect((await browser.get('/cart')).body).toEqual({ items: ['apple'] })
    })

    test('is never somebody else’s: another user who signs in in this browser starts empty', async () => {
      const [one, other] = [await signUp(app()), await signUp(app())]
      await one.browser.put('/cart', { items: ['secret'] })
      await one.browser.post('/auth/sign-in', { email: other.email, password: other.password })
      expect((await one.browser.get('/cart')).body).toEqual({ items: [] })
      await one.browser.put('/cart', { items: ['mine'] })
      await one.browser.post('/auth/sign-out')
      expect((await one.browser.get('/cart')).body).toEqual({ items: [] })
    })

    test('of the same user stays when they sign in again in this browser', async () => {
      const { browser, email, password } = await signUp(app())
      await browser.put('/cart', { items: ['apple'] })
      await browser.post('/auth/sign-in', { email, password })
      expect((await browser.get('/cart')).body).toEqual({ items: ['apple'] })
    })
  })
}
