import { describe, expect, test } from 'vitest'
import { createSessions } from '../session/sessions.js'
import { memoryStore } from '../store/memory-store.js'
import type { Store } from '../store/store.js'
import { createAuthenticator } from './authenticator.js'
import type { RequestAuth } from './request-auth.js'

const origin = 'https://app.example'

function setUp() {
  const inner = memoryStore()
  let isDown = false
  const { insert, replace, remove, listByOwner, removeExpired } = inner
  const store: Store = {
    ...{ insert, replace, remove, listByOwner, removeExpired },
    get: (...given) => (isDown ? Promise.reject(new Error('down')) : inner.get(...given)),
  }
  const data = { initial: [], parse: (stored: unknown) => stored as string[] }
  const sessions = createSessions({ store, data })
  const authenticator = createAuthenticator({ origin, sessions })
  const bind = (cookie = '') => {
    const headers = new Headers({ origin, 'sec-fetch-site': 'same-origin', cookie })
    const answer = new Headers()
    const auth = authenticator.bind({ method: 'POST', url: '/', headers }, answer)
    /** What a browser holds after the answer, by name. */
    const cookies = (): Record<string, string> =>
      Object.fromEntries(answer.getSetCookie().map((line) => line.split(';', 1)[0]?.split('=') ?? []))
    return { auth, answer, cookies }
  }
  const during = async (outage: () => Promise<unknown>): Promise<void> => {
    isDown = true
    await outage().catch(() => {})
    isDown = false
  }
  return { sessions, bind, during }
}

type Auth = RequestAuth<string[]>
const add = (auth: Auth, item: string): Promise<string[]> => auth.updateData((items) => [...items, item])
const signIn = async (auth: Auth) => auth.signIn(await auth.beginLogin('ann'))

describe('updateData, called at once in one request', () => {
  test('starts one visit for a new visitor and loses nothing', async () => {
    const { bind } = setUp()
    const { auth, answer, cookies } = bind()
    await Promise.all(['apple', 'pear', 'plum'].map((item) => add(auth, item)))
    expect(answer.getSetCookie()).toHaveLength(1)
    expect(await bind(`__Host-anonymous=${cookies()['__Host-anonymous']}`).auth.data()).toEqual([
      'apple',
      'pear',
      'plum',
    ])
  })

  test.each([
    ['before', (auth: Auth) => Promise.all([add(auth, 'apple'), signIn(auth)])],
    ['after', (auth: Auth) => Promise.all([signIn(auth), add(auth, 'apple')])],
  ])('%s a sign-in ends in the data of that login, and leaves no visit', async (_, both) => {
    const { bind } = setUp()
    const { auth, cookies } = bind()
    await both(auth)
    expect((await auth.session())?.userId).toBe('ann')
    const held = cookies()
    expect(held['__Host-anonymous'] ?? '').toBe('')
    const next = bind(`__Host-session=${held['__Host-session']}`).auth
    expect([(await next.session())?.userId, await next.data()]).toEqual(['ann', ['apple']])
  })

  test('goes on after one whose function refuses', async () => {
    const { auth } = setUp().bind()
    const refusing = auth.updateData(() => {
      throw new RangeError('full')
    })
    const next = add(auth, 'apple')
    await expect(refusing).rejects.toThrow(RangeError)
    expect(await next).toEqual(['apple'])
  })
})

describe('signOut', () => {
  test('after a look-up that failed, it ends the session and deletes the cookie', async () => {
    const { bind, sessions, during } = setUp()
    const first = bind()
    const { id } = await signIn(first.auth)
    const { auth, answer } = bind(`__Host-session=${first.cookies()['__Host-session']}`)
    await during(() => auth.session())
    await auth.signOut()
    expect(answer.getSetCookie().at(-1)).toMatch(/^__Host-session=; Max-Age=0;/)
    expect((await sessions.list('ann')).map((session) => session.id)).not.toContain(id)
  })

  test('after a look-up that failed in the request that signed in, it ends that session too', async () => {
    const { bind, sessions, during } = setUp()
    const { auth, cookies } = bind()
    await signIn(auth)
    await during(() => auth.requireRecentAuth(60))
    await auth.signOut()
    expect([await sessions.list('ann'), cookies()['__Host-session']]).toEqual([[], ''])
  })

  test('keeps the cookie while it cannot end the session', async () => {
    const { bind, during } = setUp()
    const first = bind()
    await signIn(first.auth)
    const { auth, answer } = bind(`__Host-session=${first.cookies()['__Host-session']}`)
    let refused: unknown
    await during(() => auth.signOut().catch((error: unknown) => (refused = error)))
    expect(refused).toMatchObject({ code: 'unavailable' })
    expect(answer.getSetCookie()).toEqual([])
  })
})
