/** Guessing is slowed down. An app of its own, as all guesses come from one address. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { AppProcess } from './app-process.ts'
import { type Answer, newEmail, newPassword, openBrowser, signUp } from './browser.ts'
import type { Subject } from './describe-reference-app.ts'

/** Wrong without a doubt: nobody's password is longer, so no hash is made, and the suite does not take minutes. */
const wrong = 'x'.repeat(5000)

/** Registers the suite of the throttle. */
export function describeThrottle({ starter }: Subject): void {
  let app: AppProcess
  const guess = (email: string, password = wrong): Promise<Answer> =>
    openBrowser(app).post('/auth/sign-in', { email, password })
  const guesses = (email: string, times: number): Promise<Answer[]> =>
    Promise.all(Array.from({ length: times }, () => guess(email)))

  describe('after ten failures for an account from one address', () => {
    beforeAll(async () => {
      app = await starter.start()
    })
    afterAll(() => app.stop())

    test('even the right password is 429 too_many_attempts, with Retry-After, at once', async () => {
      const { email, password } = await signUp(app)
      const failures = await guesses(email, 10)
      expect(new Set(failures.map(({ status }) => status))).toEqual(new Set([401]))
      const answer = await guess(email, password)
      expect([answer.status, answer.code, answer.cookies]).toEqual([429, 'too_many_attempts', []])
      expect(Number(answer.headers.get('retry-after'))).toBeGreaterThan(800)
      expect(Number(answer.headers.get('retry-after'))).toBeLessThanOrEqual(900)
      expect((await guess(` ${email.toUpperCase()}`, password)).status).toBe(429)
    })

    test('an account that does not exist is treated the same', async () => {
      const email = newEmail()
      const answers = await guesses(email, 12)
      expect(answers.filter(({ status }) => status === 401)).toHaveLength(10)
      expect(answers.filter(({ status }) => status === 429)).toHaveLength(2)
    })

    test('another address that only a header names changes nothing', async () => {
      const email = newEmail()
      const statuses: number[] = []
      for (let last = 0; last < 11; last += 1) {
        const headers = { 'x-forwarded-for': `203.0.113.${last}`, forwarded: `for=203.0.113.${last}` }
        const sent = { json: { email, password: wrong }, headers }
        statuses.push((await openBrowser(app).request('POST', '/auth/sign-in', sent)).status)
      }
      expect(statuses.at(-1)).toBe(429)
    })

    test('other accounts are as they were', async () => {
      await guesses(newEmail(), 11)
      const { email, password } = await signUp(app)
      expect((await guess(email, password)).status).toBe(200)
    })

    test('success in between has cleared the count', async () => {
      const { email, password } = await signUp(app)
      for (let round = 0; round < 2; round += 1) {
        await guesses(email, 9)
        expect((await guess(email, password)).status).toBe(200)
      }
    })

    test('the same count covers reauthentication and the password change', async () => {
      const { browser, email, password } = await signUp(app)
      await guesses(email, 4)
      for (let times = 0; times < 3; times += 1) {
        await browser.post('/auth/reauthenticate', { password: wrong })
        await browser.post('/auth/change-password', { currentPassword: wrong, newPassword: newPassword() })
      }
      expect((await browser.post('/auth/reauthenticate', { password })).status).toBe(429)
      const change = { currentPassword: password, newPassword: newPassword() }
      expect((await browser.post('/auth/change-password', change)).status).toBe(429)
      expect((await guess(email, password)).status).toBe(429)
      expect((await browser.get('/me')).status).toBe(200)
    })

    test('a request that the guard refused has counted nothing', async () => {
      const { email, password } = await signUp(app)
      for (let times = 0; times < 12; times += 1) {
        const sent = { json: { email, password: wrong }, site: 'cross-site' } as const
        await openBrowser(app).request('POST', '/auth/sign-in', sent)
      }
      expect((await guess(email, password)).status).toBe(200)
    })
  })

  describe('after a hundred failures from one address', () => {
    test('every account is 429 from there', async () => {
      const own = await starter.start()
      const { email, password } = await signUp(own)
      for (let account = 0; account < 10; account += 1) {
        const target = newEmail()
        await Promise.all(
          Array.from({ length: 10 }, () => openBrowser(own).post('/auth/sign-in', { email: target, password: wrong })),
        )
      }
      expect((await openBrowser(own).post('/auth/sign-in', { email, password })).status).toBe(429)
      await own.stop()
    })
  })
}
