/** Who am I, where am I signed in, and ending it from there. */
import { setTimeout as pause } from 'node:timers/promises'
import { describe, expect, test } from 'vitest'
import { openBrowser, sessionsIn, signInElsewhere, signUp } from './browser.ts'
import { sessionShape } from './describe-accounts.ts'
import type { Subject } from './describe-reference-app.ts'

/** Registers the suites of sessions. */
export function describeSessions(subject: Subject): void {
  describeMe(subject)
  describeList(subject)
  describeEnding(subject)
}

function describeMe({ app }: Subject): void {
  describe('GET /me', () => {
    test.each([
      ['none', ''],
      ['one that is empty', 'session='],
      ['one that was never given', 'session=AAAAAAAAAAAAAAAAAAAAAA.AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA'],
      ['a public id alone', 'session=ID'],
      ['a public id and another secret', 'session=ID.AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA'],
      ['the good one under another name', 'Session=GOOD; xsession=GOOD; anonymous=GOOD'],
      ['the good one with an end', 'session=GOODx'],
    ])('is 401 unauthenticated for a cookie that is %s', async (_, template) => {
      const { browser, sessionId } = await signUp(app())
      const good = browser.jar.get('session') ?? ''
      const cookie = template.replaceAll('GOOD', good).replaceAll('ID', sessionId)
      const answer = await openBrowser(app()).get('/me', cookie === '' ? {} : { headers: { cookie } })
      expect([answer.status, answer.code]).toEqual([401, 'unauthenticated'])
    })
  })
}

function describeList({ app }: Subject): void {
  describe('GET /sessions', () => {
    test('lists one’s own, newest first, this one marked, with the device each is on', async () => {
      const person = await signUp(app())
      await pause(1100)
      const browser = openBrowser(app(), { 'user-agent': 'Mozilla/5.0 (X11; Linux x86_64; rv:150.0) Firefox/150.0' })
      await browser.post('/auth/sign-in', { email: person.email, password: person.password })
      await signUp(app())
      const answer = await browser.get('/sessions')
      expect(sessionsIn(answer)).toEqual([sessionShape, { ...sessionShape, current: false }])
      expect(sessionsIn(answer)[0]).toMatchObject({ device: { label: 'Firefox on Linux' } })
      expect(sessionsIn(answer)[1]).toMatchObject({ id: person.sessionId })
      expect(sessionsIn(await person.browser.get('/sessions')).map(({ current }) => current)).toEqual([false, true])
    })

    test('is 401 for nobody', async () => {
      expect((await openBrowser(app()).get('/sessions')).code).toBe('unauthenticated')
    })
  })
}

function describeEnding({ app }: Subject): void {
  describe('DELETE /sessions', () => {
    test('/:id ends another one of one’s own, with its tokens', async () => {
      const person = await signUp(app())
      const elsewhere = await signInElsewhere(app(), person)
      const { body } = await person.browser.post('/auth/token')
      const answer = await elsewhere.delete(`/sessions/${person.sessionId}`)
      expect([answer.status, answer.cookies]).toEqual([204, []])
      expect((await person.browser.get('/me')).status).toBe(401)
      const refreshed = await elsewhere.post('/auth/token/refresh', { refresh_token: body['refresh_token'] })
      expect(refreshed.code).toBe('invalid_grant')
      expect((await elsewhere.delete(`/sessions/${person.sessionId}`)).status).toBe(404)
    })

    test('/:id of this very session deletes the cookie too', async () => {
      const { browser, sessionId } = await signUp(app())
      const answer = await browser.delete(`/sessions/${sessionId}`)
      expect(answer.status).toBe(204)
      expect(answer.cookies).toEqual([expect.stringMatching(/^session=; Max-Age=0;/)])
    })

    test('/:id is 404 for anything that is not one’s own', async () => {
      const [person, other] = [await signUp(app()), await signUp(app())]
      const ids = [
        other.sessionId,
        'AAAAAAAAAAAAAAAAAAAAAA',
        'x',
        '..',
        '%20',
        `${person.sessionId}x`,
        'a'.repeat(3000),
      ]
      for (const id of ids) {
        const answer = await person.browser.delete(`/sessions/${id}`)
        expect([404, 405], id).toContain(answer.status) // `..` is the path before
      }
      expect((await other.browser.get('/me')).status).toBe(200)
    })

    test('ends all others and tells how many', async () => {
      const person = await signUp(app())
      const others = await Promise.all([signInElsewhere(app(), person), signInElsewhere(app(), person)])
      expect((await person.browser.delete('/sessions')).body).toEqual({ revoked: 2 })
      expect((await person.browser.delete('/sessions')).body).toEqual({ revoked: 0 })
      for (const other of others) expect((await other.get('/me')).status).toBe(401)
      expect((await person.browser.get('/me')).status).toBe(200)
    })
  })
}
