import { describe, expect, test } from 'vitest'
import { testPlatform, type TestPlatform } from '@tessera-auth/testing'
import type { AuthEvent } from '../events.js'
import { memoryStore } from '../store/memory-store.js'
import { rememberBegunIn } from './begun-session.js'
import { createIdentities, type Identities, type IdentitiesOptions } from './identities.js'
import type { Identity } from './identity.js'

interface Account {
  readonly id: string
  readonly email: string | null
  readonly emailVerified: boolean
}

interface App {
  readonly identities: Identities
  readonly accounts: Account[]
  readonly events: AuthEvent[]
  readonly platform: TestPlatform
}

/** An app with these accounts. */
function appWith(accounts: Account[] = [], options: Partial<IdentitiesOptions> = {}): App {
  const platform = testPlatform()
  const events: AuthEvent[] = []
  const identities = createIdentities({
    store: memoryStore({ platform }),
    platform: Object.assign({}, platform, { sleep: () => new Promise<void>((resolve) => setTimeout(resolve, 1)) }),
    onEvent: (event) => void events.push(event),
    async findUserByEmail(email) {
      return accounts.find((account) => account.email === email) ?? null
    },
    async createUser({ email, emailProven }) {
      const id = `user-${accounts.length + 1}`
      accounts.push({ id, email, emailVerified: emailProven })
      return id
    },
    ...options,
  })
  return { identities, accounts, events, platform }
}

function identityOf(change: Partial<Identity> = {}): { identity: Identity } {
  const standard = { provider: 'acme', issuer: 'https://acme.example', subject: 'ada', email: 'ada@mail.example' }
  return { identity: { ...standard, emailProven: true, name: null, claims: {}, ...change } }
}

const sessionOf = (platform: TestPlatform, userId: string, secondsAgo = 10) => ({
  ...{ id: `session-of-${userId}`, userId },
  authenticatedAt: platform.now() - secondsAgo,
})

describe('resolve', () => {
  test('a first sign-in makes a user, the next one finds it', async () => {
    const { identities, accounts } = appWith()
    expect(await identities.resolve(identityOf(), null)).toMatchObject({ userId: 'user-1' })
    expect(await identities.resolve(identityOf(), null)).toMatchObject({ userId: 'user-1' })
    expect(accounts).toHaveLength(1)
  })

  test('twenty first sign-ins at once make one user', async () => {
    const { identities, accounts } = appWith()
    const attempts = await Promise.all(Array.from({ length: 20 }, () => identities.resolve(identityOf(), null)))
    expect(new Set(attempts.map(({ userId }) => userId))).toEqual(new Set(['user-1']))
    expect(accounts).toHaveLength(1)
  })

  test('a user that could not be made blocks nobody', async () => {
    let failures = 1
    const { identities } = appWith([], {
      async createUser() {
        if (failures-- > 0) throw new Error('the app’s database is down')
        return 'user-1'
      },
    })
    await expect(identities.resolve(identityOf(), null)).rejects.toThrow('database')
    expect(await identities.resolve(identityOf(), null)).toMatchObject({ userId: 'user-1' })
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

  test('while another process is making the user it is a conflict, and half a minute later it may be tried again', async () => {
    let made = 0
    const { identities, platform } = appWith([], {
      createUser: () => (made++ === 0 ? new Promise(() => {}) : Promise.resolve('user-2')),
    })
    void identities.resolve(identityOf(), null)
    await expect(identities.resolve(identityOf(), null)).rejects.toMatchObject({ code: 'conflict' })
    platform.advance(31)
    expect(await identities.resolve(identityOf(), null)).toMatchObject({ userId: 'user-2' })
  })

  test('a link that is removed while the login begins signs nobody in', async () => {
    const inner = memoryStore()
    let removing = false
    const store = {
      ...inner,
      async get(kind: string, key: string) {
        const found = await inner.get(kind, key)
        if (removing && kind === 'session')
          for (const link of await inner.listByOwner('identity', 'user-1')) await inner.remove('identity', link.key)
        return found
      },
    }
    const { identities } = appWith([], { store })
    await identities.resolve(identityOf(), null)
    removing = true
    await expect(identities.resolve(identityOf(), null)).rejects.toMatchObject({ code: 'link_refused' })
  })

  test('the same subject at two issuers is two users', async () => {
    const { identities } = appWith()
    const here = await identities.resolve(identityOf({ email: null }), null)
    const there = await identities.resolve(identityOf({ email: null, issuer: 'https://evil.example' }), null)
    expect(there.userId).not.toBe(here.userId)
  })

  test('issuer and subject cannot be shifted into each other', async () => {
    const { identities } = appWith()
    const one = await identities.resolve(identityOf({ email: null, issuer: 'https://a.example', subject: 'bc' }), null)
    const other = await identities.resolve(
      identityOf({ email: null, issuer: 'https://a.exampleb', subject: 'c' }),
      null,
    )
    expect(other.userId).not.toBe(one.userId)
  })

  test('a changed address at the provider keeps the user', async () => {
    const { identities } = appWith()
    await identities.resolve(identityOf(), null)
    const later = await identities.resolve(identityOf({ email: 'new@mail.example' }), null)
    expect(later.userId).toBe('user-1')
  })

  test('a reused address with another subject is not the earlier user', async () => {
    const { identities } = appWith()
    await identities.resolve(identityOf({ emailProven: false }), null)
    await expect(identities.resolve(identityOf({ subject: 'successor' }), null)).rejects.toMatchObject({
      code: 'link_refused',
    })
  })

  test('a user without id is the app’s mistake, and nothing is linked', async () => {
    const { identities } = appWith([], { createUser: async () => '' })
    await expect(identities.resolve(identityOf(), null)).rejects.toThrow(TypeError)
    expect(await identities.list('')).toEqual([])
  })
})

describe('pre-hijacking', () => {
  test('an account that an attacker made with the address of the victim, unverified, gets nothing', async () => {
    const { identities, events } = appWith([{ id: 'attacker', email: 'ada@mail.example', emailVerified: false }])
    await expect(identities.resolve(identityOf(), null)).rejects.toMatchObject({
      code: 'link_refused',
      status: 409,
      details: { nextStep: 'verify_email' },
    })
    expect(await identities.list('attacker')).toEqual([])
    expect(events.map(({ type, reason }) => [type, reason])).toEqual([['identity.refused', 'verify_email']])
  })

  test('an identity that only claims the address of a verified account gets nothing', async () => {
    const { identities } = appWith([{ id: 'victim', email: 'ada@mail.example', emailVerified: true }])
    await expect(identities.resolve(identityOf({ emailProven: false }), null)).rejects.toMatchObject({
      details: { nextStep: 'sign_in' },
    })
  })

  test('the address proven by both sides links', async () => {
    const { identities } = appWith([{ id: 'ada', email: 'ada@mail.example', emailVerified: true }])
    expect(await identities.resolve(identityOf(), null)).toMatchObject({ userId: 'ada' })
  })

  test('a user made from an unproven address stays unproven, so that its owner is not linked to it later', async () => {
    const { identities } = appWith()
    await identities.resolve(identityOf({ issuer: 'https://evil.example', emailProven: false }), null)
    await expect(identities.resolve(identityOf(), null)).rejects.toMatchObject({
      details: { nextStep: 'verify_email' },
    })
  })

  test('an identity without address makes a user of its own', async () => {
    const { identities } = appWith([{ id: 'other', email: null, emailVerified: false }])
    expect(await identities.resolve(identityOf({ email: null, emailProven: false }), null)).toMatchObject({
      userId: 'user-2',
    })
  })
})

describe('linking to who is signed in', () => {
  test('a recent session gets the link, whatever the address', async () => {
    const { identities, platform } = appWith([{ id: 'ada', email: 'ada@work.example', emailVerified: true }])
    const attempt = await identities.resolve(identityOf({ emailProven: false }), sessionOf(platform, 'ada'))
    expect(attempt.userId).toBe('ada')
    expect(await identities.list('ada')).toEqual([
      { provider: 'acme', issuer: 'https://acme.example', subject: 'ada', email: 'ada@mail.example' },
    ])
  })

  test('a session that is not recent has to be proven again first', async () => {
    const { identities, platform } = appWith()
    await expect(identities.resolve(identityOf(), sessionOf(platform, 'ada', 600))).rejects.toMatchObject({
      details: { nextStep: 'reauthenticate' },
    })
  })

  test('an identity of somebody else’s account is signed in as that account, not moved', async () => {
    const { identities, platform } = appWith()
    await identities.resolve(identityOf(), null)
    const attempt = await identities.resolve(identityOf(), sessionOf(platform, 'mallory'))
    expect(attempt.userId).toBe('user-1')
    expect(await identities.list('mallory')).toEqual([])
  })

  test('an attempt that was begun by nobody links to nobody who signed in meanwhile', async () => {
    const { identities, platform } = appWith()
    const login = identityOf({ email: null })
    rememberBegunIn(login, null)
    const attempt = await identities.resolve(login, sessionOf(platform, 'mallory'))
    expect(attempt.userId).toBe('user-1')
    expect(await identities.list('mallory')).toEqual([])
  })

  test('an attempt that was begun in this session does', async () => {
    const { identities, platform } = appWith()
    const login = identityOf({ email: null })
    rememberBegunIn(login, 'session-of-ada')
    expect(await identities.resolve(login, sessionOf(platform, 'ada'))).toMatchObject({ userId: 'ada' })
  })
})

describe('policy', () => {
  test('refuse refuses, and says what can be done', async () => {
    const { identities } = appWith([], { policy: () => 'refuse' })
    await expect(identities.resolve(identityOf(), null)).rejects.toMatchObject({ details: { nextStep: 'sign_in' } })
  })

  test('link with nobody to link to refuses', async () => {
    const { identities } = appWith([], { policy: () => 'link' })
    await expect(identities.resolve(identityOf(), null)).rejects.toMatchObject({ code: 'link_refused' })
  })

  test('is not asked about an identity that is linked already', async () => {
    let asked = 0
    const { identities } = appWith([], { policy: () => (asked++, 'create') })
    await identities.resolve(identityOf(), null)
    await identities.resolve(identityOf(), null)
    expect(asked).toBe(1)
  })
})

describe('unlink', () => {
  test('removes one link of that user, once', async () => {
    const { identities } = appWith()
    await identities.resolve(identityOf(), null)
    const link = { issuer: 'https://acme.example', subject: 'ada' }
    expect(await identities.unlink('somebody else', link)).toBe(false)
    expect(await identities.unlink('user-1', link)).toBe(true)
    expect(await identities.unlink('user-1', link)).toBe(false)
    expect(await identities.list('user-1')).toEqual([])
  })
})

describe('createIdentities', () => {
  test.each(['createUser', 'findUserByEmail', 'store'])('without %s is a ConfigError', (name) => {
    expect(() => appWith([], { [name]: undefined })).toThrow(`${name}: expected`)
  })
})
