import { inspect } from 'node:util'
import { describe, expect, test } from 'vitest'
import { AuthError, ConfigError } from '../errors.js'
import { createSessions } from '../session/sessions.js'
import { memoryStore } from '../store/memory-store.js'
import { createAuthenticator } from './authenticator.js'
import { type Cart, origin, own, setUp } from './fixtures/cart-app.js'
import { nodeRequestView } from './node-request.js'

describe('createAuthenticator', () => {
  const sessions = createSessions({ store: memoryStore() })
  test.each([
    ['origin', { sessions, origin: 'app.example' }],
    ['origin', { sessions, origin: 'http://app.example' }],
    ['origin', { sessions, origin: 'https://app.example/' + 'path' }],
    ['origin', { sessions, origin: 'https://user@app.example' }],
    ['origin', { sessions }],
    ['sessions', { sessions: { ...sessions }, origin }],
    ['sessions', {}],
    ['verifier', { sessions, origin, verifier: {} }],
    ['trustedOrigins', { sessions, origin, trustedOrigins: ['https://x.example/path'] }],
    ['trustedOrigins', { sessions, origin, trustedOrigins: 'https://x.example' }],
    ['trustedOrigins', { sessions, origin, trustedOrigins: null }],
    ['sameSite', { sessions, origin, sameSite: 'none' }],
  ])('refuses a bad %s and names it', (name, options) => {
    const make = (): unknown => createAuthenticator(options as never)
    expect(make).toThrow(ConfigError)
    expect(make).toThrow(new RegExp(`^${name}`))
  })
})

describe('signIn', () => {
  test('sets one cookie that opens the session', async () => {
    const { signIn, whoAmI } = setUp()
    const { cookies, cookie } = await signIn()
    expect(cookies).toHaveLength(1)
    expect(cookies[0]).toMatch(/^__Host-session=[^;]+; Max-Age=2592000; Path=\/; HttpOnly; SameSite=Lax; Secure$/)
    expect(await whoAmI(cookie)).toBe('user-1')
  })

  test('ends the browser’s earlier session and keeps its data', async () => {
    const { signIn, whoAmI, ask, add } = setUp()
    const first = await signIn()
    await ask({ ...own, cookie: first.cookie }, add('apple'))
    const second = await signIn('user-1', { cookie: first.cookie })
    expect(await whoAmI(first.cookie)).toBeNull()
    expect(second.body).toMatchObject({ data: { items: ['apple'] } })
  })

  test('carries an anonymous visitor’s data over and deletes that cookie', async () => {
    const { signIn, ask, add, pairOf } = setUp()
    const { cookies } = await ask(own, add('apple'))
    const anonymous = pairOf(cookies, '__Host-anonymous')
    const { body, cookies: set } = await signIn('user-1', { cookie: anonymous })
    expect(body).toMatchObject({ data: { items: ['apple'] } })
    expect(set.find((line) => line.startsWith('__Host-anonymous='))).toMatch(/^__Host-anonymous=; Max-Age=0;/)
    expect((await ask({ cookie: anonymous }, (auth) => auth.data(), 'GET')).body).toEqual({ items: [] })
  })

  test('never carries another user’s data over, and ends that session', async () => {
    const { signIn, ask, add, whoAmI } = setUp()
    const first = await signIn('user-1')
    await ask({ ...own, cookie: first.cookie }, add('secret'))
    const second = await signIn('user-2', { cookie: first.cookie })
    expect(second.body).toMatchObject({ userId: 'user-2', data: { items: [] } })
    expect(await whoAmI(first.cookie)).toBeNull()
  })

  test('with remember: false the cookie ends with the browser, after a rotation too', async () => {
    const { ask, pairOf } = setUp()
    const first = await ask(own, async (auth) => auth.signIn(await auth.beginLogin('u'), { remember: false }))
    expect(first.cookies[0]).not.toContain('Max-Age')
    const cookie = pairOf(first.cookies, '__Host-session')
    const second = await ask({ ...own, cookie }, (auth) => auth.reauthenticate({ methods: ['pwd'] }))
    expect(second.cookies[0]).not.toContain('Max-Age')
  })

  test('overtaken by "sign out everywhere", it sets no cookie', async () => {
    const { ask, sessions } = setUp()
    const answer = await ask(own, async (auth) => {
      const attempt = await auth.beginLogin('user-1')
      await sessions.revokeAll('user-1')
      return auth.signIn(attempt)
    })
    expect(answer.status).toBe(401)
    expect(answer.cookies).toEqual([])
  })

  test.for([false, true])('an anonymous token in the session cookie signs nobody in (cached: %s)', async (cached) => {
    const { ask, add, pairOf } = setUp({ cached })
    const cookie = pairOf((await ask(own, add('apple'))).cookies, '__Host-anonymous').replace('anonymous', 'session')
    for (let times = 0; times < 3; times += 1) {
      expect((await ask({ cookie }, (auth) => auth.session(), 'GET')).body).toBeNull()
      expect((await ask({ cookie }, (auth) => auth.requireSession(), 'GET')).status).toBe(401)
      expect((await ask({ cookie }, (auth) => auth.requireRecentAuth(600), 'GET')).status).toBe(401)
    }
  })

  test('a user’s token in the anonymous cookie is no visitor’s: it shows no data and changes none', async () => {
    const { ask, add, signIn } = setUp()
    const { cookie } = await signIn()
    await ask({ ...own, cookie }, add('secret'))
    const planted = cookie.replace('session', 'anonymous')
    expect((await ask({ cookie: planted }, (auth) => auth.data(), 'GET')).body).toEqual({ items: [] })
    expect((await ask({ ...own, cookie: planted }, add('apple'))).body).toEqual({ items: ['apple'] })
    expect((await ask({ cookie }, (auth) => auth.data(), 'GET')).body).toEqual({ items: ['secret'] })
  })
})

describe('signOut', () => {
  test('ends the session, then deletes the cookie', async () => {
    const { ask, signIn, whoAmI } = setUp()
    const { cookie } = await signIn()
    const { cookies } = await ask({ ...own, cookie }, (auth) => auth.signOut())
    expect(cookies).toEqual(['__Host-session=; Max-Age=0; Path=/; HttpOnly; SameSite=Lax; Secure'])
    expect(await whoAmI(cookie)).toBeNull()
  })

  test('without a cookie it is fine and sets none', async () => {
    const { ask } = setUp()
    expect(await ask({}, (auth) => auth.signOut())).toMatchObject({ status: 200, cookies: [] })
  })

  test('with one of the last three tokens it still ends the session, with an older one it does not', async () => {
    const { ask, signIn, whoAmI, pairOf } = setUp()
    const rotate = async (cookie: string) =>
      pairOf((await ask({ ...own, cookie }, (auth) => auth.reauthenticate({ methods: [] }))).cookies, '__Host-session')
    const cookies = [(await signIn()).cookie]
    for (let turn = 0; turn < 4; turn += 1) cookies.push(await rotate(cookies.at(-1) ?? ''))
    const newest = cookies[4] ?? ''
    await ask({ ...own, cookie: cookies[0] ?? '' }, (auth) => auth.signOut())
    expect(await whoAmI(newest)).toBe('user-1')
    await ask({ ...own, cookie: cookies[1] ?? '' }, (auth) => auth.signOut())
    expect(await whoAmI(newest)).toBeNull()
  })

  test('of a record that this release cannot read is unavailable, and keeps the cookie', async () => {
    const { ask, signIn, store, sessions } = setUp()
    const { body, cookie } = await signIn()
    const entry = await store.get('session', (body as { id: string }).id)
    if (!entry) throw new Error('expected a record')
    await store.replace({ ...entry, value: '{"v":2}', version: 'newer' }, entry.version)
    expect(await ask({ ...own, cookie }, (auth) => auth.signOut())).toMatchObject({ status: 503, cookies: [] })
    expect(await sessions.revoke('user-1', entry.key)).toBe(true)
    expect(await ask({ ...own, cookie }, (auth) => auth.signOut())).toMatchObject({
      status: 200,
      cookies: [/Max-Age=0/],
    })
  })

  test('in the request that signed in, it ends that session too', async () => {
    const { ask, pairOf, whoAmI } = setUp()
    const { cookies } = await ask(own, async (auth) => {
      await auth.signIn(await auth.beginLogin('user-1'))
      await auth.signOut()
      return auth.session()
    })
    expect(await whoAmI(pairOf(cookies, '__Host-session'))).toBeNull()
    expect(cookies.at(-1)).toContain('Max-Age=0')
  })
})

describe('requireRecentAuth', () => {
  test.each([
    [599, 200],
    [600, 403],
    [601, 403],
  ])('%d s after a sign-in, a limit of 600 answers %d', async (age, status) => {
    const { ask, signIn, platform } = setUp()
    const { cookie } = await signIn()
    platform.advance(age)
    expect((await ask({ cookie }, (auth) => auth.requireRecentAuth(600), 'GET')).status).toBe(status)
  })

  test('proving it again makes the same session recent', async () => {
    const { ask, signIn, platform, pairOf, whoAmI } = setUp()
    const first = await signIn()
    platform.advance(700)
    const again = await ask({ ...own, cookie: first.cookie }, (auth) => auth.reauthenticate({ methods: ['pwd'] }))
    const cookie = pairOf(again.cookies, '__Host-session')
    expect((await ask({ cookie }, (auth) => auth.requireRecentAuth(600), 'GET')).body).toMatchObject({
      id: (first.body as { id: string }).id,
    })
    expect(await whoAmI(first.cookie)).toBeNull()
  })

  test('the cookie of a proof runs to the absolute end of the session, not past it', async () => {
    const { ask, signIn, platform } = setUp()
    const { cookie } = await signIn()
    platform.advance(500_000)
    const { cookies } = await ask({ ...own, cookie }, (auth) => auth.reauthenticate({ methods: ['pwd'] }))
    expect(cookies).toEqual([expect.stringContaining(`; Max-Age=${2_592_000 - 500_000};`)])
  })

  test('a sign-in or a proof in the same request counts, a sign-out too', async () => {
    const { ask, signIn } = setUp()
    const { cookie } = await signIn()
    const answers = [
      await ask({ ...own, cookie }, async (auth) => {
        await auth.signIn(await auth.beginLogin('user-2'))
        return (await auth.requireRecentAuth(60)).userId
      }),
      await ask({ ...own, cookie: (await signIn()).cookie }, async (auth) => {
        await auth.reauthenticate({ methods: ['otp'] })
        return (await auth.requireRecentAuth(60)).userId
      }),
      await ask({ ...own, cookie: (await signIn()).cookie }, async (auth) => {
        await auth.signOut()
        return auth.requireRecentAuth(60)
      }),
    ]
    expect(answers.map(({ status, body }) => [status, body])).toEqual([
      [200, 'user-2'],
      [200, 'user-1'],
      [401, expect.objectContaining({ error: expect.objectContaining({ code: 'unauthenticated' }) })],
    ])
  })

  test('nobody is unauthenticated, not old', async () => {
    const { ask } = setUp()
    expect((await ask({}, (auth) => auth.requireRecentAuth(600), 'GET')).status).toBe(401)
  })
})

describe('updateData', () => {
  test('gives an anonymous visitor a cookie once', async () => {
    const { ask, add, pairOf } = setUp()
    const first = await ask(own, add('apple'))
    const second = await ask({ ...own, cookie: pairOf(first.cookies, '__Host-anonymous') }, add('pear'))
    expect(second).toMatchObject({ body: { items: ['apple', 'pear'] }, cookies: [] })
  })

  test('reading sets no cookie', async () => {
    const { ask } = setUp()
    expect(await ask({}, (auth) => auth.data(), 'GET')).toMatchObject({ body: { items: [] }, cookies: [] })
  })

  test('50 requests at once lose nothing', async () => {
    const { ask, add, signIn } = setUp()
    const { cookie } = await signIn()
    await Promise.all(Array.from({ length: 50 }, (_, index) => ask({ ...own, cookie }, add(`item ${index}`))))
    const { body } = await ask({ cookie }, (auth) => auth.data(), 'GET')
    expect((body as Cart).items).toHaveLength(50)
  })

  test('a refusal of the app’s own function is not tried again', async () => {
    const { ask, signIn } = setUp()
    const { cookie } = await signIn()
    let calls = 0
    const { status } = await ask({ ...own, cookie }, (auth) =>
      auth.updateData(() => {
        calls += 1
        throw new AuthError('conflict')
      }),
    )
    expect([status, calls]).toEqual([409, 1])
  })

  test('afterwards the same request can still rotate', async () => {
    const { ask, signIn } = setUp()
    const { cookie } = await signIn()
    const { status, body } = await ask({ ...own, cookie }, async (auth) => {
      await auth.updateData(() => ({ items: ['apple'] }))
      return auth.reauthenticate({ methods: ['pwd'] })
    })
    expect([status, (body as { data: Cart }).data.items]).toEqual([200, ['apple']])
  })
})

describe('twins of our cookie', () => {
  test('of several the one that validates wins, wherever it stands', async () => {
    const { signIn, whoAmI } = setUp()
    const { cookie } = await signIn()
    const planted = `__Host-session=${'x'.repeat(22)}.${'y'.repeat(43)}`
    expect(await whoAmI(`${planted}; ${cookie}`)).toBe('user-1')
    expect(await whoAmI(`${cookie}; ${planted}`)).toBe('user-1')
  })

  test('a cookie that does not validate is refused and not deleted', async () => {
    const { ask } = setUp()
    const cookie = `__Host-session=${'x'.repeat(22)}.${'y'.repeat(43)}`
    expect(await ask({ cookie }, (auth) => auth.requireSession(), 'GET')).toMatchObject({ status: 401, cookies: [] })
  })

  test('the cookie of the other origin’s name is not looked at', async () => {
    const { signIn, whoAmI } = setUp()
    const { cookie } = await signIn()
    expect(await whoAmI(cookie.replace('__Host-', ''))).toBeNull()
  })
})

describe('an answer that depends on who asks', () => {
  test('is no-store, unless the handler says otherwise', async () => {
    const { authenticator, ask } = setUp()
    expect((await ask({}, (auth) => auth.session(), 'GET')).headers.get('cache-control')).toBe('no-store')
    const response = await authenticator.respond(new Request(origin), async (auth) => {
      await auth.session()
      return new Response('', { headers: { 'cache-control': 'private, max-age=5' } })
    })
    expect(response.headers.get('cache-control')).toBe('private, max-age=5')
  })

  test('one that never asked is left alone', async () => {
    const { authenticator } = setUp()
    const response = await authenticator.respond(new Request(origin), () => new Response('hello'))
    expect([...response.headers.keys()]).not.toContain('cache-control')
  })
})

describe('bindReadonly', () => {
  test('has no method that could set a cookie', async () => {
    const { authenticator, signIn } = setUp()
    const { cookie } = await signIn()
    const auth = authenticator.bindReadonly(Promise.resolve(new Request(origin, { headers: { cookie } })))
    expect((await auth.session())?.userId).toBe('user-1')
    for (const name of ['signIn', 'signOut', 'reauthenticate', 'updateData', 'beginLogin', 'responseHeaders']) {
      expect(auth).not.toHaveProperty(name)
    }
  })
})

describe('a door that is printed', () => {
  test('shows no credential, neither one that came nor one that it gave', async () => {
    const authenticator = createAuthenticator({
      origin: 'https://app.example',
      sessions: createSessions({ store: memoryStore() }),
    })
    const given: string[] = []
    const headers = { cookie: '__Host-session=canary-one', authorization: 'Bearer canary-two' }
    const auth = authenticator.bind(nodeRequestView({ method: 'GET', url: '/', headers }), {
      append: (name, value) => given.push(`${name}: ${value}`),
    })
    await auth.signIn(await auth.beginLogin('ada'), { methods: ['pwd'] })
    const printed = inspect(auth, { depth: 20, showHidden: true, getters: true })
    const token = /__Host-session=([^;]+)/.exec(given.find((line) => line.startsWith('Set-Cookie')) ?? '')?.[1]
    expect(token).toMatch(/^[\w-]{22}\./)
    for (const secret of ['canary-one', 'canary-two', token ?? '']) expect(printed).not.toContain(secret)
  })
})
