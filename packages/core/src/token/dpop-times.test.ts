import { testPlatform } from '@tessera-auth/testing'
import { describe, expect, test } from 'vitest'
import { memoryStore } from '../store/memory-store.js'
import { createDpopProofs } from './dpop-proofs.js'
import { createDpopVerifier, type DpopVerifierOptions } from './dpop-verifier.js'
import { privateJwk, secrets } from './fixtures/token-app.js'

const request = { method: 'GET', url: 'https://api.example/orders' }

/** A server, and a client whose clock is so many seconds ahead of it. */
function apart(ahead: number, options: Partial<DpopVerifierOptions> = {}) {
  const platform = testPlatform()
  const store = memoryStore({ platform })
  const proofs = createDpopProofs({ key: privateJwk(), platform: testPlatform({ now: platform.now() + ahead }) })
  const verifierWith = (more: Partial<DpopVerifierOptions> = {}) =>
    createDpopVerifier({ store, platform, ...options, ...more })
  return { platform, store, proofs, verifierWith, verifier: verifierWith() }
}

describe('a clock that is ahead', () => {
  test.each([
    ['by the leeway is accepted', 5, {}, null],
    ['by a second more is refused', 6, {}, 'invalid_dpop_proof'],
    ['is refused at once where no leeway is given', 1, { leewaySeconds: 0 }, 'invalid_dpop_proof'],
  ] as const)('%s (RFC 9449 §11.1)', async (_title, ahead, options, error) => {
    const { proofs, verifier } = apart(ahead, options)
    expect((await verifier.verify({ proof: await proofs.proof(request), ...request })).error).toBe(error)
  })
})

test('a proof that was used stays used for as long as it is young, whatever is purged, and is forgotten then', async () => {
  const { proofs, verifier, platform, store } = apart(5)
  const proven = { proof: await proofs.proof(request), ...request }
  expect((await verifier.verify(proven)).jkt).toBe(proofs.jkt)
  platform.advance(64)
  expect(await store.removeExpired(platform.now(), 100)).toBe(0)
  expect((await verifier.verify(proven)).error).toBe('invalid_dpop_proof')
  platform.advance(2)
  expect(await store.removeExpired(platform.now(), 100)).toBe(1)
})

test('a nonce made with the earlier secret is good while both are known', async () => {
  const { proofs, verifier: before, verifierWith } = apart(0, { secrets })
  const nonce = (await before.verify({ proof: await proofs.proof(request), ...request })).nonce ?? ''
  const next = 'second secret of this test, 32 characters or more'
  const send = async (known: readonly string[]) =>
    verifierWith({ secrets: known }).verify({ proof: await proofs.proof({ ...request, nonce }), ...request })
  expect((await send([next])).error).toBe('use_dpop_nonce')
  expect((await send([next, ...secrets])).jkt).toBe(proofs.jkt)
})
