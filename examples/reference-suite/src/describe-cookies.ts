/** Cookies: their names, their attributes, and which answers may carry them. */
import { describe, expect, test } from 'vitest'
import { openBrowser, signInElsewhere, signUp } from './browser.ts'
import type { Subject } from './describe-reference-app.ts'

/** Registers the suites of cookies. */
export function describeCookies(subject: Subject): void {
  describeAttributes(subject)
  describeAnswers(subject)
}

function attributesOf(line: string | undefined): string[] {
  return (line ?? '').split('; ').slice(1).toSorted()
}

function describeAttributes({ app, starter }: Subject): void {
  describe('the session cookie', () => {
    test('is HttpOnly, SameSite=Lax, Path=/ and not Secure on a loopback origin, with a Max-Age', async () => {
      const { email, password } = await signUp(app())
      const { cookies } = await openBrowser(app()).post('/auth/sign-in', { email, password })
      expect(cookies).toHaveLength(1)
      expect(cookies[0]).toMatch(/^session=/)
      expect(attributesOf(cookies[0])).toEqual(['HttpOnly', 'Max-Age=2592000', 'Path=/', 'SameSite=Lax'])
    })

    test('has no Max-Age when it is not to be remembered, after a rotation either', async () => {
      const { email, password } = await signUp(app())
      const browser = openBrowser(app())
      const signedIn = await browser.post('/auth/sign-in', { email, password, remember: false })
      const rotated = await browser.post('/auth/reauthenticate', { password })
      for (const { cookies } of [signedIn, rotated]) {
        expect(attributesOf(cookies[0])).toEqual(['HttpOnly', 'Path=/', 'SameSite=Lax'])
      }
    })

    test('is __Host-session and Secure on an https origin, the anonymous one likewise', async () => {
      const secure = await starter.start({ ORIGIN: 'https://app.example' })
      const browser = openBrowser(secure)
      const visit = await browser.put('/cart', { items: ['apple'] })
      expect(visit.cookies[0]).toMatch(/^__Host-anonymous=/)
      await signUp(secure, browser)
      expect([...browser.jar.keys()]).toEqual(['__Host-session'])
      const { cookies } = await browser.post('/auth/sign-out')
      expect(cookies[0]).toMatch(/^__Host-session=;/)
      for (const line of [visit.cookies[0], cookies[0]]) expect(attributesOf(line)).toContain('Secure')
      await secure.stop()
    })
  })
}

function describeAnswers({ app }: Subject): void {
  describe('Set-Cookie', () => {
    test('is on no ordinary answer', async () => {
      const { browser } = await signUp(app())
      for (const path of ['/', '/me', '/sessions', '/cart', '/api/profile', '/healthz', '/nowhere']) {
        expect((await browser.get(path)).cookies, path).toEqual([])
      }
      expect((await browser.put('/cart', { items: ['apple'] })).cookies).toEqual([])
      expect((await browser.post('/auth/token')).cookies).toEqual([])
      expect((await browser.delete('/sessions')).cookies).toEqual([])
    })

    test('is on no refusal: a cookie that is no longer good is not deleted', async () => {
      const person = await signUp(app())
      const elsewhere = await signInElsewhere(app(), person)
      await elsewhere.delete('/sessions')
      for (const path of ['/', '/me', '/sessions', '/cart']) {
        expect((await person.browser.get(path)).cookies, path).toEqual([])
      }
      expect(person.browser.jar.has('session')).toBe(true)
    })

    test('is on no sign-in that failed', async () => {
      const { email } = await signUp(app())
      expect((await openBrowser(app()).post('/auth/sign-in', { email, password: 'wrong' })).cookies).toEqual([])
    })

    test('finds the good cookie among planted twins', async () => {
      const { browser, id } = await signUp(app())
      const cookie = `session=planted; session=${browser.jar.get('session')}; session=x.y`
      expect((await openBrowser(app()).get('/me', { headers: { cookie } })).body).toMatchObject({ user: { id } })
    })
  })
}
