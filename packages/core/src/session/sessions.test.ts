import { countingStore, testPlatform } from '@tessera-auth/testing'
import { describe, expect, test, vi } from 'vitest'
import { ConfigError, StoreError } from '../errors.js'
import type { AuthEvent } from '../events.js'
import { memoryStore } from '../store/memory-store.js'
import { createLoginRecords } from '../store/login-records.js'
import type { Store } from '../store/store.js'
import { internalsOf } from './session-internals.js'
import { createSessions, type SessionsOptions } from './sessions.js'

function setUp(options: Partial<SessionsOptions> = {}) {
  const platform = testPlatform()
  const store = memoryStore({ platform })
  const events: AuthEvent[] = []
  const sessions = createSessions({ store, platform, onEvent: (event) => events.push(event), ...options })
  const signIn = async (userId = 'user-1') =>
    sessions.create({ attempt: await sessions.beginLogin(userId), methods: ['pwd'] })
  return { platform, store, events, sessions, signIn }
}

describe('createSessions', () => {
  test.each([
    ['store', { store: {} }],
    ['store', { store: null }],
    ['idleTimeoutSeconds', { idleTimeoutSeconds: 0 }],
    ['idleTimeoutSeconds', { idleTimeoutSeconds: 1.5 }],
    ['idleTimeoutSeconds', { idleTimeoutSeconds: '60' }],
    ['absoluteTimeoutSeconds', { absoluteTimeoutSeconds: Number.NaN }],
    ['touchIntervalSeconds', { idleTimeoutSeconds: 60, touchIntervalSeconds: 60 }],
    ['maxSessionsPerUser', { maxSessionsPerUser: 0 }],
    ['storeTimeoutSeconds', { storeTimeoutSeconds: -1 }],
    ['onEvent', { onEvent: 'log' }],
    ['data', { data: {} }],
  ])('refuses a bad %s and names it', (name, options) => {
    const make = (): unknown => createSessions({ store: memoryStore(), ...(options as object) })
    expect(make).toThrow(ConfigError)
    expect(make).toThrow(new RegExp(`^${name}`))
  })

  test('never puts a received value into the message', () => {
    const make = (): unknown => createSessions({ store: memoryStore(), onEvent: 'a secret' as never })
    expect(make).toThrow(/received string$/)
  })
})

describe('create and verify', () => {
  test('the token opens the session and nothing else does', async () => {
    const { sessions, signIn } = setUp()
    const { token, session } = await signIn()
    expect(await sessions.verify(token)).toEqual(session)
    const [id, verifier] = token.split('.')
    for (const wrong of ['', id, verifier, `${id}.`, `${id}.${'A'.repeat(43)}`, `${token}=`, ` ${token}`, session.id]) {
      expect(await sessions.verify(wrong ?? '')).toBeNull()
    }
  })

  test.each([undefined, null, 7, {}, [], Symbol('x')])('what is no text (%s) opens nothing', async (wrong) => {
    const { sessions } = setUp()
    expect(await sessions.verify(wrong as never)).toBeNull()
  })

  test.each([
    { authenticatedAt: 1_700_000_000.5 },
    { authenticatedAt: Number.NaN },
    { absoluteTimeoutSeconds: 0.5 },
    { absoluteTimeoutSeconds: Number.NaN },
    { absoluteTimeoutSeconds: 0 },
    { absoluteTimeoutSeconds: -5 },
    { methods: [1] },
    { remember: 'no' },
  ])('a sign-in with %j is refused, and nothing is stored', async (options) => {
    const { sessions, store } = setUp()
    const attempt = await sessions.beginLogin('user-1')
    await expect(sessions.create({ attempt, ...(options as object) })).rejects.toThrow(TypeError)
    expect(await store.listByOwner('session', 'user-1')).toEqual([])
  })

  test('a listener of events that rejects harms nobody', async () => {
    const unhandled = vi.fn()
    process.on('unhandledRejection', unhandled)
    const onEvent = vi.fn(() => Promise.reject(new Error('the disk is full')))
    const { sessions } = setUp({ onEvent })
    expect(await sessions.verify('x')).toBeNull()
    await new Promise((resolve) => setImmediate(resolve))
    process.off('unhandledRejection', unhandled)
    expect([onEvent.mock.calls.length, unhandled.mock.calls.length]).toEqual([1, 0])
  })

  test('one flipped character anywhere refuses the token', async () => {
    const { sessions, signIn } = setUp()
    const { token } = await signIn()
    for (let at = 0; at < token.length; at += 1) {
      const flipped = token.slice(0, at) + (token[at] === 'A' ? 'B' : 'A') + token.slice(at + 1)
      expect(await sessions.verify(flipped)).toBeNull()
    }
  })

  test('two sign-ins never get the same token or id', async () => {
    const { signIn } = setUp()
    const made = await Promise.all(Array.from({ length: 500 }, () => signIn()))
    expect(new Set(made.map(({ token }) => token)).size).toBe(500)
    expect(new Set(made.map(({ session }) => session.id)).size).toBe(500)
  })

  test('the store holds only a digest of the token', async () => {
    const { store, signIn } = setUp()
    const { token, session } = await signIn()
    const text = JSON.stringify(await store.get('session', session.id))
    expect(text).not.toContain(token)
    expect(text).not.toContain(token.split('.')[1])
  })

  test('an attempt of nobody never signs in', async () => {
    const { sessions } = setUp()
    const attempt = await sessions.beginLogin(null)
    await expect(sessions.create({ attempt })).rejects.toMatchObject({ code: 'unauthenticated' })
  })

  test('what is no attempt makes no session, an anonymous one neither', async () => {
    const { sessions } = setUp()
    const attempt = 'user-1' as never
    await expect(sessions.create({ attempt })).rejects.toMatchObject({ code: 'unauthenticated' })
  })

  test('a login imported from elsewhere is as old as its proof, and never newer than now', async () => {
    const { sessions, platform } = setUp()
    const make = async (authenticatedAt: number) =>
      (await sessions.create({ attempt: await sessions.beginLogin('u'), authenticatedAt })).session.authenticatedAt
    expect(await make(platform.now() - 500)).toBe(platform.now() - 500)
    expect(await make(platform.now() + 500)).toBe(platform.now())
  })

  test('a session without an attempt is an anonymous visitor’s', async () => {
    const { sessions } = setUp()
    const { session, token } = await sessions.create({ attempt: null })
    expect(session).toMatchObject({ userId: null, authenticatedAt: null })
    expect((await sessions.verify(token))?.userId).toBeNull()
  })

  test.each(['', '\0', 'x'.repeat(256), '\ud800', 7])('the user id %j is refused', async (userId) => {
    const { sessions } = setUp()
    await expect(sessions.beginLogin(userId as never)).rejects.toThrow(TypeError)
  })

  test('a record that is no session is nobody’s', async () => {
    const { sessions, store, signIn } = setUp()
    const { token, session } = await signIn()
    const entry = await store.get('session', session.id)
    for (const value of ['', '{', 'null', '[]', '{"v":2}', '{"v":1,"hash":7}']) {
      const found = await store.get('session', session.id)
      await store.replace({ ...(entry as NonNullable<typeof entry>), value, version: value }, found?.version ?? '')
      expect(await sessions.verify(token)).toBeNull()
    }
  })

  test('a refusal is told to the audit stream with its reason and without the token', async () => {
    const { sessions, events, signIn, platform } = setUp()
    const { token, session } = await signIn()
    await sessions.verify('nonsense')
    await sessions.verify(`${'x'.repeat(22)}.${'y'.repeat(43)}`)
    await sessions.verify(`${session.id}.${'y'.repeat(43)}`)
    platform.advance(604_800)
    await sessions.verify(token)
    const rejected = events.filter(({ type }) => type === 'session.rejected').map(({ reason }) => reason)
    expect(rejected).toEqual(['malformed', 'unknown', 'mismatch', 'idle_expired'])
    expect(JSON.stringify(events)).not.toContain(token.split('.')[1])
  })

  test('a listener that throws fails no request', async () => {
    const { signIn } = setUp({
      onEvent: () => {
        throw new Error('disk full')
      },
    })
    expect((await signIn()).session.userId).toBe('user-1')
  })
})

describe('the end of a session', () => {
  test('unused, it ends at the idle timeout to the second', async () => {
    const { sessions, signIn, platform } = setUp({ idleTimeoutSeconds: 60 })
    const { token } = await signIn()
    platform.advance(59)
    expect(await sessions.verify(token)).not.toBeNull()
    platform.advance(60)
    expect(await sessions.verify(token)).toBeNull()
  })

  test('used every minute, it ends at the absolute timeout', async () => {
    const { sessions, signIn, platform } = setUp({ idleTimeoutSeconds: 120, absoluteTimeoutSeconds: 600 })
    const { token } = await signIn()
    for (let minute = 1; minute < 10; minute += 1) {
      platform.advance(60)
      expect(await sessions.verify(token)).not.toBeNull()
    }
    platform.advance(60)
    expect(await sessions.verify(token)).toBeNull()
  })

  test('a login may ask for a shorter life than configured, never for a longer one', async () => {
    const { sessions, platform } = setUp({ absoluteTimeoutSeconds: 600 })
    const make = async (absoluteTimeoutSeconds: number) =>
      sessions.create({ attempt: await sessions.beginLogin('u'), absoluteTimeoutSeconds })
    const [short, long] = [await make(60), await make(6000)]
    platform.advance(60)
    expect(await sessions.verify(short.token)).toBeNull()
    expect(await sessions.verify(long.token)).not.toBeNull()
    platform.advance(540)
    expect(await sessions.verify(long.token)).toBeNull()
  })

  test('a shorter policy holds for sessions made before it', async () => {
    const { signIn, platform, store } = setUp()
    const { token } = await signIn()
    const strict = createSessions({ store, platform, idleTimeoutSeconds: 60 })
    platform.advance(61)
    expect(await strict.verify(token)).toBeNull()
  })

  test.each([undefined, { fresh: true }])(
    'a session that ended by a shorter policy has ended for good: a refresh does not bring it back (%j)',
    async (how) => {
      const { signIn, platform, store } = setUp()
      const { session, token } = await signIn()
      const strict = createSessions({ store, platform, idleTimeoutSeconds: 60 })
      platform.advance(61)
      expect(await internalsOf(strict).lookUp(token, how)).toBeNull()
      expect(await createLoginRecords(store, platform).use(session.id)).toBe(false)
      expect(await strict.verify(token)).toBeNull()
    },
  )

  test('it is refused where its record cannot be removed, and kept where it was used meanwhile', async () => {
    const { sessions, signIn, platform, store } = setUp()
    const { token } = await signIn()
    const strict = (remove: Store['remove']) =>
      createSessions({ store: { ...store, remove }, platform, idleTimeoutSeconds: 60 })
    platform.advance(4000)
    expect(await strict(() => Promise.reject(new Error('down'))).verify(token)).toBeNull()
    const used = strict(async (...given) => {
      await sessions.verify(token)
      return store.remove(...given)
    })
    expect(await used.verify(token)).toBeNull()
    expect(await sessions.verify(token)).not.toBeNull()
  })

  test('the refusal of a session that ended by itself costs no write', async () => {
    const { signIn, platform, store } = setUp({ idleTimeoutSeconds: 60 })
    const { token } = await signIn()
    platform.advance(61)
    const counted = countingStore(store)
    expect(await createSessions({ store: counted, platform, idleTimeoutSeconds: 60 }).verify(token)).toBeNull()
    expect(counted.takeCounts().writes).toBe(0)
  })

  test('a stranger’s token with its id ends none', async () => {
    const { sessions, signIn, platform, store } = setUp()
    const { session, token } = await signIn()
    const strict = createSessions({ store, platform, idleTimeoutSeconds: 60 })
    platform.advance(61)
    expect(await strict.verify(`${session.id}.${'y'.repeat(43)}`)).toBeNull()
    expect(await sessions.verify(token)).not.toBeNull()
  })

  test('expiresAt is the earlier of the idle and the absolute end', async () => {
    const { signIn, platform, sessions } = setUp({ idleTimeoutSeconds: 100, absoluteTimeoutSeconds: 150 })
    const { session, token } = await signIn()
    expect(session.expiresAt).toBe(session.createdAt + 100)
    platform.advance(60)
    expect((await sessions.verify(token))?.expiresAt).toBe(session.createdAt + 150)
  })

  test('a clock that steps back signs nobody out', async () => {
    const { signIn, platform, store } = setUp()
    const { token } = await signIn()
    const behind = { ...platform, now: () => platform.now() - 3600 }
    expect(await createSessions({ store, platform: behind }).verify(token)).not.toBeNull()
  })
})

describe('an outage', () => {
  const broken = (store: Store, fails: Partial<Record<keyof Store, true>>): Store =>
    new Proxy(store, {
      get: (target, name: keyof Store) => (fails[name] ? () => Promise.reject(new Error('down')) : target[name]),
    })

  test('of reads is a StoreError, never a signed-out visitor', async () => {
    const { store, platform, signIn } = setUp()
    const { token } = await signIn()
    const sessions = createSessions({ store: broken(store, { get: true }), platform })
    await expect(sessions.verify(token)).rejects.toThrow(StoreError)
    await expect(sessions.verify(token)).rejects.toMatchObject({ code: 'unavailable', status: 503 })
  })

  test('of the write that renews leaves the user signed in', async () => {
    const { store, platform, signIn } = setUp()
    const { token } = await signIn()
    const sessions = createSessions({ store: broken(store, { replace: true }), platform })
    platform.advance(4000)
    expect((await sessions.verify(token))?.userId).toBe('user-1')
  })

  test('of the insert’s answer leaves no session that nobody holds', async () => {
    const { store, platform } = setUp()
    const insert: Store['insert'] = async (entry) => {
      await store.insert(entry)
      throw new Error('the connection was lost')
    }
    const sessions = createSessions({ store: { ...store, insert }, platform })
    const attempt = await sessions.beginLogin('user-1')
    await expect(sessions.create({ attempt })).rejects.toThrow(StoreError)
    expect(await store.listByOwner('session', 'user-1')).toEqual([])
  })

  test('after the insert withdraws the session', async () => {
    const { store, platform } = setUp()
    const sessions = createSessions({ store: broken(store, { listByOwner: true }), platform })
    const attempt = await sessions.beginLogin('user-1')
    await expect(sessions.create({ attempt })).rejects.toThrow(StoreError)
    expect(await store.listByOwner('session', 'user-1')).toEqual([])
  })
})
