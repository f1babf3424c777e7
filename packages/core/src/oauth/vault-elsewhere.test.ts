import { describe, expect, test } from 'vitest'
import { cachedStore } from '../store/cached-store.js'
import type { Store } from '../store/store.js'
import { gate, newUser, until, useVaultWorld } from './fixtures/vault-world.js'

const world = useVaultWorld()

/** A store that counts its reads. */
function watched(): { readonly store: Store; reads(): number } {
  let reads = 0
  return { store: { ...world.store, get: (...read) => ((reads += 1), world.store.get(...read)) }, reads: () => reads }
}

describe('what another process refreshed', () => {
  test('is taken as soon as it is written, whatever a cache here still says', async () => {
    const id = newUser()
    const cached = (store: Store): Store => cachedStore(store, { platform: world.platform, maxStalenessSeconds: 60 })
    await world.vaultOf().save(id, world.tokensOf(id))
    world.platform.advance(3600)
    const answer = gate()
    world.upstream.behaviours.set(id, { before: answer.opened })
    const first = world.vaultOf({ store: cached(world.store) }).accessToken(id, 'clinic')
    await until(() => world.upstream.refreshes.get(id) === 1)
    const { store, reads } = watched()
    const found: string[] = []
    const other = world
      .vaultOf({ store: cached(store) })
      .accessToken(id, 'clinic')
      .then((token) => found.push(token))
    await until(() => reads() > 0)
    answer.open()
    const token = await first
    await expect.poll(() => found).toEqual([token])
    await other
    expect(world.upstream.refreshes.get(id)).toBe(1)
  })

  test('stays when an answer comes that stalled for longer than the lease', async () => {
    const id = newUser()
    await world.vaultOf().save(id, world.tokensOf(id))
    world.platform.advance(3600)
    const stalled = gate()
    const late = { access_token: `at.${id}.late`, token_type: 'Bearer', expires_in: 3600, refresh_token: `${id}.late` }
    world.upstream.behaviours.set(id, {
      before: stalled.opened,
      answer: { status: 200, body: JSON.stringify(late) },
    })
    const first = world.vaultOf().accessToken(id, 'clinic')
    await until(() => world.upstream.refreshes.get(id) === 1)
    const { store, reads } = watched()
    const other = world.vaultOf({ store }).accessToken(id, 'clinic')
    // One read finds out that the token has ended; from the second on the lease is watched.
    await until(() => reads() >= 3)
    world.platform.advance(26)
    const token = await other
    expect(token).not.toBe(late.access_token)
    stalled.open()
    expect(await first).toBe(token)
    expect(await world.vaultOf().accessToken(id, 'clinic')).toBe(token)
    expect(world.events.filter(({ type }) => type === 'vault.refreshed')).toHaveLength(1)
    // Of the same grant: revoked, it could take the newer tokens along.
    expect(world.upstream.revoked.filter((revoked) => revoked.startsWith(id))).toEqual([])
    // The refresh token that came with it stands, too: the next refresh succeeds.
    world.platform.advance(3600)
    expect(await world.vaultOf().accessToken(id, 'clinic')).toContain(`at.${id}.`)
  })
})
