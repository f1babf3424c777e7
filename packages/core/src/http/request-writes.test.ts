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
  let conflicts = 0
  const { insert, remove, listByOwner, removeExpired } = inner
  const store: Store = {
    ...{ insert, remove, listByOwner, removeExpired },
    replace: async (...given) => ((conflicts -= 1) < 0 ? inner.replace(...given) : false),
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
    /** The same as it sends it. */
    const held = (): string =>
      Object.entries(cookies())
        .map((pair) => pair.join('='))
        .join('; ')
    return { auth, answer, cookies, held }
  }
  const during = async (outage: () => Promise<unknown>): Promise<void> => {
    isDown = true
    await outage().catch(() => {})
    isDown = false
  }
  /** So many writes from now on come after somebody else's. */
  const conflict = (times: number): void => void (conflicts = times)
  return { inner, sessions, bind, during, conflict }
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

const visitors: [string, (auth: Auth) => Promise<unknown>, string[]][] = [
  ['a first visitor', async () => {}, []],
  ['a returning visitor', (auth) => add(auth, 'apple'), ['apple']],
  ['a user', async (auth) => signIn(auth).then(() => add(auth, 'apple')), ['apple']],
]

describe.each<[string, (items: string[]) => unknown]>([
  ['a promise', async (items) => [...items, 'pear']],
  ['nothing', (items) => void items.push('pear')],
])('updateData with a function that returns %s', (_, change) => {
  test.each(visitors)('is a TypeError for %s, loses nothing and sets no cookie', async (_who, come, kept) => {
    const { bind } = setUp()
    const first = bind()
    await come(first.auth)
    const { auth, answer } = bind(first.held())
    await expect(auth.updateData(change as never)).rejects.toThrow(TypeError)
    expect(answer.getSetCookie()).toEqual([])
    expect(await bind(first.held()).auth.data()).toEqual(kept)
  })

  test('is a TypeError outside of a request too', async () => {
    const { bind, sessions } = setUp()
    const { id } = await signIn(bind().auth)
    await expect(sessions.update(id, change as never)).rejects.toThrow(TypeError)
    expect(await sessions.list('ann')).toMatchObject([{ data: [] }])
  })
})

describe('updateData where others write at the same time', () => {
  test.each(visitors.slice(1))('is tried three times in all for %s', async (_who, come) => {
    const { bind, conflict } = setUp()
    const first = bind()
    await come(first.auth)
    const write = async (conflicts: number): Promise<string[]> => {
      conflict(conflicts)
      return add(bind(first.held()).auth, `after ${conflicts}`)
    }
    expect(await write(1)).toEqual(['apple', 'after 1'])
    expect(await write(2)).toEqual(['apple', 'after 1', 'after 2'])
    await expect(write(3)).rejects.toMatchObject({ code: 'conflict' })
    expect(await bind(first.held()).auth.data()).toEqual(['apple', 'after 1', 'after 2'])
  })
})

describe('what updateData changed', () => {
  test.each(visitors)('is what the same request knows from then on, of %s', async (_who, come, before) => {
    const { bind } = setUp()
    const first = bind()
    await come(first.auth)
    const { auth } = bind(first.held())
    const known = await auth.session()
    expect(await auth.data()).toEqual(before)
    await add(auth, 'pear')
    expect(await auth.data()).toEqual([...before, 'pear'])
    expect((await auth.session())?.data).toEqual(known?.data && [...known.data, 'pear'])
  })
})

describe('signIn', () => {
  test.each<[string, (auth: Auth) => unknown]>([
    ['a user’s id', () => 'ann'],
    ['a promise that was not awaited', (auth) => auth.beginLogin('ann')],
    ['nothing', () => undefined],
    ['null', () => null],
  ])('takes no %s for an attempt, and says what it expects', async (_, given) => {
    const { auth, answer } = setUp().bind()
    await expect(auth.signIn(given(auth) as never)).rejects.toThrow(/^signIn: .*await auth\.beginLogin/)
    expect(answer.getSetCookie()).toEqual([])
  })

  test('by an attempt of nobody is refused', async () => {
    const { auth } = setUp().bind()
    await expect(auth.signIn(await auth.beginLogin(null))).rejects.toMatchObject({ code: 'unauthenticated' })
  })

  test('passes on when the credentials were proven, and how long the session may live', async () => {
    const { auth } = setUp().bind()
    const options = { authenticatedAt: 1_700_000_000, absoluteTimeoutSeconds: 60 }
    const session = await auth.signIn(await auth.beginLogin('ann'), options)
    expect(session.authenticatedAt).toBe(1_700_000_000)
    expect(session.expiresAt).toBe(session.createdAt + 60)
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

  test('ends a session that was proven again four times since it was looked up', async () => {
    const { bind, sessions } = setUp()
    let latest = bind()
    await signIn(latest.auth)
    const { auth } = bind(latest.held())
    await auth.requireSession()
    for (let times = 0; times < 4; times += 1) {
      const next = bind(latest.held())
      await next.auth.reauthenticate({ methods: ['pwd'] })
      latest = next
    }
    await auth.signOut()
    expect(await sessions.list('ann')).toEqual([])
  })

  test('ends the sessions of all cookies of its name, whichever of them cannot be', async () => {
    for (const isFirst of [true, false]) {
      const { bind, sessions, inner } = setUp()
      const [one, other] = [bind(), bind()]
      const { id } = await signIn(one.auth)
      await signIn(other.auth)
      const entry = await inner.get('session', id)
      if (entry) await inner.replace({ ...entry, value: '{"v":2}', version: 'newer' }, entry.version)
      const cookies = isFirst ? [one.held(), other.held()] : [other.held(), one.held()]
      const { auth, answer } = bind(cookies.join('; '))
      await expect(auth.signOut()).rejects.toMatchObject({ code: 'unavailable' })
      expect(answer.getSetCookie()).toEqual([])
      expect(await sessions.list('ann')).toEqual([])
    }
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
