/** What time does, with short lives: side by side, as each test mostly waits. */
import { setTimeout as pause } from 'node:timers/promises'
import { describe, expect, test } from 'vitest'
import { withProvider } from './app-process.ts'
import { newEmail, openBrowser, signUp } from './browser.ts'
import type { Subject } from './describe-reference-app.ts'
import { signInWithProvider } from './provider-visit.ts'

/** Registers the suites of lifetimes. */
export function describeTime(subject: Subject): void {
  describe.concurrent('as time passes', () => {
    testSessions(subject)
    testConnecting(subject)
    testTokens(subject)
  })
}

function testSessions({ starter }: Subject): void {
  test('a session ends unused, lives on while it is used, and ends at its absolute end all the same', async () => {
    const app = await starter.start({
      IDLE_TIMEOUT_SECONDS: '4',
      TOUCH_INTERVAL_SECONDS: '1',
      ABSOLUTE_TIMEOUT_SECONDS: '8',
    })
    const [used, unused] = [await signUp(app), await signUp(app)]
    for (let times = 0; times < 4; times += 1) {
      await pause(1500)
      const answer = await used.browser.get('/me')
      expect([answer.status, answer.cookies]).toEqual([200, []])
    }
    expect((await unused.browser.get('/me')).status).toBe(401)
    await pause(3100)
    expect((await used.browser.get('/me')).status).toBe(401)
    await app.stop()
  })

  test('removing the account asks for a recent authentication, which a sign-in or a proof is', async () => {
    const app = await starter.start({ RECENT_AUTH_SECONDS: '4' })
    const { browser, password } = await signUp(app)
    await pause(4100)
    const refused = await browser.delete('/account')
    expect([refused.status, refused.code]).toEqual([403, 'reauthentication_required'])
    await browser.post('/auth/reauthenticate', { password })
    expect((await browser.delete('/account')).status).toBe(204)
    await app.stop()
  })
}

function testConnecting({ starter }: Subject): void {
  test('an identity is connected to a recent authentication only, and the page says what to do', async () => {
    const app = await starter.start({ RECENT_AUTH_SECONDS: '4', ...withProvider })
    const [{ browser, id }, email] = [await signUp(app), newEmail()]
    await pause(4100)
    const refused = await signInWithProvider(app, browser, { email })
    expect([refused.status, refused.headers.get('location')]).toEqual([303, '/?error=link_refused'])
    expect((await browser.delete('/account')).code).toBe('reauthentication_required')
    const { text } = await browser.get('/?error=link_refused')
    expect(text).toContain('confirm your password first')
    expect(text).not.toContain('There is an account with this e-mail address')
    // It is still nobody's.
    const stranger = openBrowser(app)
    await signInWithProvider(app, stranger, { email })
    expect((await stranger.get('/me')).body['user']).not.toMatchObject({ id })
    await app.stop()
  })

  test('who has no password is not asked for one', async () => {
    const app = await starter.start({ RECENT_AUTH_SECONDS: '3', ...withProvider })
    const browser = openBrowser(app)
    const email = newEmail()
    await signInWithProvider(app, browser, { email })
    await pause(4100)
    expect((await browser.delete('/account')).code).toBe('reauthentication_required')
    const { text } = await browser.get('/?error=reauthentication_required')
    expect(text).toContain('sign in with the identity provider once more')
    expect(text).not.toContain('confirm your password')
    const again = /href="(\/auth\/oauth\/idp\?reauthenticate[^"]*)"/.exec(text)?.[1] ?? ''
    const asked = new URL((await browser.get(again)).headers.get('location') ?? '')
    // Else a session there would do that is weeks old, and that tells its age.
    expect(asked.searchParams.get('max_age')).toBe('0')
    await signInWithProvider(app, browser, { email, query: '?reauthenticate=yes' })
    expect((await browser.delete('/account')).status).toBe(204)
    await app.stop()
  })
}

function testTokens({ starter }: Subject): void {
  test('a refresh token rotates after the window, and an old one that comes again ends the family', async () => {
    const app = await starter.start({ REFRESH_RETRY_WINDOW_SECONDS: '0', CLOCK_SKEW_SECONDS: '0' })
    const { browser } = await signUp(app)
    const refresh = (token: unknown) => openBrowser(app).post('/auth/token/refresh', { refresh_token: token })
    const first = await browser.post('/auth/token')
    await pause(1100)
    const second = await refresh(first.body['refresh_token'])
    expect(second.status).toBe(200)
    expect(second.body['refresh_token']).not.toBe(first.body['refresh_token'])
    await pause(1100)
    const third = await refresh(second.body['refresh_token'])
    expect(third.status).toBe(200)
    expect((await refresh(first.body['refresh_token'])).code).toBe('invalid_grant')
    expect((await refresh(third.body['refresh_token'])).code).toBe('invalid_grant')
    const headers = { authorization: `Bearer ${String(third.body['access_token'])}` }
    expect((await browser.get('/api/profile', { headers })).status).toBe(401)
    await app.stop()
  })

  test('an access token expires', async () => {
    const app = await starter.start({ ACCESS_TOKEN_SECONDS: '1', CLOCK_SKEW_SECONDS: '0' })
    const { browser } = await signUp(app)
    const { body } = await browser.post('/auth/token')
    expect(body['expires_in']).toBe(1)
    await pause(2100)
    const headers = { authorization: `Bearer ${String(body['access_token'])}` }
    expect((await openBrowser(app).get('/api/profile', { headers })).code).toBe('invalid_token')
    await app.stop()
  })
}
