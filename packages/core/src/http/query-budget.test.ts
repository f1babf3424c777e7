import { countingStore, type CountingStore, testPlatform, type TestPlatform } from '@tessera-auth/testing'
import { describe, expect, test } from 'vitest'
import { createSessions } from '../session/sessions.js'
import { memoryStore } from '../store/memory-store.js'
import { createAuthenticator } from './authenticator.js'
import type { RequestAuth } from './request-auth.js'

const origin = 'https://app.example'

interface App {
  readonly platform: TestPlatform
  readonly store: CountingStore
  /** One request with these cookies: what it cost, and the cookies that its answer sets, as a browser sends them back. */
  request(
    cookie: string | null,
    serve: (auth: RequestAuth<string[]>) => Promise<unknown>,
  ): Promise<{ reads: number; writes: number; cookies: string | null }>
}

function openApp(): App {
  const platform = testPlatform()
  const store = countingStore(memoryStore({ platform }))
  const data = { initial: [], parse: (stored: unknown) => stored as string[] }
  const sessions = createSessions({ store, platform, data, touchIntervalSeconds: 600 })
  const authenticator = createAuthenticator({ origin, sessions, platform })
  return {
    platform,
    store,
    async request(cookie, serve) {
      const sent = new Headers({ origin, 'sec-fetch-site': 'same-origin', ...(cookie === null ? {} : { cookie }) })
      const answer = new Headers()
      store.takeCounts()
      await serve(authenticator.bind({ method: 'POST', url: '/', headers: sent }, answer))
      const set = answer.getSetCookie().map((line) => line.split(';', 1)[0])
      return { ...store.takeCounts(), cookies: set.length === 0 ? null : set.join('; ') }
    },
  }
}

const signIn =
  (userId: string) =>
  async (auth: RequestAuth<string[]>): Promise<unknown> =>
    auth.signIn(await auth.beginLogin(userId), { methods: ['pwd'] })

const addTea = (auth: RequestAuth<string[]>): Promise<unknown> => auth.updateData((items) => [...items, 'tea'])

async function signedInCookie(app: App, userId = 'ann'): Promise<string> {
  return (await app.request(null, signIn(userId))).cookies ?? ''
}

describe('query budget of an authenticated request', () => {
  test('is one read inside the touch interval, however often it asks', async () => {
    const app = openApp()
    const cookie = await signedInCookie(app)
    app.platform.advance(599)
    const cost = await app.request(cookie, async (auth) => {
      await Promise.all([auth.session(), auth.requireSession(), auth.data()])
      for (let times = 0; times < 5; times += 1) await auth.session()
    })
    expect(cost).toEqual({ reads: 1, writes: 0, cookies: null })
  })

  test('is one read and one write when it renews, and sets no cookie', async () => {
    const app = openApp()
    const cookie = await signedInCookie(app)
    app.platform.advance(600)
    expect(await app.request(cookie, (auth) => auth.session())).toEqual({ reads: 1, writes: 1, cookies: null })
    expect(await app.request(cookie, (auth) => auth.session())).toEqual({ reads: 1, writes: 0, cookies: null })
  })

  test('is nothing for a page that never asks', async () => {
    const app = openApp()
    const cookie = await signedInCookie(app)
    expect(await app.request(cookie, async () => {})).toEqual({ reads: 0, writes: 0, cookies: null })
  })

  test('is nothing without a cookie, or with one of another shape', async () => {
    const app = openApp()
    const ask = (auth: RequestAuth<string[]>): Promise<unknown> => auth.session()
    for (const cookie of [null, '__Host-session=', '__Host-session=x', `__Host-session=${'x'.repeat(66)}`]) {
      expect(await app.request(cookie, ask)).toEqual({ reads: 0, writes: 0, cookies: null })
    }
  })

  test('is one read for an unknown token, and its cookie is left alone', async () => {
    const app = openApp()
    const cookie = `__Host-session=${'x'.repeat(22)}.${'y'.repeat(43)}`
    expect(await app.request(cookie, (auth) => auth.session())).toEqual({ reads: 1, writes: 0, cookies: null })
  })

  test('is three reads and two writes when a renewal loses to another write: it asks again', async () => {
    const app = openApp()
    const cookie = await signedInCookie(app)
    app.platform.advance(600)
    const both = await app.request(cookie, async (auth) => {
      const other = app.request(cookie, (beside) => beside.session())
      await Promise.all([auth.session(), other])
    })
    expect(both.cookies).toBeNull()
    expect(both.reads).toBeLessThanOrEqual(3)
    expect(both.writes).toBeLessThanOrEqual(2)
  })

  test('sets no cookie when data of a signed-in user changes', async () => {
    const app = openApp()
    const cookie = await signedInCookie(app)
    expect(await app.request(cookie, addTea)).toEqual({ reads: 2, writes: 1, cookies: null })
  })

  test('is one fresh read for a recent proof', async () => {
    const app = openApp()
    const cookie = await signedInCookie(app)
    const cost = await app.request(cookie, (auth) => auth.requireRecentAuth(600))
    expect(cost).toEqual({ reads: 1, writes: 0, cookies: null })
  })
})

describe('query budget of a sign-in', () => {
  test('is two reads and one write without an earlier session', async () => {
    const cost = await openApp().request(null, signIn('ann'))
    expect(cost).toEqual({ reads: 2, writes: 1, cookies: expect.stringMatching(/^__Host-session=[^;]+$/) })
  })

  test('is three reads and two writes over an anonymous cart', async () => {
    const app = openApp()
    const { cookies } = await app.request(null, addTea)
    expect(await app.request(cookies, signIn('ann'))).toMatchObject({ reads: 3, writes: 2 })
  })

  test.for(['ann', 'bob'])('is three reads and two writes over an earlier session of %s', async (earlier) => {
    const app = openApp()
    const cookie = await signedInCookie(app, earlier)
    expect(await app.request(cookie, signIn('ann'))).toMatchObject({ reads: 3, writes: 2 })
  })

  test('does not grow with the number of logins', async () => {
    const app = openApp()
    for (let logins = 0; logins < 50; logins += 1) await app.request(null, signIn('ann'))
    expect(await app.request(null, signIn('ann'))).toMatchObject({ reads: 2, writes: 1 })
  })
})

describe('which answers set a cookie', () => {
  test('a re-authentication does, for one read and one write', async () => {
    const app = openApp()
    const cookie = await signedInCookie(app)
    const cost = await app.request(cookie, (auth) => auth.reauthenticate({ methods: ['pwd'] }))
    expect(cost).toEqual({ reads: 1, writes: 1, cookies: expect.stringMatching(/^__Host-session=[^;]+$/) })
  })

  test('a sign-out does, to delete it', async () => {
    const app = openApp()
    const cookie = await signedInCookie(app)
    expect(await app.request(cookie, (auth) => auth.signOut())).toMatchObject({ writes: 1, cookies: '__Host-session=' })
  })

  test('a sign-in that is refused does not', async () => {
    const app = openApp()
    const refused = await app.request(null, async (auth) => {
      await expect(auth.signIn(await auth.beginLogin(null))).rejects.toMatchObject({ code: 'unauthenticated' })
    })
    expect(refused.cookies).toBeNull()
  })

  test('a re-authentication of a session that ended meanwhile does not', async () => {
    const app = openApp()
    const cookie = await signedInCookie(app)
    const refused = await app.request(cookie, async (auth) => {
      await auth.requireSession()
      await app.request(cookie, (beside) => beside.signOut())
      await expect(auth.reauthenticate({ methods: ['pwd'] })).rejects.toMatchObject({ code: 'unauthenticated' })
    })
    expect(refused.cookies).toBeNull()
  })
})
