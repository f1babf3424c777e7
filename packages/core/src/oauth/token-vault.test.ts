import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { testPlatform, type TestPlatform } from '@tessera-auth/testing'
import type { AuthEvent } from '../events.js'
import { systemPlatform } from '../platform.js'
import { memoryStore } from '../store/memory-store.js'
import type { Store } from '../store/store.js'
import { createDpopKey } from './dpop.js'
import { type Behaviour, type RotatingProvider, startRotatingProvider } from './fixtures/rotating-provider.js'
import type { ProviderTokens } from './identity.js'
import { oidc } from './providers/oidc.js'
import { createTokenVault, type TokenVault, type TokenVaultOptions } from './token-vault.js'

const secret = 'a secret for tests only, which has 32 characters or more'
const newer = 'another secret for tests only, with 32 characters or more'
let upstream: RotatingProvider
let store: Store
let platform: TestPlatform
let events: AuthEvent[]

beforeAll(async () => {
  upstream = await startRotatingProvider()
})
afterAll(() => upstream.close())
beforeEach(() => {
  platform = testPlatform({ fetch: systemPlatform.fetch })
  // The clock is ours, the waiting is real: nothing here waits for longer than a few polls.
  platform = Object.assign(Object.create(platform), { sleep: systemPlatform.sleep, advance: platform.advance })
  store = memoryStore()
  events = []
})

function vaultOf(options: Partial<TokenVaultOptions> = {}): TokenVault {
  const provider = oidc({
    name: 'clinic',
    issuer: upstream.issuer,
    clientId: 'app',
    clientSecret: 'for tests',
    apiOrigins: [upstream.issuer],
    dangerouslyAllowPrivateNetwork: true,
  })
  const onEvent = (event: AuthEvent): void => void events.push(event)
  return createTokenVault({ store, secrets: [secret], providers: [provider], platform, onEvent, ...options })
}

function tokensOf(user: string, change: Partial<ProviderTokens> = {}): { tokens: ProviderTokens } {
  const accessToken = `at.${user}.first`
  upstream.allow(accessToken)
  const tokens = { provider: 'clinic', accessToken, refreshToken: upstream.grant(user), scope: 'read' }
  return {
    tokens: { ...tokens, expiresAt: platform.now() + 3600, resource: null, idToken: null, dpopKey: null, ...change },
  }
}

function gate(): { readonly opened: Promise<void>; open(): void } {
  const { promise, resolve } = Promise.withResolvers<void>()
  return { opened: promise, open: () => resolve() }
}

async function until(condition: () => boolean): Promise<void> {
  for (let tries = 0; !condition() && tries < 200; tries += 1) await systemPlatform.sleep(5)
}

const user = (): string => `u${crypto.randomUUID()}`

describe('accessToken', () => {
  test('a good token is served without asking the provider', async () => {
    const id = user()
    const vault = vaultOf()
    await vault.save(id, tokensOf(id))
    expect(await vault.accessToken(id, 'clinic')).toBe(`at.${id}.first`)
    expect(upstream.refreshes.get(id)).toBeUndefined()
  })

  test('a token near its end is refreshed once for all callers at once', async () => {
    const id = user()
    const vaults = [vaultOf(), vaultOf(), vaultOf()]
    await vaults[0]?.save(id, tokensOf(id))
    platform.advance(3590)
    const calls = Array.from({ length: 30 }, (_, index) => vaults[index % 3]?.accessToken(id, 'clinic'))
    const tokens = new Set(await Promise.all(calls))
    expect(tokens.size).toBe(1)
    expect(upstream.refreshes.get(id)).toBe(1)
    expect(events.filter(({ type }) => type === 'vault.refreshed')).toHaveLength(1)
  })

  test('an answer without a refresh token keeps the old one', async () => {
    const id = user()
    const vault = vaultOf()
    await vault.save(id, tokensOf(id))
    for (let round = 1; round <= 2; round += 1) {
      upstream.behaviours.set(id, { sameToken: true })
      platform.advance(3600)
      expect(await vault.accessToken(id, 'clinic')).toContain(`at.${id}.`)
      expect(upstream.refreshes.get(id)).toBe(round)
    }
  })

  test('a token that never ends is never refreshed', async () => {
    const id = user()
    const vault = vaultOf()
    await vault.save(id, tokensOf(id, { expiresAt: null, refreshToken: null }))
    platform.advance(86_400 * 365)
    expect(await vault.accessToken(id, 'clinic')).toBe(`at.${id}.first`)
  })

  test('nobody connected is reconnect_required, not_connected', async () => {
    await expect(vaultOf().accessToken(user(), 'clinic')).rejects.toMatchObject({
      code: 'reconnect_required',
      details: { reason: 'not_connected' },
    })
  })

  test('an ended token without a refresh token is reconnect_required', async () => {
    const id = user()
    const vault = vaultOf()
    await vault.save(id, tokensOf(id, { refreshToken: null }))
    platform.advance(3600)
    await expect(vault.accessToken(id, 'clinic')).rejects.toMatchObject({ code: 'reconnect_required' })
  })

  test('a provider that is not of this vault is not_found', async () => {
    await expect(vaultOf().accessToken(user(), 'other')).rejects.toMatchObject({ code: 'not_found' })
  })

  test('a refused refresh token is reconnect_required until the user connects again', async () => {
    const id = user()
    const vault = vaultOf()
    await vault.save(id, tokensOf(id, { refreshToken: `${id}.revoked` }))
    platform.advance(3600)
    for (let tries = 0; tries < 2; tries += 1) {
      await expect(vault.accessToken(id, 'clinic')).rejects.toMatchObject({ code: 'reconnect_required' })
    }
    expect(upstream.refreshes.get(id)).toBe(1)
    expect(events.map(({ type }) => type)).toContain('vault.reconnect_required')
    await vault.save(id, tokensOf(id))
    expect(await vault.accessToken(id, 'clinic')).toBe(`at.${id}.first`)
  })

  const outages: [string, Behaviour][] = [
    ['a server error', { answer: { status: 500, body: '{}' } }],
    ['an HTML page', { answer: { status: 200, body: '<html>', type: 'text/html' } }],
    ['broken JSON', { answer: { status: 200, body: '{"access_token":' } }],
    ['a refusal of the client', { answer: { status: 401, body: '{"error":"invalid_client"}' } }],
    ['an unknown error', { answer: { status: 400, body: '{"error":"temporarily_unavailable"}' } }],
  ]
  test.each(outages)('%s is unavailable, and the next call tries again', async (_name, behaviour) => {
    const id = user()
    const vault = vaultOf()
    await vault.save(id, tokensOf(id))
    platform.advance(3600)
    upstream.behaviours.set(id, behaviour)
    await expect(vault.accessToken(id, 'clinic')).rejects.toMatchObject({ code: 'unavailable' })
    expect(await vault.accessToken(id, 'clinic')).toContain(`at.${id}.`)
  })
})

describe('a grant that is bound to a key (RFC 9449)', () => {
  test('an answer that is not bound is unavailable, and the refresh token that came with it is kept with its key', async () => {
    const id = user()
    const vault = vaultOf()
    await vault.save(id, tokensOf(id, { dpopKey: await createDpopKey() }))
    platform.advance(3600)
    // The second refresh token is good only if the first answer's was kept: each is spent once.
    for (let round = 1; round <= 2; round += 1) {
      await expect(vault.accessToken(id, 'clinic')).rejects.toMatchObject({ code: 'unavailable' })
      expect(upstream.refreshes.get(id)).toBe(round)
    }
    expect(events.at(-1)).toMatchObject({ type: 'vault.refreshed', reason: 'token_not_bound' })
    const bound = { access_token: `at.${id}.bound`, token_type: 'DPoP', expires_in: 3600 }
    upstream.behaviours.set(id, { answer: { status: 200, body: JSON.stringify(bound) } })
    upstream.allow(`DPoP at.${id}.bound`)
    expect((await vault.fetch(id, 'clinic', `${upstream.issuer}/api/a`)).status).toBe(200)
    expect(upstream.calls.at(-1)?.headers.authorization).toBe(`DPoP at.${id}.bound`)
  })
})

describe('an answer with the same tokens', () => {
  test('frees the lease', async () => {
    const id = user()
    const vault = vaultOf()
    const login = tokensOf(id)
    await vault.save(id, login)
    platform.advance(3600)
    const same = { access_token: login.tokens.accessToken, token_type: 'Bearer', expires_in: 3600 }
    upstream.behaviours.set(id, { answer: { status: 200, body: JSON.stringify(same) } })
    for (let calls = 1; calls <= 2; calls += 1) {
      expect(await vault.accessToken(id, 'clinic')).toBe(login.tokens.accessToken)
      expect(upstream.refreshes.get(id)).toBe(1)
    }
  })
})

describe('the lease', () => {
  test('is taken over when its holder shows no sign of life for leaseSeconds', async () => {
    const id = user()
    const vault = vaultOf()
    await vault.save(id, tokensOf(id))
    platform.advance(3600)
    const stuck = gate()
    upstream.behaviours.set(id, { before: stuck.opened })
    const first = vault.accessToken(id, 'clinic')
    await until(() => upstream.refreshes.get(id) === 1)
    let looks = 0
    const watched: Store = { ...store, get: (...read) => ((looks += 1), store.get(...read)) }
    const other = vaultOf({ store: watched }).accessToken(id, 'clinic')
    // One read finds out that the token has ended; from the second on the lease is watched.
    await until(() => looks >= 3)
    platform.advance(24)
    const seen = looks
    await until(() => looks >= seen + 2)
    expect(upstream.refreshes.get(id)).toBe(1)
    platform.advance(2)
    const token = await other
    expect(upstream.refreshes.get(id)).toBe(2)
    stuck.open()
    // The first refresh is refused now, but the record holds a newer token: that is what counts.
    expect(await first).toBe(token)
  })

  test('a late result is written over the mark of a refresh that was refused meanwhile', async () => {
    const id = user()
    const vault = vaultOf()
    await vault.save(id, tokensOf(id))
    platform.advance(3600)
    const answer = gate()
    upstream.behaviours.set(id, { after: answer.opened })
    const first = vault.accessToken(id, 'clinic')
    await until(() => upstream.refreshes.get(id) === 1)
    const other = vaultOf()
      .accessToken(id, 'clinic')
      .catch((error: unknown) => error)
    await systemPlatform.sleep(80)
    platform.advance(26)
    expect(await other).toMatchObject({ code: 'reconnect_required' })
    answer.open()
    const token = await first
    expect(await vaultOf().accessToken(id, 'clinic')).toBe(token)
  })

  test('a result for a removed connection is discarded and revoked at the provider', async () => {
    const id = user()
    const vault = vaultOf()
    await vault.save(id, tokensOf(id))
    platform.advance(3600)
    const answer = gate()
    upstream.behaviours.set(id, { after: answer.opened })
    const first = vault.accessToken(id, 'clinic').catch((error: unknown) => error)
    await until(() => upstream.refreshes.get(id) === 1)
    expect(await vault.remove(id, 'clinic')).toBe(true)
    upstream.revoked.length = 0
    answer.open()
    expect(await first).toMatchObject({ code: 'reconnect_required', details: { reason: 'not_connected' } })
    expect(upstream.revoked).toEqual([expect.stringContaining(`${id}.`)])
  })

  test('a connection made meanwhile wins over the refresh of the earlier one', async () => {
    const id = user()
    const vault = vaultOf()
    await vault.save(id, tokensOf(id))
    platform.advance(3600)
    const answer = gate()
    upstream.behaviours.set(id, { after: answer.opened })
    const first = vault.accessToken(id, 'clinic')
    await until(() => upstream.refreshes.get(id) === 1)
    await vault.save(id, tokensOf(id, { accessToken: `at.${id}.second` }))
    answer.open()
    expect(await first).toBe(`at.${id}.second`)
  })

  test('a result is written again when the store fails at the write', async () => {
    const id = user()
    let failures = 0
    const flaky: Store = {
      ...store,
      replace: (entry, version) => {
        if (upstream.refreshes.get(id) !== 1 || failures >= 2) return store.replace(entry, version)
        failures += 1
        return Promise.reject(new Error('down'))
      },
    }
    await vaultOf().save(id, tokensOf(id))
    platform.advance(3600)
    const token = await vaultOf({ store: flaky }).accessToken(id, 'clinic')
    expect(failures).toBe(2)
    expect(await vaultOf().accessToken(id, 'clinic')).toBe(token)
    expect(upstream.refreshes.get(id)).toBe(1)
  })
})

describe('save and remove', () => {
  test('nothing that is stored holds a token in clear', async () => {
    const id = user()
    const vault = vaultOf()
    const login = tokensOf(id)
    await vault.save(id, login)
    const dump = JSON.stringify(await store.listByOwner('vault', id))
    expect(dump).toContain('"kind":"vault"')
    expect(dump).not.toContain(login.tokens.accessToken)
    expect(dump).not.toContain(login.tokens.refreshToken)
  })

  test('tokens that were moved into the record of another user do not open there', async () => {
    const [ada, mallory] = [user(), user()]
    const vault = vaultOf()
    await vault.save(ada, tokensOf(ada))
    await vault.save(mallory, tokensOf(mallory))
    const [theirs, own] = [...(await store.listByOwner('vault', ada)), ...(await store.listByOwner('vault', mallory))]
    if (theirs && own) await store.replace({ ...own, value: theirs.value, version: 'moved' }, own.version)
    await expect(vault.accessToken(mallory, 'clinic')).rejects.toMatchObject({ code: 'unavailable' })
  })

  test('a record moves to the new secret when it is used after an hour, and then needs the old one no more', async () => {
    const id = user()
    await vaultOf().save(id, tokensOf(id, { expiresAt: null }))
    platform.advance(3600)
    expect(await vaultOf({ secrets: [newer, secret] }).accessToken(id, 'clinic')).toBe(`at.${id}.first`)
    expect(await vaultOf({ secrets: [newer] }).accessToken(id, 'clinic')).toBe(`at.${id}.first`)
  })

  test('while a secret is promoted, processes of both orders write a record once in an hour', async () => {
    const id = user()
    let writes = 0
    const counted: Store = { ...store, replace: (...write) => ((writes += 1), store.replace(...write)) }
    const older = vaultOf({ store: counted, secrets: [secret, newer] })
    const promoted = vaultOf({ store: counted, secrets: [newer, secret] })
    await older.save(id, tokensOf(id, { expiresAt: null }))
    for (let hours = 0; hours < 3; hours += 1) {
      for (let reads = 0; reads < 10; reads += 1) {
        for (const vault of [promoted, older]) expect(await vault.accessToken(id, 'clinic')).toBe(`at.${id}.first`)
      }
      expect(writes).toBe(hours)
      platform.advance(3600)
    }
  })

  test('a record with a lease is not moved to the new secret, so that its version tells whether the lease is abandoned', async () => {
    const id = user()
    const vault = vaultOf()
    await vault.save(id, tokensOf(id, { expiresAt: platform.now() + 7200 }))
    platform.advance(3600)
    upstream.forbid(id)
    const stuck = gate()
    upstream.behaviours.set(id, { before: stuck.opened })
    const refused = vault.fetch(id, 'clinic', `${upstream.issuer}/api/a`)
    await until(() => upstream.refreshes.get(id) === 1)
    const [before] = await store.listByOwner('vault', id)
    expect(await vaultOf({ secrets: [newer, secret] }).accessToken(id, 'clinic')).toBe(`at.${id}.first`)
    expect(await store.listByOwner('vault', id)).toEqual([before])
    stuck.open()
    expect((await refused).status).toBe(200)
  })

  test('an unknown secret is unavailable, not reconnect_required', async () => {
    const id = user()
    await vaultOf().save(id, tokensOf(id))
    await expect(vaultOf({ secrets: [newer] }).accessToken(id, 'clinic')).rejects.toMatchObject({ code: 'unavailable' })
  })

  test('a second consent without a refresh token keeps the one of the same account', async () => {
    const id = user()
    const vault = vaultOf()
    const identity = { provider: 'clinic', issuer: upstream.issuer, subject: 'ada', email: null, name: null }
    const login = { ...tokensOf(id), identity: { ...identity, emailProven: false, claims: {} } }
    await vault.save(id, login)
    const { tokens } = login
    await vault.save(id, { ...login, tokens: { ...tokens, refreshToken: null } })
    platform.advance(3600)
    expect(await vault.accessToken(id, 'clinic')).toContain(`at.${id}.`)
  })

  test('the refresh token of another account is never kept', async () => {
    const id = user()
    const vault = vaultOf()
    const identity = {
      provider: 'clinic',
      issuer: upstream.issuer,
      email: null,
      emailProven: false,
      name: null,
      claims: {},
    }
    const login = tokensOf(id)
    await vault.save(id, { ...login, identity: { ...identity, subject: 'ada' } })
    const other = { ...login.tokens, refreshToken: null }
    await vault.save(id, { tokens: other, identity: { ...identity, subject: 'bob' } })
    platform.advance(3600)
    await expect(vault.accessToken(id, 'clinic')).rejects.toMatchObject({ code: 'reconnect_required' })
  })

  test('a store that does not answer is unavailable: no refresh token is lost, and none is left unrevoked', async () => {
    const id = user()
    const identity = { provider: 'clinic', issuer: upstream.issuer, subject: 'ada', email: null, name: null }
    const login = { ...tokensOf(id), identity: { ...identity, emailProven: false, claims: {} } }
    await vaultOf().save(id, login)
    let failures = 0
    const get: Store['get'] = (...key) => (failures++ === 0 ? Promise.reject(new Error('down')) : store.get(...key))
    const again = { ...login, tokens: { ...login.tokens, refreshToken: null } }
    await expect(vaultOf({ store: { ...store, get } }).save(id, again)).rejects.toMatchObject({ code: 'unavailable' })
    await vaultOf().save(id, again)
    platform.advance(3600)
    expect(await vaultOf().accessToken(id, 'clinic')).toContain(`at.${id}.`)
    failures = 0
    const removed = vaultOf({ store: { ...store, get } }).remove(id, 'clinic')
    await expect(removed).rejects.toMatchObject({ code: 'unavailable' })
    expect(await vaultOf().remove(id, 'clinic')).toBe(true)
  })

  test('remove revokes what a refresh wrote meanwhile', async () => {
    const id = user()
    const vault = vaultOf()
    await vault.save(id, tokensOf(id))
    const { tokens } = tokensOf(id)
    let removals = 0
    const remove: Store['remove'] = async (...names) => {
      if (removals++ === 0) await vault.save(id, { tokens })
      return store.remove(...names)
    }
    expect(await vaultOf({ store: { ...store, remove } }).remove(id, 'clinic')).toBe(true)
    expect(upstream.revoked).toContain(tokens.refreshToken)
    await expect(vault.accessToken(id, 'clinic')).rejects.toMatchObject({ details: { reason: 'not_connected' } })
  })

  test('remove revokes at the provider, and says false where there was nothing', async () => {
    const id = user()
    const vault = vaultOf()
    const { tokens } = tokensOf(id)
    await vault.save(id, { tokens })
    expect(await vault.remove(id, 'clinic')).toBe(true)
    expect(upstream.revoked).toContain(tokens.refreshToken)
    expect(await vault.remove(id, 'clinic')).toBe(false)
  })
})
