import { testPlatform } from '@tessera-auth/testing'
import { describe, expect, test } from 'vitest'
import type { Entry, Store } from '../store/store.js'
import { kidOf, processes, states, timing } from './fixtures/ring-processes.js'
import { audience, claimsOf, issuer, secrets, tokenApp } from './fixtures/token-app.js'
import { createKeyRing } from './managed-key-ring.js'
import { createTokenIssuer } from './token-issuer.js'
import { createTokenVerifier } from './token-verifier.js'

const unavailable = expect.objectContaining({ code: 'unavailable' })

describe('createKeyRing', () => {
  test('makes one key for any number of processes that start at once', async () => {
    const { start } = processes()
    const rings = Array.from({ length: 5 }, () => start().keys)
    const sets = await Promise.all(rings.map((ring) => ring.jwks()))
    expect(new Set(sets.map(({ keys: [key] }) => JSON.stringify(key))).size).toBe(1)
    expect(sets.every(({ keys }) => keys.length === 1)).toBe(true)
  })

  test.each(['ES256', 'EdDSA', 'RS256', 'PS256', 'HS256'] as const)(
    'signs with %s what another process verifies',
    async (algorithm) => {
      const { start } = processes({ algorithm })
      const { access_token } = await start().tokens.issue({ clientId: 'billing' })
      expect(await start().verifier.verify(access_token)).toMatchObject({ sub: 'billing' })
    },
  )

  test('publishes public members only', async () => {
    const { start } = processes()
    const { keys } = await start().keys.jwks()
    expect(Object.keys(keys[0] ?? {}).toSorted()).toEqual(['alg', 'crv', 'kid', 'kty', 'use', 'x', 'y'])
  })

  test('publishes no secret', async () => {
    const { start } = processes({ algorithm: 'HS256' })
    expect(await start().keys.jwks()).toEqual({ keys: [] })
  })

  test('seals private keys in the store', async () => {
    const { start, store } = processes()
    await start().keys.jwks()
    const [key] = JSON.parse((await store.get('key-ring', 'ring'))?.value ?? '').keys
    expect(key.sealed.split('.')).toHaveLength(5)
    expect(key.publicKey).not.toHaveProperty('d')
  })

  test.each([
    ['rotateEverySeconds', { rotateEverySeconds: 115 }],
    ['rotateEverySeconds', { rotateEverySeconds: 1.5 }],
    ['algorithm', { algorithm: 'none' as 'HS256' }],
    ['jwksMaxAgeSeconds', { jwksMaxAgeSeconds: 0 }],
  ])('names %s when it is wrong', (name, options) => {
    expect(() => processes(options).start()).toThrow(name)
  })

  test('is refused by an issuer whose tokens live longer than its keys verify', () => {
    const { platform, store } = processes()
    const keys = createKeyRing({ store, secrets, platform, ...timing })
    const options = { store, secrets, platform, keys, audience, origin: issuer, accessTokenSeconds: 301 }
    expect(() => createTokenIssuer(options)).toThrow('accessTokenSeconds')
  })
})

describe('rotation', () => {
  test('lets the next key sign only after every verifier can know it', async () => {
    const { start, platform } = processes()
    const { keys } = start()
    await keys.rotate()
    expect(await states(keys)).toEqual(['signing', 'published'])
    platform.advance(115)
    expect(await states(keys)).toEqual(['signing', 'published'])
    platform.advance(1)
    expect(await states(keys)).toEqual(['verifying', 'signing'])
  })

  test('publishes once, however many processes ask', async () => {
    const { start } = processes()
    const { keys } = start()
    await Promise.all([keys.rotate(), start().keys.rotate(), start().keys.rotate()])
    expect(await states(keys)).toEqual(['signing', 'published'])
  })

  test('happens on schedule, a lead time ahead', async () => {
    const { start, platform } = processes()
    const { keys } = start()
    await keys.jwks()
    platform.advance(884)
    expect(await states(keys)).toEqual(['signing'])
    platform.advance(1)
    expect(await states(keys)).toEqual(['signing', 'published'])
    platform.advance(116)
    expect(await states(keys)).toEqual(['verifying', 'signing'])
  })

  test('goes on with the old key, however late anybody looks', async () => {
    const { start, platform } = processes()
    const { keys, tokens, verifier } = start()
    const before = kidOf((await tokens.issue({ clientId: 'c' })).access_token)
    platform.advance(1_000_000)
    const { access_token } = await tokens.issue({ clientId: 'c' })
    expect(kidOf(access_token)).toBe(before)
    expect(await states(keys)).toEqual(['signing', 'published'])
    expect(await verifier.verify(access_token)).not.toBe(null)
  })

  test('keeps every token good until it expires', async () => {
    const { start, platform } = processes()
    const signer = start()
    const other = start()
    const issued: { token: string; exp: number }[] = []
    for (let step = 0; step < 400; step += 1) {
      const token = (await signer.tokens.issue({ clientId: 'c' })).access_token
      issued.push({ token, exp: claimsOf(token).exp as number })
      platform.advance(10)
      const good = issued.slice(-30).filter(({ exp }) => exp > platform.now())
      for (const { token: earlier } of [good[0], good.at(-1)].flatMap((found) => found ?? [])) {
        expect(await other.verifier.verify(earlier)).not.toBe(null)
      }
    }
    expect(new Set(issued.map(({ token }) => kidOf(token))).size).toBeGreaterThan(3)
  })

  test('retires a key, and its tokens with it, once none of them can be good', async () => {
    const { start, platform } = processes()
    const { keys } = start()
    await keys.rotate()
    platform.advance(116)
    expect(await states(keys)).toEqual(['verifying', 'signing'])
    platform.advance(315)
    expect(await states(keys)).toEqual(['verifying', 'signing'])
    platform.advance(1)
    expect(await states(keys)).toEqual(['retired', 'signing'])
    expect((await keys.jwks()).keys).toHaveLength(1)
  })

  test('counts from when a state was read back, not from when its write began', async () => {
    const { platform, store } = processes()
    let isSlow = false
    const slow: Store = {
      ...store,
      async replace(entry, version) {
        if (isSlow) platform.advance(4)
        return store.replace(entry, version)
      },
    }
    const keys = createKeyRing({ store: slow, secrets, platform, ...timing })
    await keys.jwks()
    const begun = platform.now()
    isSlow = true
    await keys.rotate()
    isSlow = false
    const [, next] = await keys.explain()
    expect(next?.since).toBe(begun + 4)
  })

  test('moves to another algorithm without ending a token', async () => {
    const { start, platform, store } = processes()
    const { access_token } = await start().tokens.issue({ clientId: 'c' })
    const keys = createKeyRing({ store, secrets, platform, ...timing, algorithm: 'EdDSA' })
    const verifier = createTokenVerifier({ keys, platform, issuer, audience })
    expect(await verifier.verify(access_token)).not.toBe(null)
    platform.advance(116)
    expect((await keys.explain()).map(({ algorithm, state }) => [algorithm, state])).toEqual([
      ['ES256', 'verifying'],
      ['EdDSA', 'signing'],
    ])
    expect(await verifier.verify(access_token)).not.toBe(null)
  })
})

describe('compromised', () => {
  test('refuses the key’s tokens here at once, remembered ones too', async () => {
    const { start } = processes()
    const { keys, tokens, verifier } = start()
    const { access_token } = await tokens.issue({ clientId: 'c' })
    expect(await verifier.verify(access_token)).not.toBe(null)
    await keys.compromised(String(kidOf(access_token)))
    expect(await verifier.verify(access_token)).toBe(null)
  })

  test('refuses them in other processes within the bound that explain() printed', async () => {
    const { start, platform } = processes()
    const { keys, tokens } = start()
    const other = start()
    const { access_token } = await tokens.issue({ clientId: 'c' })
    expect(await other.verifier.verify(access_token)).not.toBe(null)
    await keys.compromised(String(kidOf(access_token)))
    const [state] = await keys.explain()
    expect(state).toMatchObject({
      state: 'compromised',
      next: { state: 'refused_everywhere', at: platform.now() + 115 },
    })
    platform.advance((state?.next?.at ?? 0) - platform.now())
    expect(await other.verifier.verify(access_token)).toBe(null)
  })

  test('refuses them at a remote verifier within that bound too', async () => {
    const { store } = processes()
    const serving: { keys?: ReturnType<typeof createKeyRing> } = {}
    const platform = testPlatform({
      fetch: async () => {
        const jwks = await serving.keys?.jwks()
        return new Response(JSON.stringify(jwks), {
          headers: { 'cache-control': serving.keys?.jwksCacheControl ?? '' },
        })
      },
    })
    const shared = { store, secrets, platform, ...timing }
    const keys = createKeyRing(shared)
    serving.keys = createKeyRing(shared)
    const tokens = createTokenIssuer({ ...shared, origin: issuer, keys, audience })
    const remote = createTokenVerifier({
      jwksUri: 'https://app.example/keys',
      issuer,
      audience,
      platform,
      leewaySeconds: 60,
    })
    const { access_token } = await tokens.issue({ clientId: 'c' })
    expect(await remote.verify(access_token)).not.toBe(null)
    await keys.compromised(String(kidOf(access_token)))
    const [state] = await keys.explain()
    platform.advance((state?.next?.at ?? 0) - platform.now())
    expect(await remote.verify(access_token)).toBe(null)
    expect(await remote.verify((await tokens.issue({ clientId: 'c' })).access_token)).not.toBe(null)
  })

  test('has a successor that signs at once', async () => {
    const { start } = processes()
    const { keys, tokens, verifier } = start()
    const kid = String(kidOf((await tokens.issue({ clientId: 'c' })).access_token))
    await keys.compromised(kid)
    const { access_token } = await tokens.issue({ clientId: 'c' })
    expect(kidOf(access_token)).not.toBe(kid)
    expect(await verifier.verify(access_token)).not.toBe(null)
    expect((await keys.jwks()).keys.map((key) => (key as { kid?: string }).kid)).not.toContain(kid)
  })

  test('throws for a key that is not in the ring', async () => {
    await expect(processes().start().keys.compromised('nobody')).rejects.toMatchObject({ code: 'not_found' })
  })

  test('throws when the store does not take it', async () => {
    const { store, platform } = processes()
    let isDown = false
    const failing: Store = {
      ...store,
      replace: async (entry: Entry, version: string) => {
        if (isDown) throw new Error('down')
        return store.replace(entry, version)
      },
    }
    const keys = createKeyRing({ store: failing, secrets, platform, ...timing })
    const [key] = await keys.explain()
    isDown = true
    await expect(keys.compromised(key?.kid ?? '')).rejects.toEqual(unavailable)
  })
})

describe('a ring that cannot be opened', () => {
  test('fails, and nothing is written over it', async () => {
    const { start, store } = processes()
    await start().keys.jwks()
    const before = await store.get('key-ring', 'ring')
    const stranger = start(['another secret of this test, 32 characters or more'])
    await expect(stranger.keys.jwks()).rejects.toEqual(unavailable)
    await expect(stranger.tokens.issue({ clientId: 'c' })).rejects.toEqual(unavailable)
    expect(await store.get('key-ring', 'ring')).toEqual(before)
  })

  test('opens with an older secret, and is sealed again with the first one', async () => {
    const { start } = processes()
    await start().keys.jwks()
    const next = 'another secret of this test, 32 characters or more'
    await start([next, ...secrets]).keys.jwks()
    await expect(start([next]).keys.jwks()).resolves.toMatchObject({ keys: [{}] })
  })

  test.each(['{}', '{"v":1,"keys":[{}]}', '[]', 'no json'])('fails where the record says %s', async (value) => {
    const { start, store, platform } = processes()
    await store.insert({ kind: 'key-ring', key: 'ring', owner: null, value, version: 'x', expiresAt: null })
    await expect(start().keys.jwks()).rejects.toEqual(unavailable)
    platform.advance(60)
    expect((await store.get('key-ring', 'ring'))?.value).toBe(value)
  })

  test('fails verification too when the store is down, rather than guess', async () => {
    const { store, platform } = processes()
    let isDown = false
    const failing: Store = {
      ...store,
      get: async (...key) => (isDown ? Promise.reject(new Error('down')) : store.get(...key)),
    }
    const { tokens, verifier } = tokenApp({ store: failing, platform }, () =>
      createKeyRing({ store: failing, secrets, platform, ...timing }),
    )
    const { access_token } = await tokens.issue({ clientId: 'c' })
    isDown = true
    platform.advance(11)
    await expect(verifier.verify(access_token)).rejects.toEqual(unavailable)
  })
})
