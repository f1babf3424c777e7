import { testPlatform } from '@tessera-auth/testing'
import { decodeProtectedHeader } from 'jose'
import { describe, expect, test } from 'vitest'
import { memoryStore } from '../store/memory-store.js'
import type { Store } from '../store/store.js'
import { forged } from './fixtures/signed-token.js'
import { audience, issuer, privateJwk, secrets, tokenApp } from './fixtures/token-app.js'
import { staticKeyRing } from './key-ring.js'
import { createKeyRing } from './managed-key-ring.js'
import { createTokenIssuer } from './token-issuer.js'
import { createTokenVerifier } from './token-verifier.js'

const unavailable = expect.objectContaining({ code: 'unavailable' })

describe('a key that another process made a moment ago', () => {
  /** A process whose copy of the ring is older than the key of the token, and the reads of the ring since. */
  async function incident() {
    const platform = testPlatform()
    const store = memoryStore({ platform })
    const start = (own: Store) => {
      const shared = { store: own, secrets, origin: issuer, platform }
      const keys = createKeyRing({ ...shared, ringRefreshSeconds: 10 })
      const tokens = createTokenIssuer({ ...shared, keys, audience })
      return { keys, tokens, verifier: createTokenVerifier({ ...shared, keys, issuer, audience }) }
    }
    const one = start(store)
    let reads = 0
    let isDown = false
    const counted: Store = {
      ...store,
      async get(kind, ...rest) {
        if (kind === 'key-ring') reads += 1
        if (isDown) throw new Error('down')
        return store.get(kind, ...rest)
      },
    }
    const { tokens, verifier } = start(counted)
    const before = (await one.tokens.issue({ clientId: 'c' })).access_token
    await verifier.verify(before)
    await one.keys.compromised(String(decodeProtectedHeader(before).kid))
    const { access_token } = await one.tokens.issue({ clientId: 'c' })
    reads = 0
    const down = (): void => void (isDown = true)
    return { one, tokens, verifier, platform, access_token, reads: () => reads, down }
  }

  const strange = async (kid: string): Promise<string> =>
    (await tokenApp({ keys: staticKeyRing([{ ...privateJwk(), kid } as JsonWebKey]) }).tokens.issue({ clientId: 'c' }))
      .access_token

  test('is known at once: no token is refused on a copy of the ring', async () => {
    const { verifier, access_token } = await incident()
    expect(await verifier.verify(access_token)).toMatchObject({ client_id: 'c' })
  })

  test('is known to a revocation, too', async () => {
    const { one, tokens, access_token } = await incident()
    await tokens.revoke(access_token)
    expect(await one.tokens.introspect(access_token)).toEqual({ active: false })
  })

  test('cannot be told from nobody’s while the ring cannot be read: neither verify nor revoke answers', async () => {
    const { tokens, verifier, platform, access_token, down } = await incident()
    down()
    await expect(verifier.verify(access_token)).rejects.toEqual(unavailable)
    const revoked = expect(tokens.revoke(access_token)).rejects.toEqual(unavailable)
    platform.advance(1)
    await revoked
  })

  test('is found among a flood of names that are nobody’s, which costs a few reads and then one in a second', async () => {
    const { verifier, platform, access_token, reads } = await incident()
    const strangers = await Promise.all(Array.from({ length: 30 }, (_, at) => strange(`nobody-${at}`)))
    for (const stranger of strangers.slice(0, 5)) await verifier.verify(stranger)
    const flood = strangers.slice(5).map((token) => verifier.verify(token))
    const good = verifier.verify(access_token)
    await new Promise(setImmediate)
    expect(reads()).toBe(5)
    platform.advance(1)
    expect(await good).not.toBe(null)
    expect(await Promise.all(flood)).toEqual(flood.map(() => null))
    expect(reads()).toBe(6)
  })

  test('is looked for once for each name while a copy is good, and never for a name that no key can have', async () => {
    const { verifier, platform, reads } = await incident()
    const nobodys = await strange('nobody')
    for (let second = 0; second < 10; second += 1) {
      expect(await verifier.verify(nobodys)).toBe(null)
      expect(
        await verifier.verify(forged(JSON.stringify({ alg: 'ES256', typ: 'at+jwt', kid: 'x'.repeat(257) }), '')),
      ).toBe(null)
      platform.advance(0.9)
    }
    expect(reads()).toBe(1)
  })
})
