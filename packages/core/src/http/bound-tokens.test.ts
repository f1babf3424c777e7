import { randomBytes } from 'node:crypto'
import { countingStore } from '@tessera-auth/testing'
import { describe, expect, test } from 'vitest'
import { ConfigError } from '../errors.js'
import { memoryStore } from '../store/memory-store.js'
import {
  createDpopProofs,
  createDpopVerifier,
  createTokenIssuer,
  createTokenVerifier,
  generateJwk,
  staticKeyRing,
} from '../token/index.js'
import { createAuthenticator } from './authenticator.js'

const origin = 'https://api.example'
const url = `${origin}/orders?page=2`

async function setUp({ nonces = false, dpop = true } = {}) {
  const store = countingStore(memoryStore())
  const shared = { store, secrets: [randomBytes(32).toString('base64url')], origin }
  const keys = staticKeyRing([await generateJwk('ES256')])
  const tokens = createTokenIssuer({ ...shared, keys, audience: origin })
  const verifier = createTokenVerifier({ ...shared, keys, issuer: origin, audience: origin })
  const { secrets, ...withoutNonces } = shared
  const proofs = createDpopVerifier(nonces ? { ...withoutNonces, secrets } : withoutNonces)
  const authenticator = createAuthenticator(dpop ? { origin, verifier, dpop: proofs } : { verifier })
  const client = createDpopProofs({ key: await generateJwk('ES256') })
  const { jkt } = client
  const { access_token: token } = await tokens.issueAccessToken({ clientId: 'app', scope: 'orders', jkt })
  const ask = async (headers: Record<string, string>, method = 'GET') => {
    const request = new Request(url, { method, headers })
    const answer = await authenticator.respond(request, async (auth) =>
      Response.json({ sub: (await auth.requireScope('orders')).sub }),
    )
    return {
      status: answer.status,
      challenge: answer.headers.get('www-authenticate'),
      nonce: answer.headers.get('dpop-nonce'),
    }
  }
  const prove = (change: Partial<Parameters<typeof client.proof>[0]> = {}) =>
    client.proof({ method: 'GET', url, accessToken: token, ...change })
  const { access_token: unbound } = await tokens.issueAccessToken({ clientId: 'app', scope: 'orders' })
  return { token, unbound, client, ask, prove, authenticator, store }
}

describe('requireScope with a token that is bound to a key (RFC 9449 §7)', () => {
  test('takes it with a proof of that key for this request', async () => {
    const { token, ask, prove } = await setUp()
    expect((await ask({ authorization: `DPoP ${token}`, dpop: await prove() })).status).toBe(200)
  })

  test('refuses it as a bearer token, and without the means to check a proof', async () => {
    const { token, ask, prove } = await setUp()
    expect((await ask({ authorization: `Bearer ${token}`, dpop: await prove() })).status).toBe(401)
    const without = await setUp({ dpop: false })
    const headers = { authorization: `DPoP ${without.token}`, dpop: await without.prove() }
    expect((await without.ask(headers)).status).toBe(401)
  })

  test('takes a proof once in all of a request, however many scopes are asked for', async () => {
    const { token, prove, authenticator } = await setUp()
    const request = new Request(url, { headers: { authorization: `DPoP ${token}`, dpop: await prove() } })
    const auth = authenticator.bind(request, new Headers())
    const claims = await auth.requireScope('orders')
    expect(await auth.requireScope('orders')).toEqual(claims)
    await expect(auth.requireScope('orders', 'profile')).rejects.toMatchObject({ code: 'insufficient_scope' })
  })

  test('writes nothing for a token that is none, whoever made the proof', async () => {
    const { store, ask, prove } = await setUp()
    store.takeCounts()
    expect((await ask({ authorization: 'DPoP none', dpop: await prove({ accessToken: 'none' }) })).status).toBe(401)
    expect(store.takeCounts().writes).toBe(0)
  })

  test('refuses a token that is bound to no key, with any proof', async () => {
    const { unbound, ask, prove } = await setUp()
    const headers = { authorization: `DPoP ${unbound}`, dpop: await prove({ accessToken: unbound }) }
    expect((await ask(headers)).status).toBe(401)
    expect((await ask({ authorization: `Bearer ${unbound}` })).status).toBe(200)
  })

  test('takes a proof once', async () => {
    const { token, ask, prove } = await setUp()
    const headers = { authorization: `DPoP ${token}`, dpop: await prove() }
    expect([(await ask(headers)).status, (await ask(headers)).status]).toEqual([200, 401])
  })

  test.each([
    ['no proof', async () => ({})],
    ['a proof for another method', async (prove) => ({ dpop: await prove({ method: 'POST' }) })],
    ['a proof for another URL', async (prove) => ({ dpop: await prove({ url: `${origin}/cart` }) })],
    ['a proof for another host', async (prove) => ({ dpop: await prove({ url: 'https://evil.example/orders' }) })],
    ['a proof for another token', async (prove) => ({ dpop: await prove({ accessToken: 'other' }) })],
    ['two proofs', async (prove) => ({ dpop: `${await prove()}, ${await prove()}` })],
  ] as [string, (prove: Awaited<ReturnType<typeof setUp>>['prove']) => Promise<Record<string, string>>][])(
    'refuses it with %s, and says so',
    async (_, headersOf) => {
      const { token, ask, prove } = await setUp()
      const { status, challenge } = await ask({ authorization: `DPoP ${token}`, ...(await headersOf(prove)) })
      expect(status).toBe(401)
      expect(challenge).toMatch(/^DPoP error="invalid_dpop_proof", algs="/)
    },
  )

  test('refuses a proof of another key', async () => {
    const { token, ask } = await setUp()
    const stranger = createDpopProofs({ key: await generateJwk('ES256') })
    const proof = await stranger.proof({ method: 'GET', url, accessToken: token })
    const { status, challenge } = await ask({ authorization: `DPoP ${token}`, dpop: proof })
    expect([status, challenge?.startsWith('DPoP error="invalid_token"')]).toEqual([401, true])
  })

  test('asks for its nonce, and takes the proof that has it', async () => {
    const { token, ask, prove } = await setUp({ nonces: true })
    const first = await ask({ authorization: `DPoP ${token}`, dpop: await prove() })
    expect([first.status, first.challenge?.startsWith('DPoP error="use_dpop_nonce"')]).toEqual([401, true])
    const dpop = await prove({ nonce: first.nonce ?? '' })
    expect((await ask({ authorization: `DPoP ${token}`, dpop })).status).toBe(200)
  })
})

describe('createAuthenticator', () => {
  test('cannot check proofs without its own origin', async () => {
    const verifier = { verify: async () => null }
    const dpop = createDpopVerifier({ store: memoryStore() })
    expect(() => createAuthenticator({ verifier, dpop })).toThrow(ConfigError)
    expect(() => createAuthenticator({ verifier, origin, dpop: {} as never })).toThrow(ConfigError)
  })
})
