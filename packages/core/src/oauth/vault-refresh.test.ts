import { describe, expect, test } from 'vitest'
import type { Store } from '../store/store.js'
import { createDpopKey } from './dpop.js'
import { gate, newUser, until, useVaultWorld } from './fixtures/vault-world.js'

const world = useVaultWorld()
/** One read finds out that the token has ended; from the second on the lease is watched. */
const untilWatched = 3

function countedReads(store: Store): { readonly store: Store; reads(): number } {
  let count = 0
  return { store: { ...store, get: (...read) => ((count += 1), store.get(...read)) }, reads: () => count }
}

/** A user whose token has ended, and a refresh that waits for the provider's answer. */
async function refreshUnderWay() {
  const id = newUser()
  const vault = world.vaultOf()
  await vault.save(id, world.tokensOf(id))
  world.platform.advance(3600)
  const answer = gate()
  world.upstream.behaviours.set(id, { after: answer.opened })
  const first = vault.accessToken(id, 'clinic')
  await until(() => world.upstream.refreshes.get(id) === 1)
  return { id, vault, answer, first }
}

describe('a grant that is bound to a key (RFC 9449)', () => {
  test('an answer that is not bound is unavailable, and the refresh token that came with it is kept with its key', async () => {
    const id = newUser()
    const vault = world.vaultOf()
    await vault.save(id, world.tokensOf(id, { dpopKey: await createDpopKey() }))
    world.platform.advance(3600)
    // The second refresh token is good only if the first answer's was kept: each is spent once.
    for (let round = 1; round <= 2; round += 1) {
      await expect(vault.accessToken(id, 'clinic')).rejects.toMatchObject({ code: 'unavailable' })
      expect(world.upstream.refreshes.get(id)).toBe(round)
    }
    expect(world.events.at(-1)).toMatchObject({ type: 'vault.refreshed', reason: 'token_not_bound' })
    const bound = { access_token: `at.${id}.bound`, token_type: 'DPoP', expires_in: 3600 }
    world.upstream.behaviours.set(id, { answer: { status: 200, body: JSON.stringify(bound) } })
    world.upstream.allow(`DPoP at.${id}.bound`)
    expect((await vault.fetch(id, 'clinic', `${world.upstream.issuer}/api/a`)).status).toBe(200)
    expect(world.upstream.calls.at(-1)?.headers.authorization).toBe(`DPoP at.${id}.bound`)
  })
})

describe('an answer with the same tokens', () => {
  test('frees the lease', async () => {
    const id = newUser()
    const vault = world.vaultOf()
    const login = world.tokensOf(id)
    await vault.save(id, login)
    world.platform.advance(3600)
    const same = { access_token: login.tokens.accessToken, token_type: 'Bearer', expires_in: 3600 }
    world.upstream.behaviours.set(id, { answer: { status: 200, body: JSON.stringify(same) } })
    for (let calls = 1; calls <= 2; calls += 1) {
      expect(await vault.accessToken(id, 'clinic')).toBe(login.tokens.accessToken)
      expect(world.upstream.refreshes.get(id)).toBe(1)
    }
  })
})

describe('the lease', () => {
  test('is taken over when its holder shows no sign of life for leaseSeconds', async () => {
    const id = newUser()
    const vault = world.vaultOf()
    await vault.save(id, world.tokensOf(id))
    world.platform.advance(3600)
    const stuck = gate()
    world.upstream.behaviours.set(id, { before: stuck.opened })
    const first = vault.accessToken(id, 'clinic')
    await until(() => world.upstream.refreshes.get(id) === 1)
    const { reads, store: watched } = countedReads(world.store)
    const other = world.vaultOf({ store: watched }).accessToken(id, 'clinic')
    await until(() => reads() >= untilWatched)
    world.platform.advance(24)
    const seen = reads()
    await until(() => reads() >= seen + 2)
    expect(world.upstream.refreshes.get(id)).toBe(1)
    world.platform.advance(2)
    const token = await other
    expect(world.upstream.refreshes.get(id)).toBe(2)
    stuck.open()
    // The first refresh is refused now, but the record holds a newer token: that is what counts.
    expect(await first).toBe(token)
  })

  test('a late result is written over the mark of a refresh that was refused meanwhile', async () => {
    const { id, vault, answer, first } = await refreshUnderWay()
    const { reads, store: watched } = countedReads(world.store)
    const refused = world.vaultOf({ store: watched }).accessToken(id, 'clinic')
    const other = refused.catch((error: unknown) => error)
    await until(() => reads() >= untilWatched)
    world.platform.advance(26)
    expect(await other).toMatchObject({ code: 'reconnect_required' })
    answer.open()
    const token = await first
    expect(await world.vaultOf().accessToken(id, 'clinic')).toBe(token)
    // The mark is gone, too: when this token ends, it is refreshed.
    world.platform.advance(3600)
    expect(await vault.accessToken(id, 'clinic')).not.toBe(token)
  })

  test('a result for a removed connection is discarded and revoked at the provider', async () => {
    const { id, vault, answer, first } = await refreshUnderWay()
    const outcome = first.catch((error: unknown) => error)
    expect(await vault.remove(id, 'clinic')).toBe(true)
    world.upstream.revoked.length = 0
    answer.open()
    expect(await outcome).toMatchObject({ code: 'reconnect_required', details: { reason: 'not_connected' } })
    expect(world.upstream.revoked).toEqual([expect.stringContaining(`${id}.`)])
  })

  test('a connection made meanwhile wins over the refresh of the earlier one', async () => {
    const { id, vault, answer, first } = await refreshUnderWay()
    await vault.save(id, world.tokensOf(id, { accessToken: `at.${id}.second` }))
    answer.open()
    expect(await first).toBe(`at.${id}.second`)
  })

  test.each([
    ['rotates refresh tokens', {}],
    ['keeps them', { sameToken: true }],
  ])(
    'a consent without a refresh token meanwhile keeps its access token, and the late refresh token of one that %s',
    async (_name, behaviour) => {
      const id = newUser()
      const vault = world.vaultOf()
      const login = { ...world.tokensOf(id), identity: world.identityOf('ada') }
      await vault.save(id, login)
      world.platform.advance(3600)
      const answer = gate()
      world.upstream.behaviours.set(id, { ...behaviour, after: answer.opened })
      const first = vault.accessToken(id, 'clinic')
      await until(() => world.upstream.refreshes.get(id) === 1)
      const wider = { accessToken: `at.${id}.wider`, refreshToken: null, expiresAt: world.platform.now() + 3600 }
      await vault.save(id, { ...login, tokens: { ...login.tokens, ...wider } })
      answer.open()
      expect(await first).toBe(`at.${id}.wider`)
      expect(world.upstream.revoked.filter((token) => token.startsWith(id))).toEqual([])
      world.platform.advance(3600)
      expect(await vault.accessToken(id, 'clinic')).toContain(`at.${id}.`)
      expect(world.upstream.refreshes.get(id)).toBe(2)
    },
  )

  test('under a later consent a result whose answer was lost is found again, and not revoked', async () => {
    const id = newUser()
    const vault = world.vaultOf()
    const login = { ...world.tokensOf(id), identity: world.identityOf('ada') }
    await vault.save(id, login)
    world.platform.advance(3600)
    const answer = gate()
    world.upstream.behaviours.set(id, { after: answer.opened })
    let lost = 0
    const replace: Store['replace'] = async (...write) => {
      const written = await world.store.replace(...write)
      if (world.upstream.refreshes.get(id) === 1 && lost++ === 0) throw new Error('down')
      return written
    }
    const first = world.vaultOf({ store: { ...world.store, replace } }).accessToken(id, 'clinic')
    await until(() => world.upstream.refreshes.get(id) === 1)
    const wider = { accessToken: `at.${id}.wider`, refreshToken: null, expiresAt: world.platform.now() + 3600 }
    await vault.save(id, { ...login, tokens: { ...login.tokens, ...wider } })
    answer.open()
    expect(await first).toBe(wider.accessToken)
    expect(lost).toBe(1)
    expect(world.upstream.revoked.filter((token) => token.startsWith(id))).toEqual([])
    world.platform.advance(3600)
    expect(await vault.accessToken(id, 'clinic')).toContain(`at.${id}.`)
  })

  test('a result that the store does not take is given up after six seconds', async () => {
    const id = newUser()
    await world.vaultOf().save(id, world.tokensOf(id))
    world.platform.advance(3600)
    let lost = 0
    const waited: number[] = []
    const platform = {
      ...world.platform,
      // Pauses move the clock; what watches for silence does not.
      async sleep(milliseconds: number) {
        if (lost > 0 && milliseconds !== 250) {
          waited.push(milliseconds)
          world.platform.advance(milliseconds / 1000)
        }
        await new Promise((resolve) => setImmediate(resolve))
      },
    }
    const replace: Store['replace'] = (...write) => {
      if (world.upstream.refreshes.get(id) !== 1) return world.store.replace(...write)
      lost += 1
      return Promise.reject(new Error('down'))
    }
    const refreshed = world.vaultOf({ store: { ...world.store, replace }, platform }).accessToken(id, 'clinic')
    await expect(refreshed).rejects.toMatchObject({ code: 'unavailable' })
    expect(waited.reduce((sum, milliseconds) => sum + milliseconds, 0)).toBe(5400)
    expect(lost).toBe(waited.length + 1)
  })

  test('a result is written again when the store fails at the write', async () => {
    const id = newUser()
    let failures = 0
    const flaky: Store = {
      ...world.store,
      replace: (entry, version) => {
        if (world.upstream.refreshes.get(id) !== 1 || failures >= 2) return world.store.replace(entry, version)
        failures += 1
        return Promise.reject(new Error('down'))
      },
    }
    await world.vaultOf().save(id, world.tokensOf(id))
    world.platform.advance(3600)
    const token = await world.vaultOf({ store: flaky }).accessToken(id, 'clinic')
    expect(failures).toBe(2)
    expect(await world.vaultOf().accessToken(id, 'clinic')).toBe(token)
    expect(world.upstream.refreshes.get(id)).toBe(1)
  })
})
