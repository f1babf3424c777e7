import { describe, expect, test } from 'vitest'
import { testPlatform } from '@tessera-auth/testing'
import { createAuthenticator } from '../http/index.js'
import { createSessions, type Sessions, type SessionWithToken } from '../session/index.js'
import { cachedStore } from './cached-store.js'
import { type GatedStore, gatedStore, settled } from './fixtures/gated-store.js'
import { manualBus } from './fixtures/manual-bus.js'
import { memoryStore } from './memory-store.js'

const maxStalenessSeconds = 10
const idleTimeoutSeconds = 1_000

/** Two servers with a cache each over one store; the bus delivers when a test says so, that is: mostly never. */
async function setUp() {
  const platform = testPlatform()
  const backend = memoryStore({ platform })
  const { bus, deliverAll, messages } = manualBus()
  const start = (): { gate: GatedStore; sessions: Sessions } => {
    const gate = gatedStore(backend)
    const store = cachedStore(gate.store, { platform, bus, maxStalenessSeconds })
    return { gate, sessions: createSessions({ store, platform, idleTimeoutSeconds, touchIntervalSeconds: 100 }) }
  }
  const [here, there] = [start(), start()]
  const login = await here.sessions.create({ attempt: await here.sessions.beginLogin('user-1'), methods: ['pwd'] })
  // Both servers hold a copy, and what was published meanwhile is lost.
  await here.sessions.verify(login.token)
  await there.sessions.verify(login.token)
  messages.length = 0
  return { platform, here, there, login, deliverAll, loseAll: () => void (messages.length = 0) }
}

async function rotate(sessions: Sessions, token: string): Promise<SessionWithToken> {
  const session = await sessions.verify(token)
  if (!session) throw new Error('not signed in')
  return sessions.rotate(session, { methods: ['otp'] })
}

describe('sessions over two caches', () => {
  test('a check of a known session reads nothing', async () => {
    const { there, login } = await setUp()
    const before = there.gate.counts.get
    for (let i = 0; i < 50; i += 1) expect(await there.sessions.verify(login.token)).not.toBeNull()
    expect(there.gate.counts.get).toBe(before)
  })

  test('a rotated token is accepted at once by a server that holds the copy from before', async () => {
    const { here, there, login } = await setUp()
    const rotated = await rotate(here.sessions, login.token)
    expect(await there.sessions.verify(rotated.token)).toMatchObject({ id: login.session.id, methods: ['otp'] })
  })

  test('the token from before is dead at once where it was rotated, elsewhere with the message or the bound', async () => {
    const { here, there, login, platform, loseAll } = await setUp()
    await rotate(here.sessions, login.token)
    loseAll()
    expect(await here.sessions.verify(login.token)).toBeNull()
    platform.advance(maxStalenessSeconds + 0.001)
    expect(await there.sessions.verify(login.token)).toBeNull()
  })

  test('a revoked session is refused at once where it was revoked, and elsewhere once the message is there', async () => {
    const { here, there, login, deliverAll } = await setUp()
    expect(await here.sessions.revoke('user-1', login.session.id)).toBe(true)
    expect(await here.sessions.verify(login.token)).toBeNull()
    deliverAll()
    expect(await there.sessions.verify(login.token)).toBeNull()
  })

  test('a revoked session is refused at the bound when the message is lost, however often it is used', async () => {
    const { here, there, login, platform, loseAll } = await setUp()
    await here.sessions.revoke('user-1', login.session.id)
    loseAll()
    for (let second = 0; second < maxStalenessSeconds; second += 1) {
      await there.sessions.verify(login.token)
      platform.advance(1)
    }
    platform.advance(0.001)
    expect(await there.sessions.verify(login.token)).toBeNull()
  })

  test('a session that was renewed elsewhere is not refused as idle because of an old copy', async () => {
    const { here, there, login, platform } = await setUp()
    platform.advance(idleTimeoutSeconds - 5)
    // Leaves a copy there that is five seconds before its end.
    await there.sessions.verify(`${login.session.id}.${'A'.repeat(43)}`)
    await here.sessions.verify(login.token)
    platform.advance(8)
    expect(await there.sessions.verify(login.token)).not.toBeNull()
  })

  test('a wrong verifier for a known id is confirmed by a fresh read; a hundred at once share two', async () => {
    const { there, login } = await setUp()
    const before = there.gate.counts.get
    const wrong = `${login.session.id}.${'A'.repeat(43)}`
    const answers = await Promise.all(Array.from({ length: 100 }, () => there.sessions.verify(wrong)))
    expect(answers.every((answer) => answer === null)).toBe(true)
    expect(there.gate.counts.get - before).toBe(2)
    expect(await there.sessions.verify(login.token)).not.toBeNull()
  })

  test('an unknown id is read once per bound', async () => {
    const { there, platform } = await setUp()
    const before = there.gate.counts.get
    const unknown = `${'B'.repeat(22)}.${'A'.repeat(43)}`
    for (let i = 0; i < 10; i += 1) expect(await there.sessions.verify(unknown)).toBeNull()
    expect(there.gate.counts.get - before).toBe(1)
    platform.advance(maxStalenessSeconds + 0.001)
    await there.sessions.verify(unknown)
    expect(there.gate.counts.get - before).toBe(2)
  })

  test('onRevoked is called with the message, and at the bound without one', async () => {
    const { here, there, login, platform, deliverAll } = await setUp()
    const other = await here.sessions.create({ attempt: await here.sessions.beginLogin('user-1'), methods: ['pwd'] })
    const closed: string[] = []
    there.sessions.onRevoked(login.session.id, () => closed.push('told'))
    there.sessions.onRevoked(other.session.id, () => closed.push('looked'))
    await here.sessions.revoke('user-1', login.session.id)
    deliverAll()
    await settled()
    expect(closed).toEqual(['told'])
    await here.sessions.revoke('user-1', other.session.id)
    platform.advance(maxStalenessSeconds)
    await settled()
    expect(closed).toEqual(['told', 'looked'])
  })
})

describe('two apps over one cache', () => {
  test('each tells of a session what its own policy and its own data make of it, however often it is asked', async () => {
    const platform = testPlatform()
    const store = cachedStore(memoryStore({ platform }), { platform })
    const short = createSessions({ store, platform, idleTimeoutSeconds: 1000 })
    const long = createSessions({ store, platform, idleTimeoutSeconds: 9000 })
    const withData = createSessions({ store, platform, data: { initial: { cart: 0 }, parse: (stored) => stored } })
    const { token } = await short.create({ attempt: await short.beginLogin('ann') })
    for (const round of [1, 2, 3]) {
      expect((await short.verify(token))?.expiresAt, `round ${round}`).toBe(platform.now() + 1000)
      expect((await long.verify(token))?.expiresAt, `round ${round}`).toBe(platform.now() + 9000)
      expect((await withData.verify(token))?.data, `round ${round}`).toEqual({ cart: 0 })
    }
  })
})

describe('what is remembered of a session in the cache', () => {
  test('goes on to its touch interval and no further: the use is written down at that second', async () => {
    const { there, login, platform } = await setUp()
    platform.advance(95)
    expect(await there.sessions.verify(login.token)).toMatchObject({ lastSeenAt: login.session.createdAt })
    platform.advance(4)
    await there.sessions.verify(login.token)
    expect(there.gate.counts.replace).toBe(0)
    platform.advance(1)
    await there.sessions.verify(login.token)
    expect(there.gate.counts.replace).toBe(1)
  })

  test('goes on to its end and no further', async () => {
    const platform = testPlatform()
    const store = cachedStore(memoryStore({ platform }), { platform, maxStalenessSeconds })
    const times = { idleTimeoutSeconds: 1000, touchIntervalSeconds: 900, absoluteTimeoutSeconds: 500 }
    const sessions = createSessions({ store, platform, ...times })
    const { token } = await sessions.create({ attempt: await sessions.beginLogin('ann') })
    platform.advance(495)
    expect(await sessions.verify(token)).not.toBeNull()
    platform.advance(4)
    expect(await sessions.verify(token)).not.toBeNull()
    platform.advance(1)
    expect(await sessions.verify(token)).toBeNull()
  })

  test('is nothing to a check past the cache', async () => {
    const { here, there, login, platform, loseAll } = await setUp()
    const authenticator = createAuthenticator({ origin: 'http://localhost', sessions: there.sessions, platform })
    const request = { method: 'GET', url: '/', headers: new Headers({ cookie: `session=${login.token}` }) }
    await here.sessions.revoke('user-1', login.session.id)
    loseAll()
    expect(await authenticator.bindReadonly(request).requireSession()).toMatchObject({ userId: 'user-1' })
    await expect(authenticator.bindReadonly(request).requireRecentAuth(60)).rejects.toMatchObject({
      code: 'unauthenticated',
    })
  })

  test('is never an answer from before a write, whenever that comes', async () => {
    const { there, login, platform } = await setUp()
    const session = await there.sessions.verify(login.token)
    if (!session) throw new Error('not signed in')
    platform.advance(maxStalenessSeconds + 0.001)
    there.gate.close()
    const late = there.sessions.verify(login.token)
    await there.gate.held[0]?.apply()
    there.gate.open()
    const rotated = await there.sessions.rotate(session, { methods: ['otp'] })
    expect(await there.sessions.verify(rotated.token)).not.toBeNull()
    await there.gate.held[0]?.answer()
    await late
    expect(await there.sessions.verify(login.token)).toBeNull()
    expect(await there.sessions.verify(rotated.token)).not.toBeNull()
  })

  test('keeps the record of a session in use in the cache, however many others come by', async () => {
    const platform = testPlatform()
    const gate = gatedStore(memoryStore({ platform }))
    const sessions = createSessions({ store: cachedStore(gate.store, { platform, maxEntries: 5 }), platform })
    const logins: SessionWithToken[] = []
    for (let user = 0; user < 30; user += 1) {
      logins.push(await sessions.create({ attempt: await sessions.beginLogin(`user-${user}`) }))
    }
    const busy = logins[0]?.token ?? ''
    await sessions.verify(busy)
    const before = gate.counts.get
    for (const { token } of logins.slice(1)) {
      await sessions.verify(token)
      await sessions.verify(busy)
    }
    expect(gate.counts.get - before).toBe(29)
  })
})

test('everybody gets session data of their own, however long the record is in the cache', async () => {
  const platform = testPlatform()
  const data = { initial: { items: [] as string[] }, parse: (stored: unknown) => stored as { items: string[] } }
  const sessions = createSessions({ store: cachedStore(memoryStore({ platform }), { platform }), platform, data })
  const { token } = await sessions.create({ attempt: await sessions.beginLogin('ann') })
  for (let round = 0; round < 4; round += 1) {
    const found = await sessions.verify(token)
    expect(found?.data, `round ${round}`).toEqual({ items: [] })
    found?.data.items.push('scribble')
  }
})

test('a text that only is as long as a token is never looked up in the store', async () => {
  const { there } = await setUp()
  const before = there.gate.counts.get
  expect(await there.sessions.verify(`${'*'.repeat(22)}.${'A'.repeat(43)}`)).toBeNull()
  expect(await there.sessions.verify('A'.repeat(66))).toBeNull()
  expect(there.gate.counts.get).toBe(before)
})
