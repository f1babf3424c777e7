import { describe, expect, test, vi } from 'vitest'
import { testPlatform } from '@tessera-auth/testing'
import type { Store } from '../store/store.js'
import type { Behaviour } from './fixtures/rotating-provider.js'
import { gate, newUser, secret, until, useVaultWorld } from './fixtures/vault-world.js'

const newer = 'another secret for tests only, with 32 characters or more'
const world = useVaultWorld()

describe('accessToken', () => {
  test('a good token is served without asking the provider', async () => {
    const id = newUser()
    const vault = world.vaultOf()
    await vault.save(id, world.tokensOf(id))
    expect(await vault.accessToken(id, 'clinic')).toBe(`at.${id}.first`)
    expect(world.upstream.refreshes.get(id)).toBeUndefined()
  })

  test('a token near its end is refreshed once for all callers at once', async () => {
    const id = newUser()
    const vaults = [world.vaultOf(), world.vaultOf(), world.vaultOf()]
    await vaults[0]?.save(id, world.tokensOf(id))
    world.platform.advance(3590)
    const calls = Array.from({ length: 30 }, (_, index) => vaults[index % 3]?.accessToken(id, 'clinic'))
    const tokens = new Set(await Promise.all(calls))
    expect(tokens.size).toBe(1)
    expect(world.upstream.refreshes.get(id)).toBe(1)
    expect(world.events.filter(({ type }) => type === 'vault.refreshed')).toHaveLength(1)
  })

  test.each([
    [3600, 30],
    [40, 10],
  ])('a token that lives for %i s is refreshed %i s before its end, and not earlier', async (life, ahead) => {
    const id = newUser()
    const vault = world.vaultOf()
    await vault.save(id, world.tokensOf(id, { expiresAt: world.platform.now() + life }))
    world.platform.advance(life - ahead - 1)
    expect(await vault.accessToken(id, 'clinic')).toBe(`at.${id}.first`)
    world.platform.advance(1)
    expect(await vault.accessToken(id, 'clinic')).not.toBe(`at.${id}.first`)
  })

  test('an answer without a refresh token keeps the old one', async () => {
    const id = newUser()
    const vault = world.vaultOf()
    await vault.save(id, world.tokensOf(id))
    for (let round = 1; round <= 2; round += 1) {
      world.upstream.behaviours.set(id, { sameToken: true })
      world.platform.advance(3600)
      expect(await vault.accessToken(id, 'clinic')).toContain(`at.${id}.`)
      expect(world.upstream.refreshes.get(id)).toBe(round)
    }
  })

  test('a token that never ends is never refreshed', async () => {
    const id = newUser()
    const vault = world.vaultOf()
    await vault.save(id, world.tokensOf(id, { expiresAt: null, refreshToken: null }))
    world.platform.advance(86_400 * 365)
    expect(await vault.accessToken(id, 'clinic')).toBe(`at.${id}.first`)
  })

  test('nobody connected is reconnect_required, not_connected', async () => {
    await expect(world.vaultOf().accessToken(newUser(), 'clinic')).rejects.toMatchObject({
      code: 'reconnect_required',
      details: { reason: 'not_connected' },
    })
  })

  test('an ended token without a refresh token is reconnect_required', async () => {
    const id = newUser()
    const vault = world.vaultOf()
    await vault.save(id, world.tokensOf(id, { refreshToken: null }))
    world.platform.advance(3600)
    await expect(vault.accessToken(id, 'clinic')).rejects.toMatchObject({ code: 'reconnect_required' })
  })

  test('a provider that is not of this vault is not_found', async () => {
    await expect(world.vaultOf().accessToken(newUser(), 'other')).rejects.toMatchObject({ code: 'not_found' })
  })

  test('a refused refresh token is reconnect_required until the user connects again', async () => {
    const id = newUser()
    const vault = world.vaultOf()
    await vault.save(id, world.tokensOf(id, { refreshToken: `${id}.revoked` }))
    world.platform.advance(3600)
    for (let tries = 0; tries < 2; tries += 1) {
      await expect(vault.accessToken(id, 'clinic')).rejects.toMatchObject({ code: 'reconnect_required' })
    }
    expect(world.upstream.refreshes.get(id)).toBe(1)
    expect(world.events.map(({ type }) => type)).toContain('vault.reconnect_required')
    await vault.save(id, world.tokensOf(id))
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
    const id = newUser()
    const vault = world.vaultOf()
    await vault.save(id, world.tokensOf(id))
    world.platform.advance(3600)
    world.upstream.behaviours.set(id, behaviour)
    await expect(vault.accessToken(id, 'clinic')).rejects.toMatchObject({ code: 'unavailable' })
    expect(await vault.accessToken(id, 'clinic')).toContain(`at.${id}.`)
  })
})

describe('save and remove', () => {
  test('nothing that is stored holds a token in clear', async () => {
    const id = newUser()
    const vault = world.vaultOf()
    const login = world.tokensOf(id)
    await vault.save(id, login)
    const dump = JSON.stringify(await world.store.listByOwner('vault', id))
    expect(dump).toContain('"kind":"vault"')
    expect(dump).not.toContain(login.tokens.accessToken)
    expect(dump).not.toContain(login.tokens.refreshToken)
  })

  test('tokens that were moved into the record of another user do not open there', async () => {
    const [ada, mallory] = [newUser(), newUser()]
    const vault = world.vaultOf()
    await vault.save(ada, world.tokensOf(ada))
    await vault.save(mallory, world.tokensOf(mallory))
    const [theirs, own] = [
      ...(await world.store.listByOwner('vault', ada)),
      ...(await world.store.listByOwner('vault', mallory)),
    ]
    if (theirs && own) await world.store.replace({ ...own, value: theirs.value, version: 'moved' }, own.version)
    await expect(vault.accessToken(mallory, 'clinic')).rejects.toMatchObject({ code: 'unavailable' })
  })

  test('a record moves to the new secret when it is used after an hour, and then needs the old one no more', async () => {
    const id = newUser()
    await world.vaultOf().save(id, world.tokensOf(id, { expiresAt: null }))
    world.platform.advance(3600)
    expect(await world.vaultOf({ secrets: [newer, secret] }).accessToken(id, 'clinic')).toBe(`at.${id}.first`)
    expect(await world.vaultOf({ secrets: [newer] }).accessToken(id, 'clinic')).toBe(`at.${id}.first`)
  })

  test('while a secret is promoted, processes of both orders write a record once in an hour', async () => {
    const id = newUser()
    let writes = 0
    const counted: Store = { ...world.store, replace: (...write) => ((writes += 1), world.store.replace(...write)) }
    const older = world.vaultOf({ store: counted, secrets: [secret, newer] })
    const promoted = world.vaultOf({ store: counted, secrets: [newer, secret] })
    await older.save(id, world.tokensOf(id, { expiresAt: null }))
    for (let hours = 0; hours < 3; hours += 1) {
      for (let reads = 0; reads < 10; reads += 1) {
        for (const vault of [promoted, older]) expect(await vault.accessToken(id, 'clinic')).toBe(`at.${id}.first`)
      }
      expect(writes).toBe(hours)
      world.platform.advance(3600)
    }
  })

  test('a record with a lease is not moved to the new secret, so that its version tells whether the lease is abandoned', async () => {
    const id = newUser()
    const vault = world.vaultOf()
    await vault.save(id, world.tokensOf(id, { expiresAt: world.platform.now() + 7200 }))
    world.platform.advance(3600)
    world.upstream.forbid(id)
    const stuck = gate()
    world.upstream.behaviours.set(id, { before: stuck.opened })
    const refused = vault.fetch(id, 'clinic', `${world.upstream.issuer}/api/a`)
    await until(() => world.upstream.refreshes.get(id) === 1)
    const [before] = await world.store.listByOwner('vault', id)
    expect(await world.vaultOf({ secrets: [newer, secret] }).accessToken(id, 'clinic')).toBe(`at.${id}.first`)
    expect(await world.store.listByOwner('vault', id)).toEqual([before])
    stuck.open()
    expect((await refused).status).toBe(200)
  })

  test('an unknown secret is unavailable, not reconnect_required', async () => {
    const id = newUser()
    await world.vaultOf().save(id, world.tokensOf(id))
    await expect(world.vaultOf({ secrets: [newer] }).accessToken(id, 'clinic')).rejects.toMatchObject({
      code: 'unavailable',
    })
  })

  test('a second consent without a refresh token keeps the one of the same account', async () => {
    const id = newUser()
    const vault = world.vaultOf()
    const login = { ...world.tokensOf(id), identity: world.identityOf('ada') }
    await vault.save(id, login)
    const { tokens } = login
    await vault.save(id, { ...login, tokens: { ...tokens, refreshToken: null } })
    world.platform.advance(3600)
    expect(await vault.accessToken(id, 'clinic')).toContain(`at.${id}.`)
  })

  test('nor is one that the provider has refused: it is not asked again', async () => {
    const id = newUser()
    const vault = world.vaultOf()
    const login = { ...world.tokensOf(id, { refreshToken: `${id}.revoked` }), identity: world.identityOf('ada') }
    await vault.save(id, login)
    world.platform.advance(3600)
    await expect(vault.accessToken(id, 'clinic')).rejects.toMatchObject({ details: { reason: 'refused' } })
    await vault.save(id, { ...login, tokens: { ...login.tokens, refreshToken: null } })
    await expect(vault.accessToken(id, 'clinic')).rejects.toMatchObject({ details: { reason: 'no_refresh_token' } })
    expect(world.upstream.refreshes.get(id)).toBe(1)
  })

  test('the refresh token of another account is never kept', async () => {
    const id = newUser()
    const vault = world.vaultOf()
    const login = world.tokensOf(id)
    await vault.save(id, { ...login, identity: world.identityOf('ada') })
    const other = { ...login.tokens, refreshToken: null }
    await vault.save(id, { tokens: other, identity: world.identityOf('bob') })
    world.platform.advance(3600)
    await expect(vault.accessToken(id, 'clinic')).rejects.toMatchObject({ code: 'reconnect_required' })
  })

  test('a store that does not answer is unavailable: no refresh token is lost, and none is left unrevoked', async () => {
    const id = newUser()
    const login = { ...world.tokensOf(id), identity: world.identityOf('ada') }
    await world.vaultOf().save(id, login)
    let failures = 0
    const get: Store['get'] = (...key) =>
      failures++ === 0 ? Promise.reject(new Error('down')) : world.store.get(...key)
    const again = { ...login, tokens: { ...login.tokens, refreshToken: null } }
    await expect(world.vaultOf({ store: { ...world.store, get } }).save(id, again)).rejects.toMatchObject({
      code: 'unavailable',
    })
    await world.vaultOf().save(id, again)
    world.platform.advance(3600)
    expect(await world.vaultOf().accessToken(id, 'clinic')).toContain(`at.${id}.`)
    failures = 0
    const removed = world.vaultOf({ store: { ...world.store, get } }).remove(id, 'clinic')
    await expect(removed).rejects.toMatchObject({ code: 'unavailable' })
    expect(await world.vaultOf().remove(id, 'clinic')).toBe(true)
  })

  test('remove revokes what a refresh wrote meanwhile', async () => {
    const id = newUser()
    const vault = world.vaultOf()
    await vault.save(id, world.tokensOf(id))
    const { tokens } = world.tokensOf(id)
    let removals = 0
    const remove: Store['remove'] = async (...names) => {
      if (removals++ === 0) await vault.save(id, { tokens })
      return world.store.remove(...names)
    }
    expect(await world.vaultOf({ store: { ...world.store, remove } }).remove(id, 'clinic')).toBe(true)
    expect(world.upstream.revoked).toContain(tokens.refreshToken)
    await expect(vault.accessToken(id, 'clinic')).rejects.toMatchObject({ details: { reason: 'not_connected' } })
  })

  test('remove revokes what it has removed, though the answer was lost or the second try found nothing', async () => {
    for (const answer of [() => Promise.reject(new Error('down')), () => Promise.resolve(false)]) {
      const id = newUser()
      const { tokens } = world.tokensOf(id)
      await world.vaultOf().save(id, { tokens })
      const remove: Store['remove'] = async (...names) => (await world.store.remove(...names)) && answer()
      expect(await world.vaultOf({ store: { ...world.store, remove } }).remove(id, 'clinic')).toBe(true)
      expect(world.upstream.revoked.filter((token) => token === tokens.refreshToken)).toHaveLength(1)
    }
  })

  test('a removal that was not done, or of which nothing is known, is unavailable, and nothing is revoked', async () => {
    const id = newUser()
    await world.vaultOf().save(id, world.tokensOf(id))
    let down = false
    const store: Store = {
      ...world.store,
      get: (...key) => (down ? Promise.reject(new Error('down')) : world.store.get(...key)),
      remove: () => Promise.reject(new Error('down')),
    }
    await expect(world.vaultOf({ store }).remove(id, 'clinic')).rejects.toMatchObject({ code: 'unavailable' })
    const remove: Store['remove'] = async () => {
      down = true
      throw new Error('down')
    }
    const unknown = world.vaultOf({ store: { ...store, remove } }).remove(id, 'clinic')
    await expect(unknown).rejects.toMatchObject({ code: 'unavailable' })
    expect(world.upstream.revoked.filter((token) => token.startsWith(id))).toEqual([])
    expect(await world.vaultOf().remove(id, 'clinic')).toBe(true)
  })

  test('a removal that hangs is not looked after', async () => {
    const id = newUser()
    await world.vaultOf().save(id, world.tokensOf(id))
    const get = vi.fn(world.store.get)
    const remove = vi.fn(() => new Promise<never>(() => {}))
    const platform = testPlatform()
    const vault = world.vaultOf({ store: { ...world.store, get, remove }, platform })
    const removed = expect(vault.remove(id, 'clinic')).rejects
    await vi.waitFor(() => expect(remove).toHaveBeenCalled())
    platform.advance(20)
    await removed.toMatchObject({ code: 'unavailable' })
    expect(get).toHaveBeenCalledTimes(1)
  })

  test('remove removes what it cannot read', async () => {
    const id = newUser()
    const vault = world.vaultOf()
    for (const value of ['{', '{"v":2}']) {
      await vault.save(id, world.tokensOf(id))
      const [entry] = await world.store.listByOwner('vault', id)
      if (entry) await world.store.replace({ ...entry, value, version: 'of another version' }, entry.version)
      expect(await vault.remove(id, 'clinic')).toBe(true)
      expect(await world.store.listByOwner('vault', id)).toEqual([])
    }
    await vault.save(id, world.tokensOf(id))
    expect(await world.vaultOf({ secrets: [newer] }).remove(id, 'clinic')).toBe(true)
    expect(world.upstream.revoked.filter((token) => token.startsWith(id))).toEqual([])
  })

  test('remove revokes at the provider, and says false where there was nothing', async () => {
    const id = newUser()
    const vault = world.vaultOf()
    const { tokens } = world.tokensOf(id)
    await vault.save(id, { tokens })
    expect(await vault.remove(id, 'clinic')).toBe(true)
    expect(world.upstream.revoked).toContain(tokens.refreshToken)
    expect(await vault.remove(id, 'clinic')).toBe(false)
  })
})
