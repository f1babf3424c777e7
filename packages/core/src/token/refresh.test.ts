import { describe, expect, test } from 'vitest'
import { markSelfBounded } from '../store/bounded-store.js'
import type { Store } from '../store/store.js'
import { memoryStore } from '../store/memory-store.js'
import { claimsOf, refreshTokenOf, secrets, tokenApp, type TokenApp } from './fixtures/token-app.js'
import { createKeyRing } from './managed-key-ring.js'
import { judgeRefresh } from './refresh-family.js'
import type { TokenResponse } from './token-grant.js'

const invalidGrant = expect.objectContaining({ code: 'invalid_grant' })
/** Thousands of signatures take a few seconds; a busy machine may take far longer. */
const slow = { timeout: 180_000 }

async function signedIn(app: TokenApp): Promise<TokenResponse> {
  return app.tokens.issue({ session: (await app.signIn()).session, scope: 'profile orders:read' })
}

describe('judgeRefresh', () => {
  const timing = { retryWindowSeconds: 10, clockSkewSeconds: 5 }
  const strict = { retryWindowSeconds: 0, clockSkewSeconds: 5 }
  test.each([
    ['the current one inside the window', 4, 15, timing, 'repeat'],
    ['the current one after it', 4, 16, timing, 'rotate'],
    ['the current one when the clock stepped back', 4, -100, timing, 'repeat'],
    ['the previous one inside the window', 3, 15, timing, 'repeat'],
    ['the previous one after it', 3, 16, timing, 'reuse'],
    ['the previous one, clock a little behind', 3, -15, timing, 'repeat'],
    ['the previous one, clock far behind', 3, -16, timing, 'reuse'],
    ['the one before the previous one', 2, 0, timing, 'reuse'],
    ['the first one', 0, 0, timing, 'reuse'],
    ['one that is ahead', 5, 0, timing, 'unknown'],
    ['strict: the current one at once', 4, 0, strict, 'rotate'],
    ['strict: the previous one at once', 3, 0, strict, 'reuse'],
  ] as const)('%s: generation %i after %i s', (_title, generation, after, rules, verdict) => {
    const now = 1_000_000 + after
    expect(judgeRefresh({ generation: 4, rotatedAt: 1_000_000 }, generation, { now, timing: rules })).toBe(verdict)
  })
})

describe('refresh', () => {
  test('gives the same refresh token and another access token inside the window', async () => {
    const app = tokenApp()
    const first = await signedIn(app)
    const second = await app.tokens.refresh(first.refresh_token)
    expect(second.refresh_token).toBe(first.refresh_token)
    expect(second.access_token).not.toBe(first.access_token)
    expect(await app.verifier.verify(second.access_token)).toMatchObject({ scope: 'profile orders:read' })
  })

  test('rotates after the window, and the previous one brings the same successor while it lasts', async () => {
    const app = tokenApp()
    const first = await signedIn(app)
    app.platform.advance(16)
    const second = await app.tokens.refresh(first.refresh_token)
    expect(second.refresh_token).not.toBe(first.refresh_token)
    app.platform.advance(15)
    expect((await app.tokens.refresh(first.refresh_token)).refresh_token).toBe(second.refresh_token)
  })

  test('ends the whole family, its access tokens included, when a used one comes back after the window', async () => {
    const app = tokenApp()
    const first = await signedIn(app)
    app.platform.advance(16)
    const second = await app.tokens.refresh(first.refresh_token)
    app.platform.advance(16)
    await expect(app.tokens.refresh(first.refresh_token)).rejects.toEqual(invalidGrant)
    await expect(app.tokens.refresh(second.refresh_token)).rejects.toEqual(invalidGrant)
    expect(await app.verifier.verify(second.access_token)).toBe(null)
    expect(app.events.map(({ type }) => type)).toContain('token.reused')
  })

  test.each([
    ['after', 10],
    ['before', -10],
  ])(
    'a copy that is used within the window %s each refresh of its owner stays unnoticed, and ends the family once it is not',
    async (_name, apart) => {
      const app = tokenApp()
      let { refresh_token: owner } = await signedIn(app)
      let copy = owner
      const refresh = async (token: string | undefined) => (await app.tokens.refresh(token)).refresh_token
      for (let rounds = 0; rounds < 5; rounds += 1) {
        app.platform.advance(3600)
        if (apart > 0) owner = await refresh(owner)
        else copy = await refresh(copy)
        app.platform.advance(10)
        if (apart > 0) copy = await refresh(copy)
        else owner = await refresh(owner)
        expect(copy).toBe(owner)
      }
      app.platform.advance(3600)
      owner = await refresh(owner)
      app.platform.advance(16)
      await expect(refresh(copy)).rejects.toEqual(invalidGrant)
      await expect(refresh(owner)).rejects.toEqual(invalidGrant)
    },
  )

  test('strict mode lets each be used once', async () => {
    const app = tokenApp({ retryWindowSeconds: 0 })
    const first = await signedIn(app)
    const second = await app.tokens.refresh(first.refresh_token)
    await app.tokens.refresh(second.refresh_token)
    await expect(app.tokens.refresh(second.refresh_token)).rejects.toEqual(invalidGrant)
  })

  test('ends nothing for a wrong MAC or a generation that was never made', async () => {
    const app = tokenApp()
    const { refresh_token } = await signedIn(app)
    const [selector, , mac] = refreshTokenOf({ refresh_token: refresh_token ?? '' }).split('.')
    for (const forged of [`${selector}.1.${mac}`, `${selector}.0.${'A'.repeat(43)}`, `${selector}.00.${mac}`]) {
      await expect(app.tokens.refresh(forged)).rejects.toEqual(invalidGrant)
    }
    await expect(app.tokens.refresh(refresh_token)).resolves.toBeDefined()
  })

  test.each([undefined, null, '', 7, {}, ['x']])('refuses %j as invalid_request', async (token) => {
    await expect(tokenApp().tokens.refresh(token)).rejects.toMatchObject({ code: 'invalid_request' })
  })

  test.each(['x', 'a.b.c', '.'.repeat(100), 'x'.repeat(100_000)])(
    'refuses a text that is no refresh token',
    async (token) => {
      await expect(tokenApp().tokens.refresh(token)).rejects.toEqual(invalidGrant)
    },
  )

  test('narrows the scope of one access token, never of the family', async () => {
    const app = tokenApp()
    const first = await signedIn(app)
    const narrow = await app.tokens.refresh(first.refresh_token, { scope: 'profile' })
    expect(narrow.scope).toBe('profile')
    expect(claimsOf(narrow.access_token).scope).toBe('profile')
    expect((await app.tokens.refresh(narrow.refresh_token)).scope).toBe('profile orders:read')
  })

  test('refuses more scope than was granted, and the token stays good', async () => {
    const app = tokenApp()
    const first = await signedIn(app)
    await expect(app.tokens.refresh(first.refresh_token, { scope: 'profile admin' })).rejects.toMatchObject({
      code: 'invalid_scope',
    })
    await expect(app.tokens.refresh(first.refresh_token)).resolves.toBeDefined()
  })

  test('is bound to its client', async () => {
    const app = tokenApp()
    const { refresh_token } = await app.tokens.issue({ session: (await app.signIn()).session, clientId: 'app' })
    await expect(app.tokens.refresh(refresh_token, { clientId: 'other' })).rejects.toEqual(invalidGrant)
    await expect(app.tokens.refresh(refresh_token, { clientId: 'app' })).resolves.toBeDefined()
  })

  test('needs the proof of the key that its family is bound to', async () => {
    const app = tokenApp()
    const { refresh_token, token_type } = await app.tokens.issue({
      session: (await app.signIn()).session,
      jkt: 'thumb',
    })
    expect(token_type).toBe('DPoP')
    await expect(app.tokens.refresh(refresh_token)).rejects.toEqual(invalidGrant)
    await expect(app.tokens.refresh(refresh_token, { jkt: 'other' })).rejects.toEqual(invalidGrant)
    expect(claimsOf((await app.tokens.refresh(refresh_token, { jkt: 'thumb' })).access_token).cnf).toEqual({
      jkt: 'thumb',
    })
  })

  test('ends after its idle time, and at the family’s end however often it is used', async () => {
    const idle = tokenApp({ refreshTokenSeconds: 100 })
    const unused = await signedIn(idle)
    idle.platform.advance(100)
    await expect(idle.tokens.refresh(unused.refresh_token)).rejects.toEqual(invalidGrant)

    const app = tokenApp({ refreshTokenSeconds: 100, familySeconds: 250 })
    let token = (await signedIn(app)).refresh_token
    for (let step = 0; step < 4; step += 1) {
      app.platform.advance(60)
      token = (await app.tokens.refresh(token)).refresh_token
    }
    expect((await app.tokens.refresh(token)).expires_in).toBe(10)
    app.platform.advance(10)
    await expect(app.tokens.refresh(token)).rejects.toEqual(invalidGrant)
  })

  test('counts as use of its session, and ends with an idle one', async () => {
    const app = tokenApp({ familySeconds: 10_000_000 })
    const { session } = await app.signIn()
    const { refresh_token } = await app.tokens.issue({ session })
    app.platform.advance(604_000)
    const kept = await app.tokens.refresh(refresh_token)
    app.platform.advance(604_000)
    const still = await app.tokens.refresh(kept.refresh_token)
    app.platform.advance(604_801)
    await expect(app.tokens.refresh(still.refresh_token)).rejects.toEqual(invalidGrant)
    expect(await app.tokens.listFamilies('user-1')).toEqual([])
  })

  test('works on with every known secret, and not with a removed one', async () => {
    const app = tokenApp()
    const { refresh_token } = await signedIn(app)
    const next = 'second secret of this test, 32 characters or more'
    const promoted = tokenApp({ store: app.store, platform: app.platform, keys: app.keys, secrets: [next, ...secrets] })
    app.platform.advance(16)
    const rotated = await promoted.tokens.refresh(refresh_token)
    const removed = tokenApp({ store: app.store, platform: app.platform, keys: app.keys, secrets: [next] })
    await expect(removed.tokens.refresh(rotated.refresh_token)).resolves.toBeDefined()
    await expect(removed.tokens.refresh(refresh_token)).rejects.toEqual(invalidGrant)
  })

  test('rotates nothing while no key can sign: an outage longer than the window is never reuse', async () => {
    const inner = memoryStore()
    let isRingDown = false
    const store: Store = {
      ...inner,
      get: async (kind, ...key) =>
        isRingDown && kind === 'key-ring' ? Promise.reject(new Error('down')) : inner.get(kind, ...key),
    }
    const app = tokenApp({ store }, (platform) => createKeyRing({ store, secrets, platform }))
    const { refresh_token } = await signedIn(app)
    isRingDown = true
    for (let tries = 0; tries < 3; tries += 1) {
      app.platform.advance(40)
      await expect(app.tokens.refresh(refresh_token)).rejects.toMatchObject({ code: 'unavailable' })
    }
    isRingDown = false
    await expect(app.tokens.refresh(refresh_token)).resolves.toBeDefined()
    expect(app.events.map(({ type }) => type)).not.toContain('token.reused')
  })

  test('the window begins when the rotation is written, however long signing waited', async () => {
    const inner = memoryStore()
    let waits = 0
    const get: Store['get'] = (kind, ...key) => {
      if (kind === 'key-ring') app.platform.advance(waits)
      return inner.get(kind, ...key)
    }
    const store = markSelfBounded({ ...inner, get })
    const app = tokenApp({ store }, (platform) => createKeyRing({ store, secrets, platform }))
    const first = await signedIn(app)
    app.platform.advance(300)
    waits = 20
    const second = await app.tokens.refresh(first.refresh_token)
    waits = 0
    expect((await app.tokens.refresh(first.refresh_token)).refresh_token).toBe(second.refresh_token)
  })

  test('says that it cannot know when the store does not answer', async () => {
    const inner = memoryStore()
    let isDown = false
    const store: Store = {
      ...inner,
      get: async (...key) => (isDown ? Promise.reject(new Error('down')) : inner.get(...key)),
    }
    const app = tokenApp({ store })
    const { refresh_token } = await signedIn(app)
    isDown = true
    await expect(app.tokens.refresh(refresh_token)).rejects.toMatchObject({ code: 'unavailable', status: 503 })
  })
})

describe('races', () => {
  test(
    'fifty refreshes at once, over two processes, in 200 rounds: one living chain and the same successor for all',
    slow,
    async () => {
      const one = tokenApp()
      const two = tokenApp({ store: one.store, platform: one.platform, keys: one.keys })
      let token = refreshTokenOf(await signedIn(one))
      for (let round = 0; round < 200; round += 1) {
        one.platform.advance(16)
        const answers = await Promise.all(
          Array.from({ length: 50 }, (_, index) => (index % 2 === 0 ? one : two).tokens.refresh(token)),
        )
        const successors = new Set(answers.map((answer) => refreshTokenOf(answer)))
        expect(successors.size).toBe(1)
        token = refreshTokenOf(answers[0] ?? {})
      }
      expect(await one.tokens.listFamilies('user-1')).toHaveLength(1)
      expect(token.split('.')[1]).toBe('200')
    },
  )

  test('three tabs that share one token slot never log each other out', slow, async () => {
    const app = tokenApp()
    let slot = refreshTokenOf(await signedIn(app))
    const random = seeded(7)
    for (let round = 0; round < 1000; round += 1) {
      const tabs = [0, 0, 0].map(() => slot)
      app.platform.advance(Math.floor(random() * 40))
      for (const tab of tabs.toSorted(() => random() - 0.5)) {
        app.platform.advance(Math.floor(random() * 5))
        slot = refreshTokenOf(await app.tokens.refresh(tab))
      }
    }
    expect(await app.tokens.listFamilies('user-1')).toHaveLength(1)
  })

  test.each(['sign-out', 'revokeAll', 'password change'])(
    '%s at any point of an issue or a refresh leaves no family behind',
    async (ending) => {
      for (let after = 0; after < 12; after += 1) {
        const gate = countedStore()
        const app = tokenApp({ store: gate.store })
        const { session, token } = await app.signIn()
        const { refresh_token } = await app.tokens.issue({ session })
        app.platform.advance(16)
        const end = async (): Promise<unknown> => {
          if (ending === 'sign-out') return app.sessions.revoke('user-1', session.id)
          if (ending === 'revokeAll') return app.sessions.revokeAll('user-1')
          const now = await app.sessions.verify(token)
          const rotated = await app.sessions.rotate(now ?? session, { methods: ['pwd'] })
          return app.sessions.revokeAll('user-1', { except: rotated.session })
        }
        gate.runAfter(after, end)
        await Promise.allSettled([app.tokens.issue({ session }), app.tokens.refresh(refresh_token)])
        await gate.settled()
        expect(await app.tokens.listFamilies('user-1')).toEqual([])
      }
    },
  )
})

/** A store that runs an ending right before the nth call from now, and lets the call wait for it. */
function countedStore() {
  const inner = memoryStore()
  let left = Infinity
  let ending: (() => Promise<unknown>) | null = null
  let ended: Promise<unknown> = Promise.resolve()
  const before = async (): Promise<void> => {
    left -= 1
    if (left >= 0 || !ending) return
    const run = ending
    ending = null
    ended = run()
    await ended
  }
  const counted =
    <Input extends unknown[], Output>(call: (...input: Input) => Promise<Output>) =>
    async (...input: Input): Promise<Output> => {
      await before()
      return call(...input)
    }
  const store = markSelfBounded<Store>({
    get: counted(inner.get),
    insert: counted(inner.insert),
    replace: counted(inner.replace),
    remove: counted(inner.remove),
    listByOwner: counted(inner.listByOwner),
    removeExpired: counted(inner.removeExpired),
  })
  return {
    store,
    runAfter(calls: number, run: () => Promise<unknown>) {
      left = calls
      ending = run
    },
    async settled() {
      left = -1
      await before()
      await ended
    },
  }
}

/** The same numbers in every run (mulberry32). */
function seeded(seed: number): () => number {
  let state = seed
  return () => {
    state = (state + 0x6d2b79f5) | 0
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state)
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296
  }
}
