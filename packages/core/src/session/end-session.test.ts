import { testPlatform } from '@tessera-auth/testing'
import { describe, expect, test, vi } from 'vitest'
import { StoreError } from '../errors.js'
import { memoryStore } from '../store/memory-store.js'
import type { Entry, Store } from '../store/store.js'
import { createSessions, type SessionsOptions } from './sessions.js'

function setUp(options: Partial<SessionsOptions> = {}) {
  const platform = testPlatform()
  const store = memoryStore({ platform })
  const sessions = createSessions({ store, platform, ...options })
  const signIn = async (userId = 'user-1') => sessions.create({ attempt: await sessions.beginLogin(userId) })
  const addFamily = (key: string, owner: string, sessionId: string | null) =>
    store.insert({
      kind: 'refresh-family',
      key,
      owner,
      value: JSON.stringify({ sessionId }),
      version: key,
      expiresAt: null,
    })
  return { platform, store, sessions, signIn, addFamily }
}

describe('list', () => {
  test('shows the living sessions of one user, newest first', async () => {
    const { sessions, signIn, platform } = setUp({ idleTimeoutSeconds: 100 })
    await signIn()
    platform.advance(50)
    const second = await signIn()
    platform.advance(25)
    const third = await signIn()
    await signIn('user-2')
    platform.advance(25)
    expect((await sessions.list('user-1')).map(({ id }) => id)).toEqual([third.session.id, second.session.id])
  })

  test('shows those of one second newest first too', async () => {
    const { sessions, signIn } = setUp()
    const made = []
    for (let count = 0; count < 5; count += 1) made.push((await signIn()).session.id)
    expect((await sessions.list('user-1')).map(({ id }) => id)).toEqual(made.toReversed())
  })

  test('shows no token and no digest', async () => {
    const { sessions, signIn } = setUp()
    const { token } = await signIn()
    const text = JSON.stringify(await sessions.list('user-1'))
    expect(text).not.toContain(token.split('.')[1])
    expect(text).not.toContain('hash')
  })
})

describe('revoke', () => {
  test('ends the session at once and says so once', async () => {
    const { sessions, signIn } = setUp()
    const { session, token } = await signIn()
    expect(await sessions.revoke('user-1', session.id)).toBe(true)
    expect(await sessions.verify(token)).toBeNull()
    expect(await sessions.revoke('user-1', session.id)).toBe(false)
  })

  test('deleting the record by hand is enough', async () => {
    const { sessions, signIn, store } = setUp()
    const { session, token } = await signIn()
    await store.remove('session', session.id)
    expect(await sessions.verify(token)).toBeNull()
  })

  test('what is not one’s own is not found and lives on', async () => {
    const { sessions, signIn, store } = setUp()
    const { session, token } = await signIn()
    await sessions.revokeAll('user-2')
    const [owner] = await store.listByOwner('session', 'user-2')
    for (const id of [session.id, '', '../x', '\0', 'x'.repeat(22), 'x'.repeat(100_000), owner?.key ?? '']) {
      expect(await sessions.revoke('user-2', id)).toBe(false)
    }
    expect(await sessions.verify(token)).not.toBeNull()
  })

  test('ends the refresh families made from it, and no others', async () => {
    const { sessions, signIn, store, addFamily } = setUp()
    const [ended, other] = [await signIn(), await signIn()]
    await addFamily('a', 'user-1', ended.session.id)
    await addFamily('b', 'user-1', other.session.id)
    await addFamily('c', 'user-1', null)
    await sessions.revoke('user-1', ended.session.id)
    expect((await store.listByOwner('refresh-family', 'user-1')).map(({ key }) => key)).toEqual(['b', 'c'])
  })
})

describe('a record that this release cannot read, as beside a newer one', () => {
  async function rewrite(store: Store, found: Entry | null | undefined): Promise<void> {
    if (!found) throw new Error('expected a record')
    await store.replace({ ...found, value: '{"v":2}', version: 'newer' }, found.version)
  }

  test('is ended by revoke and by revokeAll all the same', async () => {
    const { sessions, signIn, store } = setUp()
    const [one] = [await signIn(), await signIn()]
    for (const entry of await store.listByOwner('session', 'user-1')) await rewrite(store, entry)
    expect(await sessions.revoke('user-2', one.session.id)).toBe(false)
    expect(await sessions.revoke('user-1', one.session.id)).toBe(true)
    expect(await sessions.revokeAll('user-1')).toBe(1)
    expect((await store.listByOwner('session', 'user-1')).length).toBe(1)
  })

  test('is ended by its provider’s logout, and an unreadable index of those logins is an outage', async () => {
    const { sessions, store } = setUp()
    const providerLogin = { issuer: 'https://id.example', subject: 'sub-1', providerSessionId: null }
    const { session } = await sessions.create({ attempt: await sessions.beginLogin('user-1'), providerLogin })
    await rewrite(store, await store.get('session', session.id))
    const index = await store.get('provider-login', `sub.${session.id}`)
    await rewrite(store, index)
    await expect(sessions.revokeProviderLogin(providerLogin)).rejects.toThrow(StoreError)
    if (index) await store.replace({ ...index, version: 'older' }, 'newer')
    expect(await sessions.revokeProviderLogin(providerLogin)).toBe(1)
    expect(await store.get('session', session.id)).toBeNull()
  })
})

describe('revokeAll', () => {
  test('ends every session but the one named, and tells how many', async () => {
    const { sessions, signIn } = setUp()
    const [kept, ...others] = [await signIn(), await signIn(), await signIn()]
    const stranger = await signIn('user-2')
    expect(await sessions.revokeAll('user-1', { except: kept.session })).toBe(2)
    expect(await sessions.verify(kept.token)).not.toBeNull()
    expect(await sessions.verify(stranger.token)).not.toBeNull()
    for (const { token } of others) expect(await sessions.verify(token)).toBeNull()
    expect(await sessions.revokeAll('user-1')).toBe(1)
    expect(await sessions.revokeAll('user-1')).toBe(0)
  })

  test('ends all refresh families, the kept session’s too', async () => {
    const { sessions, signIn, store, addFamily } = setUp()
    const { session } = await signIn()
    await addFamily('a', 'user-1', session.id)
    await addFamily('b', 'user-1', null)
    await sessions.revokeAll('user-1', { except: session })
    expect(await store.listByOwner('refresh-family', 'user-1')).toEqual([])
  })

  test('a login that began before it is not let in after it, within the same second too', async () => {
    const { sessions, signIn } = setUp()
    const attempts = [await sessions.beginLogin('user-1')]
    await signIn()
    attempts.push(await sessions.beginLogin('user-1'))
    await sessions.revokeAll('user-1')
    for (const attempt of attempts) {
      await expect(sessions.create({ attempt })).rejects.toMatchObject({ code: 'unauthenticated' })
    }
    expect(await sessions.list('user-1')).toEqual([])
    expect((await signIn()).session.userId).toBe('user-1')
  })

  test('one that was killed halfway is finished by the next sign-in', async () => {
    const { sessions, signIn, store, platform } = setUp()
    const { token } = await signIn()
    const dying = createSessions({
      platform,
      store: { ...store, remove: () => Promise.reject(new Error('killed')) },
    })
    await expect(dying.revokeAll('user-1')).rejects.toThrow()
    expect(await sessions.verify(token)).not.toBeNull()
    const fresh = await signIn()
    expect(await sessions.verify(token)).toBeNull()
    expect(await sessions.verify(fresh.token)).not.toBeNull()
  })

  test('one that was killed halfway is finished by the next look at the list', async () => {
    const { sessions, signIn, store, platform } = setUp()
    await signIn()
    const dying = createSessions({ platform, store: { ...store, remove: () => Promise.reject(new Error('killed')) } })
    await expect(dying.revokeAll('user-1')).rejects.toThrow()
    expect(await sessions.list('user-1')).toEqual([])
  })
})

describe('maxSessionsPerUser', () => {
  test('is a hundred unless said otherwise', async () => {
    const { sessions, signIn } = setUp()
    for (let count = 0; count < 101; count += 1) await signIn()
    expect(await sessions.list('user-1')).toHaveLength(100)
  })

  test('ends the refresh families of what it ends, and tells of each session once', async () => {
    const ended: (string | null)[] = []
    const { sessions, signIn, store, addFamily } = setUp({
      maxSessionsPerUser: 1,
      onEvent: ({ type, reason, sessionId }) =>
        void (type === 'session.revoked' && ended.push(`${reason} ${sessionId}`)),
    })
    const first = await signIn()
    await addFamily('a', 'user-1', first.session.id)
    await addFamily('b', 'user-1', null)
    const second = await signIn()
    await addFamily('c', 'user-1', second.session.id)
    expect((await store.listByOwner('refresh-family', 'user-1')).map(({ key }) => key)).toEqual(['b', 'c'])
    await Promise.allSettled([signIn(), signIn(), signIn()])
    await sessions.revokeAll('user-1')
    expect(ended[0]).toBe(`limit ${first.session.id}`)
    expect(new Set(ended).size).toBe(ended.length)
  })

  test('at one more sign-in the oldest ends', async () => {
    const { sessions, signIn, platform } = setUp({ maxSessionsPerUser: 2 })
    const made = []
    for (let count = 0; count < 4; count += 1) {
      made.push(await signIn())
      platform.advance(1)
    }
    const living = await sessions.list('user-1')
    expect(living.map(({ id }) => id)).toEqual([made[3]?.session.id, made[2]?.session.id])
  })

  test('within one second the oldest ends too', async () => {
    const { sessions, signIn } = setUp({ maxSessionsPerUser: 2 })
    const made = [await signIn(), await signIn(), await signIn()]
    const living = await sessions.list('user-1')
    expect(living.map(({ id }) => id)).toEqual([made[2]?.session.id, made[1]?.session.id])
  })

  test('a session that has ended by itself is none of them', async () => {
    const { sessions, signIn, platform } = setUp({
      maxSessionsPerUser: 2,
      idleTimeoutSeconds: 60,
      touchIntervalSeconds: 0,
    })
    const used = await signIn()
    platform.advance(1)
    const idle = await signIn()
    for (let minute = 0; minute < 3; minute += 1) {
      platform.advance(50)
      expect(await sessions.verify(used.token)).not.toBeNull()
    }
    const latest = await signIn()
    expect(await sessions.verify(idle.token)).toBeNull()
    const living = await sessions.list('user-1')
    expect(living.map(({ id }) => id)).toEqual([latest.session.id, used.session.id])
  })

  test('"sign out everywhere" before does not count as a session', async () => {
    const { sessions, signIn } = setUp({ maxSessionsPerUser: 2 })
    await sessions.revokeAll('user-1')
    await signIn()
    await signIn()
    expect(await sessions.list('user-1')).toHaveLength(2)
  })
})

describe('purge', () => {
  test('removes what expired over five minutes ago, in batches', async () => {
    const { sessions, signIn, platform, store } = setUp({ idleTimeoutSeconds: 60 })
    for (let count = 0; count < 5; count += 1) await signIn()
    platform.advance(359)
    expect(await sessions.purge()).toBe(0)
    platform.advance(1)
    expect(await sessions.purge({ limit: 3 })).toBe(3)
    expect(await sessions.purge({ limit: 3 })).toBe(2)
    expect(await store.listByOwner('session', 'user-1')).toEqual([])
  })
})

describe('onRevoked', () => {
  test('calls back once when the session has ended, and not before', async () => {
    const { sessions, signIn, platform } = setUp()
    const { session } = await signIn()
    const callback = vi.fn()
    sessions.onRevoked(session.id, callback)
    platform.advance(11)
    await new Promise((resolve) => setImmediate(resolve))
    expect(callback).not.toHaveBeenCalled()
    await sessions.revoke('user-1', session.id)
    platform.advance(11)
    await vi.waitFor(() => expect(callback).toHaveBeenCalledTimes(1))
  })

  test('a callback that rejects harms nobody', async () => {
    const { sessions, signIn, platform } = setUp()
    const { session } = await signIn()
    const callback = vi.fn(() => Promise.reject(new Error('the socket is gone')))
    const unhandled = vi.fn()
    process.on('unhandledRejection', unhandled)
    sessions.onRevoked(session.id, callback)
    await sessions.revoke('user-1', session.id)
    platform.advance(11)
    await vi.waitFor(() => expect(callback).toHaveBeenCalledTimes(1))
    await new Promise((resolve) => setImmediate(resolve))
    process.off('unhandledRejection', unhandled)
    expect(unhandled).not.toHaveBeenCalled()
  })

  test('after the unsubscribe it is silent', async () => {
    const { sessions, signIn, platform } = setUp()
    const { session } = await signIn()
    const callback = vi.fn()
    sessions.onRevoked(session.id, callback)()
    await sessions.revoke('user-1', session.id)
    platform.advance(60)
    await new Promise((resolve) => setImmediate(resolve))
    expect(callback).not.toHaveBeenCalled()
  })
})

describe('revokeProviderLogin (OpenID Connect Back-Channel Logout 1.0 §2.7)', () => {
  const issuer = 'https://id.example'
  const login = (subject: string, providerSessionId: string | null, issuedAt = 0) => ({
    issuer,
    subject,
    providerSessionId,
    issuedAt,
  })

  test('ends the logins of one provider session, not the subject’s others', async () => {
    const { sessions } = setUp()
    const signIn = async (sid: string) =>
      sessions.create({ attempt: await sessions.beginLogin('user-1'), providerLogin: login('sub-1', sid) })
    const [ended, other] = [await signIn('sid-1'), await signIn('sid-2')]
    expect(await sessions.revokeProviderLogin({ issuer, subject: 'sub-1', providerSessionId: 'sid-1' })).toBe(1)
    expect(await sessions.verify(ended.token)).toBeNull()
    expect(await sessions.verify(other.token)).not.toBeNull()
  })

  test('without a provider session it ends all logins of the subject at that issuer', async () => {
    const { sessions } = setUp()
    const signIn = async (from: string, subject: string) =>
      sessions.create({
        attempt: await sessions.beginLogin('user-1'),
        providerLogin: { issuer: from, subject, providerSessionId: null, issuedAt: 0 },
      })
    await signIn(issuer, 'sub-1')
    const others = [await signIn('https://other.example', 'sub-1'), await signIn(issuer, 'sub-2')]
    expect(await sessions.revokeProviderLogin({ issuer, subject: 'sub-1', providerSessionId: null })).toBe(1)
    for (const { token } of others) expect(await sessions.verify(token)).not.toBeNull()
  })

  test('a sign-in that was under way when its provider session ended is not let in', async () => {
    const { sessions } = setUp()
    const attempt = await sessions.beginLogin('user-1')
    await sessions.revokeProviderLogin({ issuer, subject: null, providerSessionId: 'sid-1' })
    const creating = sessions.create({ attempt, providerLogin: login('sub-1', 'sid-1') })
    await expect(creating).rejects.toMatchObject({ code: 'unauthenticated' })
    expect(await sessions.list('user-1')).toEqual([])
  })

  test('a logout of the subject refuses ID tokens up to its own time, and lets newer ones in', async () => {
    const { sessions, platform } = setUp()
    const issuedAt = platform.now()
    await sessions.revokeProviderLogin({ issuer, subject: 'sub-1', providerSessionId: null, issuedAt })
    const create = async (at: number) =>
      sessions.create({ attempt: await sessions.beginLogin('user-1'), providerLogin: login('sub-1', null, at) })
    await expect(create(issuedAt)).rejects.toMatchObject({ code: 'unauthenticated' })
    expect((await create(issuedAt + 1)).session.userId).toBe('user-1')
  })
})
