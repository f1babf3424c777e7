import { testPlatform } from '@tessera-auth/testing'
import { describe, expect, test } from 'vitest'
import { z } from 'zod'
import { createSessions } from '../session/sessions.js'
import { cachedStore } from '../store/cached-store.js'
import { memoryStore } from '../store/memory-store.js'
import type { Store } from '../store/store.js'
import type { AuthEvent } from '../events.js'
import { audience, issuer, privateJwk, publicHalf, tokenApp } from './fixtures/token-app.js'
import { good, jwk, now, platform, signed } from './fixtures/signed-token.js'
import { staticKeyRing } from './key-ring.js'
import { createTokenIssuer } from './token-issuer.js'
import { createTokenVerifier } from './token-verifier.js'
import type { KeyRing } from './key-ring.js'

const keys = staticKeyRing([jwk])

describe('createTokenVerifier', () => {
  test.each([
    ['issuer', { keys, issuer: '', audience }],
    ['audience', { keys, issuer, audience: 7 as unknown as string }],
    ['keys', { keys: {} as KeyRing, issuer, audience }],
    ['keys', { keys: { ...keys }, issuer, audience }],
    ['leewaySeconds', { keys, issuer, audience, leewaySeconds: 61 }],
    ['rememberedTokens', { keys, issuer, audience, rememberedTokens: -1 }],
    ['jwksUri', { jwksUri: 'http://api.example/keys', issuer, audience }],
    ['jwksUri', { jwksUri: 'https://user:pass@api.example/keys', issuer, audience }],
    ['algorithms', { jwksUri: 'https://api.example/keys', algorithms: ['HS256'] as const, issuer, audience }],
    ['store', { keys, issuer, audience, store: {} as Store }],
  ])('names %s when it is wrong', (name, options) => {
    expect(() => createTokenVerifier(options)).toThrow(name)
  })
})

describe('remembered tokens', () => {
  test('are not verified again, and their claims cannot be changed by one request for another', async () => {
    const verifier = createTokenVerifier({ keys, platform, issuer, audience })
    const token = await signed({ ...good, roles: ['a'] })
    const first = await verifier.verify(token)
    expect(await verifier.verify(token)).toBe(first)
    expect(Object.isFrozen(first)).toBe(true)
    expect(Object.isFrozen(first?.roles)).toBe(true)
  })

  test('expire', async () => {
    const clock = testPlatform()
    const verifier = createTokenVerifier({ keys, platform: clock, issuer, audience })
    const token = await signed(good)
    expect(await verifier.verify(token)).not.toBe(null)
    clock.advance(304)
    expect(await verifier.verify(token)).not.toBe(null)
    clock.advance(1)
    expect(await verifier.verify(token)).toBe(null)
  })

  test('are one verification for many callers at once', async () => {
    let verifications = 0
    const schema = { '~standard': { validate: (value: unknown) => ((verifications += 1), { value: value as object }) } }
    const verifier = createTokenVerifier({ keys, platform, issuer, audience, claims: schema })
    const token = await signed(good)
    const answers = await Promise.all(Array.from({ length: 64 }, () => verifier.verify(token)))
    expect(new Set(answers).size).toBe(1)
    expect(verifications).toBe(1)
  })

  test('are never failed ones', async () => {
    const reasons: (string | null)[] = []
    const onEvent = ({ reason }: AuthEvent): void => void reasons.push(reason)
    const verifier = createTokenVerifier({ keys, platform, issuer, audience, onEvent })
    const token = `${(await signed(good)).slice(0, -4)}AAAA`
    for (let round = 0; round < 3; round += 1) expect(await verifier.verify(token)).toBe(null)
    expect(reasons).toEqual(['bad_signature', 'bad_signature', 'bad_signature'])
  })

  test('stay within their bound under a flood, and those in use stay', async () => {
    let verifications = 0
    const schema = { '~standard': { validate: (value: unknown) => ((verifications += 1), { value: value as object }) } }
    const verifier = createTokenVerifier({ keys, platform, issuer, audience, claims: schema, rememberedTokens: 10 })
    const used = await signed(good)
    await verifier.verify(used)
    for (let index = 0; index < 50; index += 1) {
      await verifier.verify(await signed({ ...good, jti: `flood-${index}` }))
      await verifier.verify(used)
    }
    expect(verifications).toBe(51)
  })
})

describe('claims', () => {
  test('are refused where the app’s schema refuses them', async () => {
    const claims = z.object({ tenant: z.string() })
    const verifier = createTokenVerifier({ keys, platform, issuer, audience, claims })
    expect(await verifier.verify(await signed(good))).toBe(null)
    expect(await verifier.verify(await signed({ ...good, tenant: 7 }))).toBe(null)
    const accepted = await verifier.verify(await signed({ ...good, tenant: 'blue' }))
    expect(accepted?.tenant.toUpperCase()).toBe('BLUE')
  })

  test('are refused where the schema throws', async () => {
    const claims = { '~standard': { validate: () => Promise.reject(new Error('broken')) } }
    const verifier = createTokenVerifier({ keys, platform, issuer, audience, claims })
    expect(await verifier.verify(await signed(good))).toBe(null)
  })
})

describe('revocation', () => {
  test('is seen by four processes within the cache’s bound, and at once with a bus', async () => {
    const clock = testPlatform()
    const records = memoryStore({ platform: clock })
    const listeners = new Set<(kind: string, key: string) => void>()
    const bus = {
      publish: async (kind: string, key: string) => listeners.forEach((listener) => listener(kind, key)),
      subscribe: (listener: (kind: string, key: string) => void) => (
        listeners.add(listener),
        async () => void listeners.delete(listener)
      ),
    }
    for (const withBus of [true, false]) {
      const app = tokenApp({
        store: cachedStore(records, { platform: clock, ...(withBus ? { bus } : {}) }),
        platform: clock,
      })
      const others = Array.from({ length: 4 }, () =>
        createTokenVerifier({
          store: cachedStore(records, { platform: clock, ...(withBus ? { bus } : {}) }),
          platform: clock,
          keys: app.keys,
          issuer,
          audience,
        }),
      )
      const accepted = (token: string) => Promise.all(others.map(async (other) => (await other.verify(token)) !== null))
      const { access_token } = await app.tokens.issue({ session: (await app.signIn()).session })
      expect(await accepted(access_token)).toEqual([true, true, true, true])
      await app.tokens.revoke(access_token)
      await Promise.resolve()
      expect(await accepted(access_token)).toEqual(others.map(() => !withBus))
      clock.advance(10.001)
      expect(await accepted(access_token)).toEqual([false, false, false, false])
    }
  })

  test('costs no store read within the bound', async () => {
    let reads = 0
    const inner = memoryStore({ platform })
    const counted: Store = { ...inner, get: (...key) => ((reads += 1), inner.get(...key)) }
    const app = tokenApp({ store: cachedStore(counted, { platform }), platform })
    const { access_token } = await app.tokens.issue({ session: (await app.signIn()).session })
    await app.verifier.verify(access_token)
    reads = 0
    for (let index = 0; index < 100; index += 1) expect(await app.verifier.verify(access_token)).not.toBe(null)
    expect(reads).toBe(0)
  })

  test('is a session’s idle end too, at its second, whatever the cache keeps', async () => {
    const clock = testPlatform()
    const store = cachedStore(memoryStore({ platform: clock }), { platform: clock, maxStalenessSeconds: 3600 })
    const sessions = createSessions({ store, platform: clock, idleTimeoutSeconds: 100 })
    const app = tokenApp({ store, platform: clock })
    const { session } = await sessions.create({ attempt: await sessions.beginLogin('user-1') })
    const { access_token } = await app.tokens.issue({ session })
    for (const seconds of [0, 50, 49]) {
      clock.advance(seconds)
      expect(await app.verifier.verify(access_token)).not.toBe(null)
    }
    clock.advance(1)
    expect(await app.verifier.verify(access_token)).toBe(null)
  })

  test('is not a session’s idle end on a copy, where another process has seen it in use since', async () => {
    const clock = testPlatform()
    const shared = memoryStore({ platform: clock })
    const store = cachedStore(shared, { platform: clock, maxStalenessSeconds: 60 })
    const there = createSessions({ store: shared, platform: clock, idleTimeoutSeconds: 100, touchIntervalSeconds: 1 })
    const app = tokenApp({ store, platform: clock })
    const { session, token } = await there.create({ attempt: await there.beginLogin('user-1') })
    const { access_token } = await app.tokens.issue({ session })
    clock.advance(90)
    expect(await app.verifier.verify(access_token)).not.toBe(null)
    expect(await there.verify(token)).not.toBe(null)
    clock.advance(20)
    expect(await app.verifier.verify(access_token)).not.toBe(null)
  })

  test('that cannot be read is not a yes', async () => {
    const inner = memoryStore({ platform })
    let isDown = false
    const store: Store = {
      ...inner,
      get: async (...key) => (isDown ? Promise.reject(new Error('down')) : inner.get(...key)),
    }
    const app = tokenApp({ store, platform })
    const { access_token } = await app.tokens.issue({ clientId: 'billing' })
    isDown = true
    await expect(app.verifier.verify(access_token)).rejects.toMatchObject({ code: 'unavailable' })
  })
})

describe('a second service', () => {
  test('verifies with public keys only, and sees no audience but its own', async () => {
    const private_ = privateJwk()
    const { tokens } = tokenApp({ keys: staticKeyRing([private_]) })
    const orders = createTokenVerifier({
      keys: staticKeyRing([publicHalf(private_)]),
      platform,
      issuer,
      audience: 'https://orders.example',
    })
    const grant = { clientId: 'billing', scope: 'orders:read' }
    const right = await tokens.issueAccessToken({ ...grant, audience: 'https://orders.example' })
    expect(await orders.verify(right.access_token)).toMatchObject({ sub: 'billing', scope: 'orders:read', iat: now })
    expect(await orders.verify((await tokens.issueAccessToken(grant)).access_token)).toBe(null)
  })

  test('cannot issue with public keys', async () => {
    const ring = staticKeyRing([publicHalf(privateJwk())])
    const options = { store: memoryStore(), secrets: ['x'.repeat(32)], origin: issuer, keys: ring, audience }
    await expect(createTokenIssuer(options).issue({ clientId: 'c' })).rejects.toThrow('private key')
  })
})
