/** A store that does not answer. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type AppProcess, withProvider } from './app-process.ts'
import type { BreakableStorage } from './app-storage.ts'
import { newEmail, newPassword, openBrowser, signUp } from './browser.ts'
import type { Subject } from './describe-reference-app.ts'

/** Registers the suite of the outage. */
export function describeOutage({ starter }: Subject): void {
  let app: AppProcess
  let storage: BreakableStorage

  /** What the work found, once the app has come back by itself. */
  async function whileDown<T>(work: () => Promise<T>): Promise<T> {
    const found = await storage.whileDown(work)
    await expect.poll(async () => (await openBrowser(app).get('/healthz')).status, { timeout: 15_000 }).toBe(200)
    return found
  }

  describe('while the store is down', () => {
    beforeAll(async () => {
      storage = await (await starter.storage()).openBreakable()
      app = await starter.start({ ...storage.settings, ...withProvider })
    })
    afterAll(() => app.stop())

    test('what needs it is 503 unavailable with Retry-After, the cookie is kept, and it recovers by itself', async () => {
      const { browser, id } = await signUp(app)
      const answers = await whileDown(async () => [
        await browser.get('/me'),
        await browser.get('/sessions'),
        await browser.get('/cart'),
        await browser.put('/cart', { items: [] }),
        await browser.post('/auth/sign-out'),
        await browser.post('/auth/token'),
        await browser.get('/auth/oauth/idp'),
      ])
      for (const { status, code, headers, cookies } of answers) {
        expect([status, code, cookies]).toEqual([503, 'unavailable', []])
        expect(headers.get('retry-after')).toMatch(/^\d+$/)
      }
      expect((await browser.get('/me')).body).toMatchObject({ user: { id } })
    })

    test('nobody is signed in, and no attempt is counted', async () => {
      const { email, password } = await signUp(app)
      const sent = { email, password: 'wrong' }
      const answers = await whileDown(() =>
        Promise.all(Array.from({ length: 12 }, () => openBrowser(app).post('/auth/sign-in', sent))),
      )
      expect(new Set(answers.map(({ status }) => status))).toEqual(new Set([503]))
      expect((await openBrowser(app).post('/auth/sign-in', { email, password })).status).toBe(200)
    })

    test('a form of the page says when to come back, where there is one', async () => {
      const form = { email: newEmail(), password: newPassword() }
      const answer = await whileDown(() => openBrowser(app).request('POST', '/page/sign-in', { form }))
      // Server Actions of Next have no path of their own.
      expect([503, 404]).toContain(answer.status)
      expect(answer.headers.has('retry-after')).toBe(answer.status === 503)
    })

    test('a page that asks for nobody is served, and /healthz says so', async () => {
      const [page, health] = await whileDown(async () => [
        await openBrowser(app).get('/'),
        await openBrowser(app).get('/healthz'),
      ])
      expect(page?.status).toBe(200)
      expect([health?.status, health?.body]).toEqual([503, { status: 'unavailable' }])
      expect(health?.headers.get('retry-after')).toMatch(/^\d+$/)
      expect((await openBrowser(app).get('/healthz')).status).toBe(200)
    })
  })
}
