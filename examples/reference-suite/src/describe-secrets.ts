/** What must be nowhere: canaries of every kind, sought in all that the app printed, answered and stored. */
import { describe, expect, test } from 'vitest'
import { canaries, withProvider } from './app-process.ts'
import { newPassword, openBrowser, signUp } from './browser.ts'
import type { Subject } from './describe-reference-app.ts'
import { signInWithProvider } from './provider-visit.ts'

/** Registers the suite of secrets. */
export function describeSecrets({ starter }: Subject): void {
  describe('a secret', () => {
    test('is in nothing that is printed or stored, and nothing stored opens anything', async () => {
      const app = await starter.start(withProvider)
      const person = await signUp(app)
      const { browser, email, password } = person
      const federated = openBrowser(app)
      await signInWithProvider(app, federated, { email: `canary-${email}` })
      const { body } = await browser.post('/auth/token')
      const chosen = newPassword()
      await browser.post('/auth/sign-in', { email, password: `${password} wrong` })
      await browser.get('/me', { headers: { cookie: 'session=canary-forged.canary-forged' } })
      await browser.get('/api/profile', { headers: { authorization: 'Bearer canary-bearer' } })
      await browser.request('POST', '/auth/sign-in', {
        raw: '{"canary',
        headers: { 'content-type': 'application/json' },
      })
      await browser.post('/auth/change-password', { currentPassword: password, newPassword: chosen })
      const cookies = [browser, federated].map(({ jar }) => jar.get('session') ?? '')
      const tokens = [String(body['access_token']), String(body['refresh_token'])]
      const parts = [...cookies, ...tokens].map((token) => token.split('.').at(-1) ?? '')
      const secrets = [password, chosen, ...cookies, ...tokens, ...parts, ...Object.values(canaries)]
      const { stdout, stderr } = app.output()
      const dump = await (await starter.storage()).dump(app.storage)
      await app.stop()
      for (const [place, text] of Object.entries({ stdout, stderr, dump })) {
        for (const secret of secrets) expect(text.includes(secret), `${secret} in ${place}`).toBe(false)
      }
      expect(stdout + stderr).not.toContain('canary')
    })

    test('stored values presented as cookie, bearer or refresh token open nothing', async () => {
      const app = await starter.start()
      const { browser } = await signUp(app)
      await browser.post('/auth/token')
      const dump = await (await starter.storage()).dump(app.storage)
      const stored = new Set(dump.match(/[\w.-]{16,}/g))
      const ids = [...stored].filter((text) => text.length < 30)
      const credentials = [...stored, ...ids.flatMap((id) => [...stored].map((text) => `${id}.${text}`))].slice(0, 300)
      expect(stored.size).toBeGreaterThan(5)
      const answers = await Promise.all(
        credentials.flatMap((text) => [
          openBrowser(app).get('/me', { headers: { cookie: `session=${text}` } }),
          openBrowser(app).get('/api/profile', { headers: { authorization: `Bearer ${text}` } }),
          openBrowser(app).post('/auth/token/refresh', { refresh_token: text }),
        ]),
      )
      expect(answers.filter(({ status }) => status < 400 || status > 499)).toEqual([])
      await app.stop()
    })
  })
}
