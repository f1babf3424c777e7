/** Proving a password again, and changing it. */
import { describe, expect, test } from 'vitest'
import { newPassword, openBrowser, sessionIn, signInElsewhere, signUp } from './browser.ts'
import type { Subject } from './describe-reference-app.ts'

/** Registers the suites of reauthentication and of the password change. */
export function describePasswords(subject: Subject): void {
  describeReauthenticate(subject)
  describeChange(subject)
  describeCutShort(subject)
}

function describeReauthenticate({ app }: Subject): void {
  describe('POST /auth/reauthenticate', () => {
    test('gives the same session a new token, and the older one is dead', async () => {
      const { browser, password, sessionId } = await signUp(app())
      const cookie = `session=${browser.jar.get('session')}`
      const answer = await browser.post('/auth/reauthenticate', { password })
      expect(answer.status).toBe(200)
      expect(sessionIn(answer)).toMatchObject({ id: sessionId, current: true })
      expect(answer.cookies).toHaveLength(1)
      expect((await openBrowser(app()).get('/me', { headers: { cookie } })).status).toBe(401)
      expect((await browser.get('/me')).status).toBe(200)
    })

    test('is 401 invalid_credentials for a wrong password, and nothing changes', async () => {
      const { browser } = await signUp(app())
      const answer = await browser.post('/auth/reauthenticate', { password: 'wrong' })
      expect([answer.status, answer.code, answer.cookies]).toEqual([401, 'invalid_credentials', []])
      expect((await browser.get('/me')).status).toBe(200)
    })

    test('is 401 unauthenticated for nobody', async () => {
      const answer = await openBrowser(app()).post('/auth/reauthenticate', { password: 'x' })
      expect([answer.status, answer.code]).toEqual([401, 'unauthenticated'])
    })
  })
}

function describeChange({ app }: Subject): void {
  describe('POST /auth/change-password', () => {
    test('changes it, rotates this session and ends all others with their tokens', async () => {
      const person = await signUp(app())
      const elsewhere = await signInElsewhere(app(), person)
      const [theirs, ours] = [await elsewhere.post('/auth/token'), await person.browser.post('/auth/token')]
      const [cookie, chosen] = [`session=${person.browser.jar.get('session')}`, newPassword()]
      const change = { currentPassword: person.password, newPassword: chosen }
      expect((await person.browser.post('/auth/change-password', change)).status).toBe(204)
      expect((await person.browser.get('/me')).status).toBe(200)
      expect((await openBrowser(app()).get('/me', { headers: { cookie } })).status).toBe(401)
      expect((await elsewhere.get('/me')).status).toBe(401)
      for (const { body } of [theirs, ours]) {
        const refreshed = await elsewhere.post('/auth/token/refresh', { refresh_token: body['refresh_token'] })
        expect(refreshed.code).toBe('invalid_grant')
      }
      const { email, password } = person
      expect((await openBrowser(app()).post('/auth/sign-in', { email, password })).status).toBe(401)
      expect((await openBrowser(app()).post('/auth/sign-in', { email, password: chosen })).status).toBe(200)
    })

    test('is 401 for a wrong current password, 422 for a weak new one, and changes nothing', async () => {
      const { browser, email, password } = await signUp(app())
      const wrong = { currentPassword: 'wrong', newPassword: newPassword() }
      expect((await browser.post('/auth/change-password', wrong)).code).toBe('invalid_credentials')
      const weak = { currentPassword: password, newPassword: 'short' }
      expect((await browser.post('/auth/change-password', weak)).status).toBe(422)
      expect((await openBrowser(app()).post('/auth/sign-in', { email, password })).status).toBe(200)
    })

    test('of which two run at once leaves one of both passwords, and its session', async () => {
      const person = await signUp(app())
      const elsewhere = await signInElsewhere(app(), person)
      const chosen = [newPassword(), newPassword()]
      const answers = await Promise.all(
        [person.browser, elsewhere].map((browser, index) =>
          browser.post('/auth/change-password', { currentPassword: person.password, newPassword: chosen[index] }),
        ),
      )
      expect(answers.map(({ status }) => status).toSorted()).toEqual([204, 401])
      const signIns = await Promise.all(
        chosen.map((password) => openBrowser(app()).post('/auth/sign-in', { email: person.email, password })),
      )
      expect(signIns.filter(({ status }) => status === 200)).toHaveLength(1)
    })

    test('undoes a sign-in with the older password that runs at the same time', async () => {
      for (let round = 0; round < 5; round += 1) {
        const person = await signUp(app())
        const chosen = newPassword()
        const late = openBrowser(app())
        const { email, password } = person
        await Promise.all([
          late.post('/auth/sign-in', { email, password }),
          person.browser.post('/auth/change-password', { currentPassword: password, newPassword: chosen }),
        ])
        expect((await late.get('/me')).status).toBe(401)
      }
    })
  })
}

function describeCutShort({ starter }: Subject): void {
  describe('a password change', () => {
    test('that a crash cut short ends the other logins when the app starts again', async () => {
      const app = await starter.start()
      const { browser } = await signUp(app)
      await app.stop()
      // What is there from the write of the new hash until the other logins are ended.
      await (await starter.storage()).execute(app.storage, 'update users set ending = 1')
      const again = await starter.start({ PORT: new URL(app.address).port, ORIGIN: app.origin, ...app.storage })
      expect((await browser.get('/me')).status).toBe(401)
      await again.stop()
    })
  })
}
