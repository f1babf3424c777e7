import { describe, expect, test } from 'vitest'
import type { AuthEvent } from '../events.js'
import { memoryStore } from '../store/memory-store.js'
import { rememberBegunIn } from './begun-session.js'
import { appWith, identityOf, sessionOf } from './fixtures/linking-app.js'
import type { LinkEvidence } from './link-policy.js'

/** Type, user and reason of each event. */
const toldBy = (events: readonly AuthEvent[]): unknown[] =>
  events.map(({ type, userId, reason }) => [type, userId, reason])

describe('resolve', () => {
  test('a first sign-in makes a user, the next one finds it', async () => {
    const { identities, accounts } = appWith()
    expect(await identities.resolve(identityOf(), null)).toMatchObject({ userId: 'user-1' })
    expect(await identities.resolve(identityOf(), null)).toMatchObject({ userId: 'user-1' })
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

  test.each([
    ['the read of the owner', 'get', 'session'],
    ['the write of the link', 'insert', 'identity'],
  ] as const)(
    'a user was made and %s fails: it is tried again, as nobody could sign in without the link',
    async (...each) => {
      const [, method, kind] = each
      const inner = memoryStore()
      let failures = 0
      const call = async (...values: unknown[]): Promise<unknown> => {
        const [first] = values as [string | { kind: string }]
        const concerned = (typeof first === 'string' ? first : first.kind) === kind && accounts.length > 0
        if (concerned && failures++ < 2) throw new Error('down')
        return (inner[method] as (...values: unknown[]) => unknown)(...values)
      }
      const { identities, accounts } = appWith([], { store: { ...inner, [method]: call } })
      const login = identityOf({ emailProven: false })
      expect(await identities.resolve(login, null)).toMatchObject({ userId: 'user-1' })
      expect(failures).toBeGreaterThan(2)
      expect(await identities.resolve(login, null)).toMatchObject({ userId: 'user-1' })
      expect(accounts).toHaveLength(1)
    },
  )

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

  test.each(['', null, undefined, 7])('a user by the id %o is the app’s mistake, and nothing is linked', async (id) => {
    const { identities, events } = appWith([], { createUser: async () => id as string })
    await expect(identities.resolve(identityOf(), null)).rejects.toThrow(TypeError)
    expect(events).toEqual([])
  })

  test('a link does not end by itself', async () => {
    const { identities, platform } = appWith()
    await identities.resolve(identityOf({ email: null }), null)
    platform.advance(100 * 365 * 86_400)
    expect(await identities.resolve(identityOf({ email: null }), null)).toMatchObject({ userId: 'user-1' })
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
    expect(toldBy(events)).toEqual([['identity.refused', null, 'verify_email']])
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

  test('a recent session gets the link, although the address is somebody else’s account', async () => {
    const { identities, platform } = appWith([{ id: 'bob', email: 'ada@mail.example', emailVerified: true }])
    const attempt = await identities.resolve(identityOf(), sessionOf(platform, 'ada'))
    expect(attempt.userId).toBe('ada')
    expect(await identities.list('bob')).toEqual([])
  })

  test('a session that is not recent has to be proven again first', async () => {
    const { identities, platform, events } = appWith()
    await expect(identities.resolve(identityOf(), sessionOf(platform, 'ada', 600))).rejects.toMatchObject({
      details: { nextStep: 'reauthenticate' },
    })
    expect(toldBy(events)).toEqual([['identity.refused', 'ada', 'reauthenticate']])
  })

  test('an identity of somebody else’s account is signed in as that account, not moved', async () => {
    const { identities, platform } = appWith()
    await identities.resolve(identityOf(), null)
    const attempt = await identities.resolve(identityOf(), sessionOf(platform, 'mallory'))
    expect(attempt.userId).toBe('user-1')
    expect(await identities.list('mallory')).toEqual([])
  })

  test.each([
    ['by nobody', null],
    ['in another session', 'session-of-ada'],
  ])('an attempt that was begun %s links to nobody who signed in meanwhile', async (_name, begunIn) => {
    const { identities, platform } = appWith()
    const login = identityOf({ email: null })
    rememberBegunIn(login.identity, begunIn)
    const attempt = await identities.resolve(login, sessionOf(platform, 'mallory'))
    expect(attempt.userId).toBe('user-1')
    expect(await identities.list('mallory')).toEqual([])
  })

  test('an attempt that was begun in this session does', async () => {
    const { identities, platform } = appWith()
    const login = identityOf({ email: null })
    rememberBegunIn(login.identity, 'session-of-ada')
    expect(await identities.resolve(login, sessionOf(platform, 'ada'))).toMatchObject({ userId: 'ada' })
  })

  test('a session whose id the app does not tell counts', async () => {
    const { identities, platform } = appWith()
    const login = identityOf({ email: null })
    rememberBegunIn(login.identity, 'session-of-ada')
    const { userId, authenticatedAt } = sessionOf(platform, 'ada')
    expect(await identities.resolve(login, { userId, authenticatedAt })).toMatchObject({ userId: 'ada' })
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

  test('sees the identity, the session and its age, and the owner of the address', async () => {
    const seen: LinkEvidence[] = []
    const owner = { id: 'bob', email: 'ada@mail.example', emailVerified: true }
    const { identities, platform } = appWith([owner], { policy: (evidence) => (seen.push(evidence), 'refuse') })
    const ages = [10, -3, null]
    for (const age of ages) {
      const session = age === null ? null : sessionOf(platform, 'ada', age)
      await expect(identities.resolve(identityOf(), session)).rejects.toMatchObject({ code: 'link_refused' })
    }
    const about = { ...identityOf(), emailOwner: owner }
    expect(seen).toEqual([
      { ...about, signedIn: { userId: 'ada', authenticatedSecondsAgo: 10 } },
      // Proven on a machine whose clock is ahead: now, not in the future.
      { ...about, signedIn: { userId: 'ada', authenticatedSecondsAgo: 0 } },
      { ...about, signedIn: null },
    ])
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
    const { identities, events } = appWith()
    await identities.resolve(identityOf(), null)
    const link = { issuer: 'https://acme.example', subject: 'ada' }
    expect(await identities.unlink('somebody else', link)).toBe(false)
    expect(await identities.unlink('user-1', link)).toBe(true)
    expect(await identities.unlink('user-1', link)).toBe(false)
    expect(await identities.list('user-1')).toEqual([])
    expect(toldBy(events)).toEqual([
      ['identity.linked', 'user-1', null],
      ['identity.unlinked', 'user-1', null],
    ])
  })
})

describe('createIdentities', () => {
  test.each(['createUser', 'findUserByEmail', 'store'])('without %s is a ConfigError', (name) => {
    expect(() => appWith([], { [name]: undefined })).toThrow(`${name}: expected`)
  })

  test.each(['policy', 'onEvent'])('a %s that is no function is a ConfigError', (name) => {
    expect(() => appWith([], { [name]: 7 })).toThrow(`${name}: expected`)
  })
})
