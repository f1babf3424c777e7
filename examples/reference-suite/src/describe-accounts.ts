/** Signing up, in and out, and the end of an account. */
import { describe, expect, test } from 'vitest'
import { newEmail, newPassword, openBrowser, sessionIn, signInElsewhere, signUp } from './browser.ts'
import type { Subject } from './describe-reference-app.ts'

/** Registers the suites of accounts. */
export function describeAccounts(subject: Subject): void {
  describeSignUp(subject)
  describeSignIn(subject)
  describeSignOut(subject)
  describeRemoval(subject)
}

/** A session as every body has it. */
export const sessionShape = {
  id: expect.any(String),
  createdAt: expect.any(Number),
  authenticatedAt: expect.any(Number),
  lastSeenAt: expect.any(Number),
  expiresAt: expect.any(Number),
  methods: ['pwd'],
  device: { label: expect.any(String) },
  current: true,
}

function describeSignUp({ app }: Subject): void {
  describe('POST /auth/sign-up', () => {
    test('makes the user and signs in', async () => {
      const browser = openBrowser(app())
      const email = newEmail()
      const answer = await browser.post('/auth/sign-up', { email, password: newPassword() })
      expect(answer.status).toBe(201)
      expect(answer.body).toEqual({ user: { id: expect.any(String), email }, session: sessionShape })
      expect((await browser.get('/me')).body).toEqual(answer.body)
    })

    test('tells whole epoch seconds, and the earlier of both ends', async () => {
      const { browser } = await signUp(app())
      const { createdAt, authenticatedAt, expiresAt } = sessionIn(await browser.get('/me')) as Record<string, number>
      expect(Math.abs(Number(createdAt) - Date.now() / 1000)).toBeLessThan(5)
      expect(authenticatedAt).toBe(createdAt)
      expect(expiresAt).toBe(Number(createdAt) + 604_800)
    })

    test('is 409 email_taken for an address that is taken, in any case and with spaces around', async () => {
      const { email } = await signUp(app())
      for (const same of [email, email.toUpperCase(), `  ${email}\t`]) {
        const answer = await openBrowser(app()).post('/auth/sign-up', { email: same, password: newPassword() })
        expect([answer.status, answer.code, answer.cookies]).toEqual([409, 'email_taken', []])
      }
    })

    test('is 422 password_rejected with reasons for a weak password', async () => {
      for (const password of ['short', 'password1', 'x'.repeat(257)]) {
        const answer = await openBrowser(app()).post('/auth/sign-up', { email: newEmail(), password })
        expect([answer.status, answer.code]).toEqual([422, 'password_rejected'])
        expect(answer.body).toMatchObject({ error: { reasons: [expect.any(String)] } })
      }
    })

    test('of one address by fifty at once makes one user', async () => {
      const email = newEmail()
      const answers = await Promise.all(
        Array.from({ length: 50 }, () => openBrowser(app()).post('/auth/sign-up', { email, password: newPassword() })),
      )
      expect(answers.filter(({ status }) => status === 201)).toHaveLength(1)
      expect(answers.filter(({ status }) => status === 409)).toHaveLength(49)
    })

    test('ends the session that the browser had before', async () => {
      const first = await signUp(app())
      const before = first.browser.jar.get('session')
      await signUp(app(), first.browser)
      const cookie = `session=${before}`
      expect((await openBrowser(app()).get('/me', { headers: { cookie } })).status).toBe(401)
    })
  })
}

function describeSignIn({ app }: Subject): void {
  describe('POST /auth/sign-in', () => {
    test('signs in, with an address in any case and spaces around', async () => {
      const { email, password, id } = await signUp(app())
      const browser = openBrowser(app())
      const answer = await browser.post('/auth/sign-in', { email: ` ${email.toUpperCase()} `, password })
      expect(answer.status).toBe(200)
      expect(answer.body).toEqual({ user: { id, email }, session: sessionShape })
    })

    test('is 401 with the same body for an unknown user and for a wrong password', async () => {
      const { email } = await signUp(app())
      const wrong = await openBrowser(app()).post('/auth/sign-in', { email, password: newPassword() })
      const unknown = await openBrowser(app()).post('/auth/sign-in', { email: newEmail(), password: newPassword() })
      expect([wrong.status, wrong.code]).toEqual([401, 'invalid_credentials'])
      expect([unknown.status, unknown.text]).toEqual([wrong.status, wrong.text])
    })

    test('mints a new session each time and ends the earlier one of this browser only', async () => {
      const person = await signUp(app())
      const elsewhere = await signInElsewhere(app(), person)
      const before = person.browser.jar.get('session')
      await person.browser.post('/auth/sign-in', { email: person.email, password: person.password })
      expect(person.browser.jar.get('session')).not.toBe(before)
      const cookie = `session=${before}`
      expect((await openBrowser(app()).get('/me', { headers: { cookie } })).status).toBe(401)
      expect((await elsewhere.get('/me')).status).toBe(200)
    })

    test('does not adopt a cookie that was planted', async () => {
      const { email, password, browser: attacker } = await signUp(app())
      const planted = attacker.jar.get('session') ?? ''
      const victim = openBrowser(app())
      victim.jar.set('session', planted)
      await victim.post('/auth/sign-in', { email, password })
      expect(victim.jar.get('session')).not.toBe(planted)
      expect((await attacker.get('/me')).status).toBe(401)
    })

    test('keeps a failed sign-in from ending who is signed in', async () => {
      const { browser, email } = await signUp(app())
      await browser.post('/auth/sign-in', { email, password: 'wrong' })
      expect((await browser.get('/me')).status).toBe(200)
    })

    test('by thirty at once with the right password signs all of them in', async () => {
      const person = await signUp(app())
      const browsers = await Promise.all(Array.from({ length: 30 }, () => signInElsewhere(app(), person)))
      expect(new Set(browsers.map(({ jar }) => jar.get('session'))).size).toBe(30)
    })
  })
}

function describeSignOut({ app }: Subject): void {
  describe('POST /auth/sign-out', () => {
    test('ends the session and deletes the cookie', async () => {
      const { browser } = await signUp(app())
      const cookie = `session=${browser.jar.get('session')}`
      const answer = await browser.post('/auth/sign-out')
      expect([answer.status, answer.text]).toEqual([204, ''])
      expect(answer.cookies).toEqual([expect.stringMatching(/^session=; Max-Age=0;/)])
      expect((await openBrowser(app()).get('/me', { headers: { cookie } })).code).toBe('unauthenticated')
    })

    test('is 204 when there was nothing to end', async () => {
      const answer = await openBrowser(app()).post('/auth/sign-out')
      expect([answer.status, answer.cookies]).toEqual([204, []])
    })

    test('wins over requests that save session data at the same time', async () => {
      const { browser } = await signUp(app())
      const saves = Array.from({ length: 8 }, (_, index) => browser.put('/cart', { items: [String(index)] }))
      await Promise.all([...saves, browser.request('POST', '/auth/sign-out')])
      const cookie = `session=${browser.jar.get('session') ?? ''}`
      expect((await browser.get('/me', { headers: { cookie } })).status).toBe(401)
    })
  })
}

function describeRemoval({ app }: Subject): void {
  describe('DELETE /account', () => {
    test('removes the user and all that is theirs', async () => {
      const person = await signUp(app())
      const elsewhere = await signInElsewhere(app(), person)
      const tokens = await elsewhere.post('/auth/token')
      const answer = await person.browser.delete('/account')
      expect(answer.status).toBe(204)
      expect(answer.cookies).toEqual([expect.stringMatching(/^session=; Max-Age=0;/)])
      for (const path of ['/me', '/sessions']) expect((await elsewhere.get(path)).status, path).toBe(401)
      const refresh = { refresh_token: tokens.body['refresh_token'] }
      expect((await elsewhere.post('/auth/token/refresh', refresh)).code).toBe('invalid_grant')
      const { email, password } = person
      expect((await openBrowser(app()).post('/auth/sign-in', { email, password })).status).toBe(401)
      expect((await openBrowser(app()).post('/auth/sign-up', { email, password })).status).toBe(201)
    })

    test('is 401 for nobody', async () => {
      expect((await openBrowser(app()).delete('/account')).code).toBe('unauthenticated')
    })
  })
}
