/** The app on another database, or with Redis: what could differ there, and what happens when the wire to it is cut. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type AppCommand, type AppProcess, createStarter } from './app-process.ts'
import { type Answer, newEmail, newPassword, openBrowser, signInElsewhere, signUp } from './browser.ts'
import { openTcpProxy, type TcpProxy } from './tcp-proxy.ts'

/** A server, with a database that is empty and the test's own. */
export interface OpenedStorage {
  readonly variable: 'DATABASE_URL' | 'REDIS_URL'
  readonly url: string
  readonly usualPort: number
  /** Removes what `open` made. */
  close(): Promise<void>
}

interface Context {
  app(): AppProcess
  wire(): TcpProxy
}

/** Registers the suite of the reference app on one kind of storage. */
export function describeReferenceAppOn(name: string, command: AppCommand, open: () => Promise<OpenedStorage>): void {
  describe(`Reference app: ${name}`, () => {
    const starter = createStarter(command)
    let storage: OpenedStorage | undefined
    let wire: TcpProxy | undefined
    let app: AppProcess | undefined
    beforeAll(async () => {
      storage = await open()
      wire = await openTcpProxy(storage.url, storage.usualPort)
      app = await starter.start({ [storage.variable]: wire.url })
    })
    afterAll(async () => {
      await starter.clear()
      await wire?.close()
      await storage?.close()
    })
    const opened = <T>(part: T | undefined): T => {
      if (part === undefined) throw new Error(`${name} is not open`)
      return part
    }
    const context: Context = { app: () => opened(app), wire: () => opened(wire) }
    describeUse(context)
    describeCut(context)
  })
}

function describeUse({ app }: Context): void {
  describe('everything is kept there', () => {
    test('an account, its sessions, its cart and its tokens, from sign-up to removal', async () => {
      const person = await signUp(app())
      await person.browser.put('/cart', { items: ['apple', '\u0000', '😀'] })
      const elsewhere = await signInElsewhere(app(), person)
      expect((await elsewhere.get('/sessions')).body).toMatchObject({ sessions: [{}, {}] })
      const { body } = await person.browser.post('/auth/token')
      const chosen = newPassword()
      const change = { currentPassword: person.password, newPassword: chosen }
      expect((await person.browser.post('/auth/change-password', change)).status).toBe(204)
      expect((await elsewhere.get('/me')).status).toBe(401)
      expect((await person.browser.get('/cart')).body).toEqual({ items: ['apple', '\u0000', '😀'] })
      const refresh = { refresh_token: body['refresh_token'] }
      expect((await elsewhere.post('/auth/token/refresh', refresh)).code).toBe('invalid_grant')
      expect((await person.browser.delete('/account')).status).toBe(204)
      const { email } = person
      expect((await openBrowser(app()).post('/auth/sign-in', { email, password: chosen })).status).toBe(401)
    })

    test('one address for one user, in any case, however many come at once', async () => {
      const email = newEmail()
      const answers = await Promise.all(
        Array.from({ length: 20 }, (_, index) =>
          openBrowser(app()).post('/auth/sign-up', {
            email: index % 2 === 0 ? email : email.toUpperCase(),
            password: newPassword(),
          }),
        ),
      )
      expect(answers.map(({ status }) => status).toSorted()).toEqual([201, ...answers.slice(1).map(() => 409)])
    })

    test('whatever is typed as an address is answered, and is not our fault', async () => {
      for (const email of [
        'a\u0000@example.com',
        '\ud800@example.com',
        '😀@example.com',
        'é@example.com',
        'ﷺ'.repeat(400),
      ]) {
        for (const path of ['/auth/sign-in', '/auth/sign-up']) {
          const answer = await openBrowser(app()).post(path, { email, password: newPassword() })
          expect(answer.status, `${path} ${JSON.stringify(email)}`).toBeLessThan(500)
        }
      }
    })
  })
}

function describeCut({ app, wire }: Context): void {
  describe('when the wire is cut', () => {
    test('the answer is 503 in time, the cookie is kept, /healthz says so, and all comes back by itself', async () => {
      const { browser, id } = await signUp(app())
      wire().cut()
      const refused: Answer[] = [await browser.post('/auth/sign-out'), await browser.get('/me')]
      const health = await browser.get('/healthz')
      wire().mend()
      for (const { status, code, headers, cookies } of refused) {
        expect([status, code, cookies]).toEqual([503, 'unavailable', []])
        expect(headers.get('retry-after')).toMatch(/^\d+$/)
      }
      expect(health.status).toBe(503)
      await expect.poll(async () => (await browser.get('/me')).status, { timeout: 15_000 }).toBe(200)
      expect((await browser.get('/me')).body).toMatchObject({ user: { id } })
    })
  })
}
