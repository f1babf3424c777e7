/** Linking while something else goes on: other attempts, other processes, a store that fails. */
import { type TestPlatform, testPlatform } from '@tessera-auth/testing'
import { describe, expect, test } from 'vitest'
import { StoreError } from '../errors.js'
import { createSessions } from '../session/sessions.js'
import { memoryStore } from '../store/memory-store.js'
import type { Entry, Store } from '../store/store.js'
import { appWith, identityOf, sessionOf } from './fixtures/linking-app.js'

/** A store in memory that does something else just before each call of one method for one kind. */
function storeThat(
  method: 'get' | 'insert' | 'remove',
  kind: string,
  before: (inner: Store) => Promise<void>,
): { readonly inner: Store; readonly store: Store; arm(): void } {
  const inner = memoryStore()
  let armed = false
  const meet = async (met: string): Promise<void> => {
    if (!armed || met !== kind) return
    armed = false
    await before(inner)
  }
  const store: Store = {
    ...inner,
    async [method](...call: [string | Entry, ...unknown[]]) {
      await meet(typeof call[0] === 'string' ? call[0] : call[0].kind)
      return (inner[method] as (...all: unknown[]) => Promise<never>)(...call)
    },
  }
  return { inner, store, arm: () => (armed = true) }
}

async function linkOf(store: Store, userId: string): Promise<Entry> {
  const [link] = await store.listByOwner('identity', userId)
  if (!link) throw new Error('There is no link.')
  return link
}

describe('first sign-ins of one identity at once', () => {
  test('twenty first sign-ins at once make one user', async () => {
    const { identities, accounts } = appWith()
    const attempts = await Promise.all(Array.from({ length: 20 }, () => identities.resolve(identityOf(), null)))
    expect(new Set(attempts.map(({ userId }) => userId))).toEqual(new Set(['user-1']))
    expect(accounts).toHaveLength(1)
  })

  test('a sign-in that was slow to decide finds the user that another one made meanwhile', async () => {
    const { promise: decided, resolve: decide } = Promise.withResolvers<void>()
    let asked = 0
    const { identities, accounts } = appWith([], {
      async findUserByEmail() {
        if (asked++ === 0) await decided
        return null
      },
    })
    const slow = identities.resolve(identityOf(), null)
    const quick = await identities.resolve(identityOf(), null)
    decide()
    expect((await slow).userId).toBe(quick.userId)
    expect(accounts).toHaveLength(1)
  })

  test('whoever waits is signed in as the user once it is made', async () => {
    const { promise: made, resolve: make } = Promise.withResolvers<string>()
    const { platform } = appWith()
    let polls = 0
    const patient = Object.assign({}, platform, {
      async sleep() {
        if (++polls === 90) make('user-1')
        await new Promise((resolve) => setImmediate(resolve))
      },
    })
    let asked = 0
    const { identities } = appWith([], { platform: patient, createUser: () => (asked++, made) })
    const attempts = await Promise.all([1, 2].map(() => identities.resolve(identityOf(), null)))
    expect(attempts.map(({ userId }) => userId)).toEqual(['user-1', 'user-1'])
    expect(asked).toBe(1)
  })

  test('whoever waits makes the user when the other one could not', async () => {
    const { promise: failing, reject: fail } = Promise.withResolvers<string>()
    let asked = 0
    const { identities } = appWith([], { createUser: () => (asked++ === 0 ? failing : Promise.resolve('user-2')) })
    const first = identities.resolve(identityOf(), null)
    const other = identities.resolve(identityOf(), null)
    fail(new Error('the app’s database is down'))
    await expect(first).rejects.toThrow('database')
    expect(await other).toMatchObject({ userId: 'user-2' })
  })

  test('a claim that cannot be given back hides no error, and spoils no sign-in', async () => {
    const inner = memoryStore()
    const remove: Store['remove'] = (kind, ...rest) =>
      kind === 'identity-claim' ? Promise.reject(new Error('down')) : inner.remove(kind, ...rest)
    const store = { ...inner, remove }
    const createUser = () => Promise.reject(new Error('the app’s own'))
    await expect(appWith([], { store, createUser }).identities.resolve(identityOf(), null)).rejects.toThrow('own')
    const other = identityOf({ subject: 'bob', email: null })
    expect(await appWith([], { store }).identities.resolve(other, null)).toMatchObject({ userId: 'user-1' })
  })

  test('a claim that a dead process left beside its link stops nobody', async () => {
    const inner = memoryStore()
    const store: Store = {
      ...inner,
      remove: (kind, ...rest) => (kind === 'identity-claim' ? new Promise(() => {}) : inner.remove(kind, ...rest)),
    }
    const { identities, accounts } = appWith([], { store })
    const killed = Promise.race([identities.resolve(identityOf(), null), Promise.resolve('killed')])
    const waiting = identities.resolve(identityOf(), null)
    expect(await killed).toBe('killed')
    expect(await waiting).toMatchObject({ userId: 'user-1' })
    expect(accounts).toHaveLength(1)
  })

  test('while another process is making the user it is a conflict, and half a minute later it may be tried again', async () => {
    let made = 0
    const { identities, platform } = appWith([], {
      createUser: () => (made++ === 0 ? new Promise(() => {}) : Promise.resolve('user-2')),
    })
    void identities.resolve(identityOf(), null)
    for (const seconds of [0, 29]) {
      platform.advance(seconds)
      await expect(identities.resolve(identityOf(), null)).rejects.toMatchObject({ code: 'conflict' })
    }
    platform.advance(1)
    expect(await identities.resolve(identityOf(), null)).toMatchObject({ userId: 'user-2' })
  })
})

describe('a store that says nothing once the user is made', () => {
  const never = (): Promise<never> => new Promise(() => {})

  /** Runs a sign-in by a clock that a pump moves; how many seconds it took to fail. */
  async function secondsToFail(says: (platform: TestPlatform) => Partial<Store>): Promise<number> {
    const platform = testPlatform()
    const made = { since: Infinity }
    const inner = memoryStore({ platform })
    const silenced = says(platform)
    const store: Store = { ...inner }
    const createUser = async (): Promise<string> => {
      made.since = platform.monotonic()
      Object.assign(store, silenced)
      return 'user-1'
    }
    const { identities } = appWith([], { platform, store, createUser })
    let failed: unknown
    void identities.resolve(identityOf(), null).catch((error: unknown) => (failed = error))
    while (failed === undefined) {
      platform.advance(0.05)
      await new Promise((resolve) => setImmediate(resolve))
    }
    expect(failed).toBeInstanceOf(StoreError)
    return (platform.monotonic() - made.since) / 1000
  }

  test('has failed before the claim ends, so that no other process makes a second one', async () => {
    expect(await secondsToFail(() => ({ get: never, insert: never, remove: never }))).toBeLessThan(30)
  })

  test('the login and the link have one time together', async () => {
    const inner = memoryStore()
    const seconds = await secondsToFail((platform) => ({
      get: (...read) => (platform.monotonic() < 10_000 ? never() : inner.get(...read)),
      insert: never,
    }))
    expect(seconds).toBeGreaterThan(15)
    expect(seconds).toBeLessThan(20)
  })
})

test('a link whose answer is lost is told once it is known', async () => {
  const inner = memoryStore()
  let lost = 0
  const store: Store = {
    ...inner,
    async insert(entry) {
      const inserted = await inner.insert(entry)
      if (entry.kind === 'identity' && lost++ === 0) throw new Error('down')
      return inserted
    },
  }
  const { identities, events } = appWith([], { store })
  expect(await identities.resolve(identityOf(), null)).toMatchObject({ userId: 'user-1' })
  expect(events.map(({ type, userId }) => [type, userId])).toEqual([['identity.linked', 'user-1']])
})

describe('two sessions that link one identity at once', () => {
  test('one of them gets the link, and the other is signed in as that one’s user', async () => {
    const { identities, platform, events } = appWith()
    const users = ['ada', 'bob']
    const attempts = await Promise.all(
      users.map((user) => identities.resolve(identityOf({ email: null }), sessionOf(platform, user))),
    )
    const links = await Promise.all(users.map((user) => identities.list(user)))
    expect(links.map((list) => list.length)).toEqual([1, 0])
    expect(attempts.map(({ userId }) => userId)).toEqual(['ada', 'ada'])
    expect(events.map(({ type, userId }) => [type, userId])).toEqual([['identity.linked', 'ada']])
  })
})

describe('unlinking beside a sign-in', () => {
  test('a link that is removed while the login begins signs nobody in', async () => {
    const { store, arm } = storeThat('get', 'session', async (inner) => {
      await inner.remove('identity', (await linkOf(inner, 'user-1')).key)
    })
    const { identities } = appWith([], { store })
    await identities.resolve(identityOf(), null)
    arm()
    await expect(identities.resolve(identityOf(), null)).rejects.toMatchObject({
      code: 'link_refused',
      details: { nextStep: 'sign_in' },
    })
  })

  test('nor does one that is another user’s by then', async () => {
    const { store, arm } = storeThat('get', 'session', async (inner) => {
      const link = await linkOf(inner, 'user-1')
      await inner.remove('identity', link.key)
      await inner.insert({ ...link, owner: 'user-2' })
    })
    const { identities } = appWith([], { store })
    await identities.resolve(identityOf(), null)
    arm()
    await expect(identities.resolve(identityOf(), null)).rejects.toMatchObject({ code: 'link_refused' })
  })

  test('two unlinkings at once are one', async () => {
    const { identities, events } = appWith()
    await identities.resolve(identityOf(), null)
    const link = { issuer: 'https://acme.example', subject: 'ada' }
    expect(await Promise.all([1, 2].map(() => identities.unlink('user-1', link)))).toEqual([true, false])
    expect(events.filter(({ type }) => type === 'identity.unlinked')).toHaveLength(1)
  })
})

describe('"sign out everywhere" while an identity is linked', () => {
  test.each([
    ['to a user who was there', null, 'ada'],
    ['to a user who is made', 'ada@mail.example', 'user-1'],
  ])('%s ends this login too', async (_name, email, userId) => {
    const { inner, store, arm } = storeThat('insert', 'identity', async () => {
      await createSessions({ store: inner }).revokeAll(userId)
    })
    const { identities, platform } = appWith([], { store })
    arm()
    const attempt = await identities.resolve(identityOf({ email }), email === null ? sessionOf(platform, userId) : null)
    expect(attempt.userId).toBe(userId)
    const create = createSessions({ store: inner }).create({ attempt })
    await expect(create).rejects.toMatchObject({ code: 'unauthenticated' })
  })
})

describe('what the store says', () => {
  const broken: [string, (value: Record<string, unknown>) => unknown][] = [
    ['of a later version', (value) => ({ ...value, v: 2 })],
    ['without subject', (value) => ({ ...value, subject: undefined })],
    ['whose issuer is a number', (value) => ({ ...value, issuer: 7 })],
    ['without provider', (value) => ({ ...value, provider: undefined })],
    ['that is a list', (value) => [value]],
  ]
  test.each(broken)(
    'a link %s is "cannot know": nobody is signed in, and no second user is made',
    async (_name, change) => {
      const store = memoryStore()
      const { identities, accounts } = appWith([], { store })
      await identities.resolve(identityOf(), null)
      const link = await linkOf(store, 'user-1')
      const value = JSON.stringify(change(JSON.parse(link.value) as Record<string, unknown>))
      await store.replace({ ...link, value, version: 'other' }, link.version)
      await expect(identities.resolve(identityOf(), null)).rejects.toThrow(StoreError)
      expect(accounts).toHaveLength(1)
    },
  )

  test('a claim that cannot be read is "cannot know" too', async () => {
    const store = memoryStore()
    const { identities, accounts, platform } = appWith([], { store })
    await identities.resolve(identityOf(), null)
    const { key } = await linkOf(store, 'user-1')
    await identities.unlink('user-1', identityOf().identity)
    const expiresAt = platform.now() + 30
    await store.insert({ kind: 'identity-claim', key, owner: null, version: 'v', value: '{', expiresAt })
    await expect(identities.resolve(identityOf({ email: null }), null)).rejects.toThrow(StoreError)
    expect(accounts).toHaveLength(1)
  })

  test('a store that does not answer is given five seconds', async () => {
    const store: Store = { ...memoryStore(), get: () => new Promise(() => {}) }
    const { identities, platform } = appWith([], { store })
    const waiting = identities.resolve(identityOf(), null)
    platform.advance(5)
    await expect(waiting).rejects.toThrow(StoreError)
  })

  test('is read fresh, never from a copy', async () => {
    const inner = memoryStore()
    const copies: string[] = []
    let looks = 0
    const { promise: looked, resolve: look } = Promise.withResolvers<void>()
    const store: Store = {
      ...inner,
      get(kind, key, options) {
        if (!options?.fresh) copies.push(kind)
        if (kind === 'identity-claim' && ++looks === 2) look()
        return inner.get(kind, key, options)
      },
    }
    // Made only once the other attempt has met the claim, and looked whether it is still there.
    const { identities } = appWith([], { store, createUser: () => looked.then(() => 'user-1') })
    await Promise.all([1, 2].map(() => identities.resolve(identityOf(), null)))
    await identities.resolve(identityOf(), null)
    expect(await identities.unlink('user-1', identityOf().identity)).toBe(true)
    expect(copies).toEqual([])
  })

  test('one that was left unfinished is finished by the sign-in, and told', async () => {
    const inner = memoryStore()
    const { identities, events } = appWith([], { store: inner })
    const sessions = createSessions({ store: inner })
    const { session } = await sessions.create({ attempt: await identities.resolve(identityOf(), null) })
    const failing = { ...inner, remove: () => Promise.reject(new StoreError('down')) }
    await expect(createSessions({ store: failing }).revokeAll('user-1')).rejects.toThrow(StoreError)
    await identities.resolve(identityOf(), null)
    expect(await sessions.list('user-1')).toEqual([])
    expect(events.at(-1)).toMatchObject({ type: 'session.revoked', sessionId: session.id, reason: 'all_revoked' })
  })
})
