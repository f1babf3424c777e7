import { testPlatform } from '@tessera-auth/testing'
import { describe, expect, test } from 'vitest'
import { cachedStore } from '../store/cached-store.js'
import { familyKind } from '../store/login-records.js'
import { memoryStore } from '../store/memory-store.js'
import { privateJwk, refreshTokenOf, tokenApp } from './fixtures/token-app.js'
import { staticKeyRing } from './key-ring.js'

const invalidGrant = expect.objectContaining({ code: 'invalid_grant' })

/** Two processes on one store, each with a cache of its own. */
function cachedProcesses() {
  const platform = testPlatform()
  const store = memoryStore({ platform })
  const keys = staticKeyRing([privateJwk()])
  const start = () => tokenApp({ store: cachedStore(store, { platform, maxStalenessSeconds: 60 }), platform, keys })
  return [start(), start()] as const
}

describe('a refresh', () => {
  test('is told with whose and which login', async () => {
    const { tokens, events, signIn } = tokenApp()
    const { session } = await signIn()
    const { refresh_token } = await tokens.issue({ session })
    events.length = 0
    await tokens.refresh(refresh_token)
    expect(events).toMatchObject([{ type: 'token.refreshed', userId: 'user-1', sessionId: session.id, reason: null }])
  })

  test('is refused where another process has ended the family, whatever a cache here still says', async () => {
    const [here, there] = cachedProcesses()
    const { refresh_token } = await here.tokens.issue({ session: (await here.signIn()).session })
    const { access_token } = await there.tokens.refresh(refresh_token)
    expect(await there.verifier.verify(access_token)).not.toBe(null)
    const [family] = await here.tokens.listFamilies('user-1')
    expect(await here.tokens.endFamily('user-1', family?.id ?? '')).toBe(true)
    await expect(there.tokens.refresh(refresh_token)).rejects.toEqual(invalidGrant)
  })

  test('goes on for a family that was made after its client was revoked', async () => {
    const { tokens, sessions, platform } = tokenApp()
    const newFamily = async () => tokens.issue({ attempt: await sessions.beginLogin('user-1'), clientId: 'app' })
    const before = await newFamily()
    await tokens.revokeClient('app')
    platform.advance(6)
    const after = await newFamily()
    await expect(tokens.refresh(before.refresh_token)).rejects.toEqual(invalidGrant)
    expect((await tokens.refresh(after.refresh_token)).refresh_token).toBe(after.refresh_token)
  })

  test('with a token of a rotation that a restored backup does not know is refused, and ends nothing', async () => {
    const { tokens, events, signIn, store, platform } = tokenApp()
    const first = await tokens.issue({ session: (await signIn()).session })
    const [key = ''] = refreshTokenOf(first).split('.')
    const backup = await store.get(familyKind, key)
    platform.advance(60)
    const second = await tokens.refresh(first.refresh_token)
    await store.remove(familyKind, key)
    if (backup) await store.insert(backup)
    await expect(tokens.refresh(second.refresh_token)).rejects.toEqual(invalidGrant)
    expect(events.at(-1)).toMatchObject({ type: 'token.rejected', reason: 'unknown_token', userId: 'user-1' })
    expect(await store.get(familyKind, key)).toEqual(backup)
    await expect(tokens.refresh(first.refresh_token)).resolves.toBeDefined()
  })
})
