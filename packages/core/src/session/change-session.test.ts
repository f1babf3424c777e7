import { testPlatform } from '@tessera-auth/testing'
import { describe, expect, test } from 'vitest'
import { ConfigError, StoreError } from '../errors.js'
import type { AuthEvent } from '../events.js'
import { memoryStore } from '../store/memory-store.js'
import type { Store } from '../store/store.js'
import { createSessions } from './sessions.js'
import type { Session } from './session.js'

interface Cart {
  items: string[]
}

function parseCart(stored: unknown): Cart {
  const { items } = stored as Cart
  if (!Array.isArray(items) || !items.every((item) => typeof item === 'string')) throw new TypeError('no cart')
  return { items }
}

function setUp() {
  const platform = testPlatform()
  const store = memoryStore({ platform })
  const events: AuthEvent[] = []
  const options = { store, platform, onEvent: (event: AuthEvent) => events.push(event) }
  const sessions = createSessions({ ...options, data: { initial: { items: [] } as Cart, parse: parseCart } })
  const signIn = async () => sessions.create({ attempt: await sessions.beginLogin('user-1'), methods: ['pwd'] })
  const add = (item: string) => (cart: Cart) => ({ items: [...cart.items, item] })
  return { platform, store, events, sessions, signIn, add, options }
}

async function verified<Data>(found: Promise<Session<Data> | null>): Promise<Session<Data>> {
  const session = await found
  if (!session) throw new Error('expected a session')
  return session
}

describe('rotate', () => {
  test('keeps the session and its id, and kills the older token at once', async () => {
    const { sessions, signIn } = setUp()
    const first = await signIn()
    const second = await sessions.rotate(first.session, { methods: ['otp'] })
    expect(second.session.id).toBe(first.session.id)
    expect(await sessions.verify(first.token)).toBeNull()
    expect((await sessions.verify(second.token))?.methods).toEqual(['otp'])
  })

  test('records when and how, and moves no absolute end', async () => {
    const { sessions, signIn, platform } = setUp()
    const { session } = await signIn()
    platform.advance(100)
    const rotated = await sessions.rotate(session, { methods: ['pwd'] })
    expect(rotated.session).toMatchObject({ createdAt: session.createdAt, authenticatedAt: session.createdAt + 100 })
  })

  test('a proof from earlier counts from then, and never from later than now', async () => {
    const { sessions, signIn, platform } = setUp()
    const { session } = await signIn()
    platform.advance(100)
    const authenticatedAt = session.createdAt + 40
    const { session: rotated } = await sessions.rotate(session, { methods: ['fed'], authenticatedAt })
    expect(rotated).toMatchObject({ authenticatedAt, methods: ['fed'], lastSeenAt: session.createdAt + 100 })
    const { session: again } = await sessions.rotate(rotated, { methods: [], authenticatedAt: authenticatedAt + 3600 })
    expect(again.authenticatedAt).toBe(session.createdAt + 100)
  })

  test('one older than what the session has changes neither when nor how', async () => {
    const { sessions, signIn } = setUp()
    const { session } = await signIn()
    const { authenticatedAt, methods } = session
    const older = { methods: ['fed'], authenticatedAt: session.createdAt - 1 }
    const rotated = await sessions.rotate(session, older)
    expect(rotated.session).toMatchObject({ authenticatedAt, methods })
    const broken = { methods: ['fed'], authenticatedAt: Number.NaN }
    await expect(sessions.rotate(rotated.session, broken)).rejects.toThrow(TypeError)
  })

  test('a session whose token is no longer current is refused', async () => {
    const { sessions, signIn } = setUp()
    const { session } = await signIn()
    await sessions.rotate(session, { methods: [] })
    await expect(sessions.rotate(session, { methods: [] })).rejects.toMatchObject({ code: 'unauthenticated' })
  })

  test('a session that ended is refused and stays ended', async () => {
    const { sessions, signIn } = setUp()
    const { session } = await signIn()
    await sessions.revoke('user-1', session.id)
    await expect(sessions.rotate(session, { methods: [] })).rejects.toMatchObject({ code: 'unauthenticated' })
    expect(await sessions.list('user-1')).toEqual([])
  })

  test('a renewal in between does not stop it', async () => {
    const { sessions, signIn, platform, add } = setUp()
    const { session, token } = await signIn()
    platform.advance(4000)
    await sessions.verify(token)
    await sessions.update(session.id, add('apple'))
    const rotated = await sessions.rotate(session, { methods: ['pwd'] })
    expect(rotated.session.data).toEqual({ items: ['apple'] })
  })

  test('neither a bare id, a listed session nor a copy is a proof', async () => {
    const { sessions, signIn } = setUp()
    const { session } = await signIn()
    const [listed] = await sessions.list('user-1')
    for (const wrong of [{ ...session }, listed, { id: session.id }]) {
      await expect(sessions.rotate(wrong as never, { methods: [] })).rejects.toMatchObject({ code: 'unauthenticated' })
    }
  })

  test('an anonymous session is not authenticated by it', async () => {
    const { sessions } = setUp()
    const { session } = await sessions.create({ attempt: null })
    await expect(sessions.rotate(session, { methods: ['pwd'] })).rejects.toMatchObject({ code: 'unauthenticated' })
  })

  test('of 25 at once exactly one gets a token', async () => {
    const { sessions, signIn } = setUp()
    const { session } = await signIn()
    const all = await Promise.allSettled(Array.from({ length: 25 }, () => sessions.rotate(session, { methods: [] })))
    expect(all.filter(({ status }) => status === 'fulfilled')).toHaveLength(1)
  })
})

describe('rotate of a session that was held for long', () => {
  test('brings none back that has ended by itself meanwhile', async () => {
    const { sessions, signIn, platform, events } = setUp()
    const { session } = await signIn()
    platform.advance(604_800)
    await expect(sessions.rotate(session, { methods: ['pwd'] })).rejects.toMatchObject({ code: 'unauthenticated' })
    expect(await sessions.list('user-1')).toEqual([])
    expect(events.at(-1)).toMatchObject({ type: 'session.rejected', reason: 'idle_expired' })
  })

  test('goes on with one that was in use elsewhere', async () => {
    const { sessions, signIn, platform } = setUp()
    const { session, token } = await signIn()
    platform.advance(604_799)
    await verified(sessions.verify(token))
    platform.advance(604_799)
    const rotated = await sessions.rotate(session, { methods: ['pwd'] })
    expect(await sessions.verify(rotated.token)).toEqual(rotated.session)
  })

  test('refuses methods that could not be read again, and changes nothing', async () => {
    const { sessions, signIn } = setUp()
    const { session, token } = await signIn()
    await expect(sessions.rotate(session, { methods: [1] as never })).rejects.toThrow(TypeError)
    expect(await sessions.verify(token)).toEqual(session)
  })
})

describe('rotate whose answer is lost', () => {
  const losing = (store: Store, replace: Store['replace']) =>
    createSessions({ store: { ...store, replace }, platform: testPlatform() })

  test('gives the token when it was written: the older one is dead', async () => {
    const { store } = setUp()
    const sessions = losing(store, async (...given) => {
      await store.replace(...given)
      throw new Error('the connection was lost')
    })
    const { session, token } = await sessions.create({ attempt: await sessions.beginLogin('user-1') })
    const rotated = await sessions.rotate(session, { methods: ['otp'] })
    expect(await sessions.verify(token)).toBeNull()
    expect(await sessions.verify(rotated.token)).toEqual(rotated.session)
  })

  test('is an outage when it was not written, or when that cannot be known', async () => {
    const { store } = setUp()
    const replace = () => Promise.reject(new Error('the connection was lost'))
    const sessions = losing(store, replace)
    const { session, token } = await sessions.create({ attempt: await sessions.beginLogin('user-1') })
    await expect(sessions.rotate(session, { methods: ['otp'] })).rejects.toThrow(StoreError)
    expect(await sessions.verify(token)).toEqual(session)
    const down = createSessions({ store: { ...store, replace, get: replace }, platform: testPlatform() })
    await expect(down.rotate(session, { methods: ['otp'] })).rejects.toThrow(StoreError)
  })

  test('is known by a fresh read, and what fails is the write', async () => {
    const { store } = setUp()
    const replace: Store['replace'] = async (...given) => {
      await store.replace(...given)
      throw new Error('the write')
    }
    const get: Store['get'] = (_kind, _key, options) => {
      throw new Error(options?.fresh ? 'the fresh read' : 'another read')
    }
    const healthy = createSessions({ store, platform: testPlatform() })
    const signIn = async () => healthy.create({ attempt: await healthy.beginLogin('user-1') })
    const stale = await signIn()
    const before = await store.get('session', stale.session.id)
    const cached = (...given: Parameters<Store['get']>) =>
      given[2]?.fresh ? store.get(...given) : Promise.resolve(before)
    const sessions = createSessions({ store: { ...store, replace, get: cached }, platform: testPlatform() })
    const rotated = await sessions.rotate(stale.session, { methods: ['otp'] })
    expect(await healthy.verify(rotated.token)).toEqual(rotated.session)
    const down = createSessions({ store: { ...store, replace, get }, platform: testPlatform() })
    const { session } = await signIn()
    await expect(down.rotate(session, { methods: [] })).rejects.toMatchObject({ cause: { message: 'the write' } })
  })
})

describe('update', () => {
  test('50 at once lose nothing', async () => {
    const { sessions, signIn, add } = setUp()
    const { session, token } = await signIn()
    await Promise.all(Array.from({ length: 50 }, (_, index) => sessions.update(session.id, add(`item ${index}`))))
    expect((await sessions.verify(token))?.data.items).toHaveLength(50)
  })

  test('another process’s write in between is a conflict, not a loss', async () => {
    const { sessions, signIn, add, options } = setUp()
    const elsewhere = createSessions({ ...options, data: { initial: { items: [] } as Cart, parse: parseCart } })
    const { session } = await signIn()
    let interfered: Promise<unknown> | undefined
    const slow = sessions.update(session.id, (cart) => {
      interfered = elsewhere.update(session.id, add('theirs'))
      return add('mine')(cart)
    })
    const [mine] = await Promise.allSettled([slow])
    const [theirs] = await Promise.allSettled([interfered])
    const outcomes = [mine?.status, theirs?.status]
    expect(outcomes.filter((status) => status === 'fulfilled').length).toBeGreaterThan(0)
    const [kept] = await sessions.list('user-1')
    expect(kept?.data.items).toHaveLength(outcomes.filter((status) => status === 'fulfilled').length)
  })

  test('a session that ended takes no data', async () => {
    const { sessions, signIn, add } = setUp()
    const { session } = await signIn()
    await sessions.revoke('user-1', session.id)
    await expect(sessions.update(session.id, add('x'))).rejects.toMatchObject({ code: 'unauthenticated' })
    expect(await sessions.list('user-1')).toEqual([])
  })

  test('a change that throws changes nothing', async () => {
    const { sessions, signIn, add } = setUp()
    const { session, token } = await signIn()
    await sessions.update(session.id, add('apple'))
    const failing = sessions.update(session.id, () => {
      throw new RangeError('no')
    })
    await expect(failing).rejects.toThrow(RangeError)
    expect((await sessions.verify(token))?.data.items).toEqual(['apple'])
  })

  test.each([
    ['what the parser refuses', { items: [1] }],
    ['what is not JSON', undefined],
    ['more than half a mebibyte', { items: ['x'.repeat(600_000)] }],
  ])('%s is refused and loses nothing', async (_, data) => {
    const { sessions, signIn, add } = setUp()
    const { session, token } = await signIn()
    await sessions.update(session.id, add('apple'))
    await expect(sessions.update(session.id, () => data as never)).rejects.toThrow(TypeError)
    expect((await sessions.verify(token))?.data.items).toEqual(['apple'])
  })

  test('without data of the app there is nothing to change', async () => {
    const sessions = createSessions({ store: memoryStore() })
    await expect(sessions.update('x'.repeat(22), () => null)).rejects.toThrow(TypeError)
  })
})

describe('session data', () => {
  test('each reader gets a copy of its own', async () => {
    const { sessions, signIn } = setUp()
    const { token } = await signIn()
    const first = await verified(sessions.verify(token))
    first.data.items.push('scribble')
    expect((await sessions.verify(token))?.data.items).toEqual([])
    expect((await sessions.create({ attempt: null })).session.data.items).toEqual([])
  })

  test('what the parser refuses is reset, told, and signs nobody out', async () => {
    const { sessions, signIn, add, options, events } = setUp()
    const { session, token } = await signIn()
    await sessions.update(session.id, add('apple'))
    const parse = (stored: unknown): { total: number } => {
      const { total } = stored as { total: number }
      if (typeof total !== 'number') throw new TypeError('no total')
      return { total }
    }
    const changed = createSessions({ ...options, data: { initial: { total: 0 }, parse } })
    expect(await changed.verify(token)).toMatchObject({ userId: 'user-1', data: { total: 0 } })
    expect(events.map(({ type }) => type)).toContain('session.data_reset')
  })

  test('an initial value that the parser refuses is a ConfigError', () => {
    const make = (): unknown =>
      createSessions({ store: memoryStore(), data: { initial: { items: 1 } as never, parse: parseCart } })
    expect(make).toThrow(ConfigError)
  })
})
