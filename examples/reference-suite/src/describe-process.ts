/** Starting, stopping, and living on. */
import { describe, expect, test } from 'vitest'
import { openBrowser, newEmail, newPassword, signInElsewhere, signUp } from './browser.ts'
import type { Subject } from './describe-reference-app.ts'

/** Registers the suites of the process. */
export function describeProcess(subject: Subject): void {
  describeStart(subject)
  describeStop(subject)
}

function describeStart({ app, starter }: Subject): void {
  describe('starting', () => {
    test('prints one ready line with its origin on standard output', () => {
      const lines = app().output().stdout.split('\n')
      expect(lines.filter((line) => line.startsWith('ready '))).toEqual([`ready ${app().origin}`])
    })

    test('answers /healthz with 200 and its status', async () => {
      const answer = await openBrowser(app()).get('/healthz')
      expect(answer.status).toBe(200)
      expect(answer.body).toEqual({ status: 'ok' })
    })

    test.each([
      ['PORT', { PORT: 'many' }],
      ['ORIGIN', { ORIGIN: 'http://app.example' }],
      ['APP_SECRETS', { APP_SECRETS: 'canary-short' }],
      ['DATABASE_URL', { DATABASE_URL: 'canary-oracle://user:canary@localhost/x' }],
    ])(
      'is refused for a bad %s, with status 1 and one line that names it and tells no value',
      async (name, settings) => {
        const { status, stderr } = await starter.runToEnd(settings)
        expect(status).toBe(1)
        const lines = stderr.trim().split('\n')
        expect(lines).toHaveLength(1)
        expect(lines[0]).toContain(name)
        expect(stderr).not.toContain('canary')
      },
    )

    test('is refused on an https origin without secrets', async () => {
      const { status, stderr } = await starter.runToEnd({ ORIGIN: 'https://app.example', APP_SECRETS: '' })
      expect(status).toBe(1)
      expect(stderr).toContain('APP_SECRETS')
    })
  })
}

function describeStop({ starter }: Subject): void {
  describe('stopping', () => {
    test('ends with status 0 on SIGINT', async () => {
      const app = await starter.start()
      await fetch(`${app.address}/healthz`) // leaves a connection open
      expect(await app.stop('SIGINT')).toBe(0)
    })

    test('finishes on SIGTERM what runs already, and loses no request', async () => {
      const app = await starter.start()
      const requests = Array.from({ length: 12 }, () =>
        openBrowser(app).post('/auth/sign-up', { email: newEmail(), password: newPassword() }),
      )
      await Promise.race(requests)
      const [status, ...answers] = await Promise.all([app.stop('SIGTERM'), ...requests])
      expect(status).toBe(0)
      expect(answers.map((answer) => answer.status)).toEqual(requests.map(() => 201))
    })

    test('and starting again keeps everybody signed in, with tokens that go on', async () => {
      const first = await starter.start()
      const person = await signUp(first)
      const tokens = await person.browser.post('/auth/token')
      const { port } = new URL(first.address)
      await first.stop()
      const again = await starter.start({
        PORT: port,
        ORIGIN: first.origin,
        ...first.storage,
      })
      expect((await person.browser.get('/me')).body).toMatchObject({ user: { id: person.id } })
      const refreshed = await openBrowser(again).post('/auth/token/refresh', {
        refresh_token: tokens.body['refresh_token'],
      })
      expect(refreshed.status).toBe(200)
      await again.stop()
    })

    test('is not needed for a second process: both see what the other did, at once', async () => {
      const one = await starter.start()
      const other = await starter.start({ ORIGIN: one.origin, ...one.storage })
      const person = await signUp(one)
      const elsewhere = await signInElsewhere(other, person)
      expect((await elsewhere.get('/sessions')).body).toMatchObject({ sessions: [{}, {}] })
      await elsewhere.delete('/sessions')
      expect((await person.browser.get('/me')).status).toBe(401)
      await Promise.all([one.stop(), other.stop()])
    })
  })
}
