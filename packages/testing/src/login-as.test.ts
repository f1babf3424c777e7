import { createAuthenticator, createSessions, memoryStore } from '@tessera-auth/core'
import { describe, expect, test } from 'vitest'
import { loginAs, testPlatform } from './index.js'

const origin = 'https://app.example'

function setUp() {
  const platform = testPlatform()
  const sessions = createSessions({ store: memoryStore({ platform }), platform })
  const authenticator = createAuthenticator({ origin, sessions, platform })
  const ask = (headers: HeadersInit, method = 'POST') =>
    authenticator.respond(new Request(`${origin}/`, { method, headers }), async (auth) =>
      Response.json((await auth.requireSession()).userId),
    )
  return { platform, sessions, authenticator, ask }
}

describe('loginAs', () => {
  test('gives the headers of a same-origin browser that is signed in', async () => {
    const { authenticator, ask } = setUp()
    const { headers } = await loginAs(authenticator, 'user-1')
    expect(headers).toEqual({
      cookie: expect.stringMatching(/^__Host-session=[^;]+$/),
      origin,
      'sec-fetch-site': 'same-origin',
    })
    expect(await (await ask(headers)).json()).toBe('user-1')
  })

  test('signs in as the options say', async () => {
    const { authenticator, platform, ask } = setUp()
    const { session, headers } = await loginAs(authenticator, 'user-1', {
      methods: ['otp'],
      absoluteTimeoutSeconds: 60,
    })
    expect(session).toMatchObject({ userId: 'user-1', methods: ['otp'] })
    platform.advance(60)
    expect((await ask(headers)).status).toBe(401)
  })

  test('makes a real session, which can be ended', async () => {
    const { authenticator, sessions, ask } = setUp()
    const { session, headers } = await loginAs(authenticator, 'user-1')
    await sessions.revoke('user-1', session.id)
    expect((await ask(headers)).status).toBe(401)
  })

  test('says so where there are no sessions to sign in to', async () => {
    const authenticator = createAuthenticator({ verifier: { verify: async () => null } })
    await expect(loginAs(authenticator, 'user-1')).rejects.toThrow('loginAs: the authenticator has no sessions')
  })
})
