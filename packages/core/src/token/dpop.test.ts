import { testPlatform } from '@tessera-auth/testing'
import { SignJWT, exportJWK, importJWK } from 'jose'
import { describe, expect, test } from 'vitest'
import { memoryStore } from '../store/memory-store.js'
import { createDpopProofs, type DpopRequest } from './dpop-proofs.js'
import { createDpopVerifier, type DpopVerifierOptions } from './dpop-verifier.js'
import { claimsOf, privateJwk, publicHalf, secrets, tokenApp } from './fixtures/token-app.js'
import { thumbprint } from './jwk.js'

const url = 'https://api.example/orders?page=2#top'
const request = { method: 'POST', url }
const refusedProof = expect.objectContaining({ jkt: null, error: 'invalid_dpop_proof' })

function pair(options: Partial<DpopVerifierOptions> = {}, key = privateJwk()) {
  const platform = testPlatform()
  const store = memoryStore({ platform })
  const proofs = createDpopProofs({ key, platform })
  return { platform, store, proofs, key, verifier: createDpopVerifier({ store, platform, ...options }) }
}

describe('createDpopProofs and createDpopVerifier', () => {
  test.each(['ES256', 'EdDSA', 'RS256', 'PS256'] as const)('prove the holder of a key for %s', async (algorithm) => {
    const { proofs, verifier } = pair({}, privateJwk(algorithm))
    const proof = await proofs.proof({ ...request, accessToken: 'token' })
    expect(await verifier.verify({ proof, ...request, accessToken: 'token' })).toEqual({
      jkt: proofs.jkt,
      error: null,
      nonce: null,
    })
  })

  test('accept a proof once, over two processes and however many ask at once', async () => {
    const { proofs, store, platform } = pair()
    const proof = await proofs.proof(request)
    const verifiers = [createDpopVerifier({ store, platform }), createDpopVerifier({ store, platform })]
    const results = await Promise.all(
      Array.from({ length: 40 }, (_, at) => verifiers[at % 2]?.verify({ proof, ...request })),
    )
    expect(results.filter((result) => result?.jkt)).toHaveLength(1)
  })

  test.each<[string, Partial<DpopRequest>]>([
    ['another method', { method: 'GET' }],
    ['another path', { url: 'https://api.example/order' }],
    ['another origin', { url: 'https://api.example:444/orders' }],
    ['another scheme', { url: 'http://api.example/orders' }],
    ['another token', { accessToken: 'other' }],
  ])('refuse a proof for %s', async (_title, change) => {
    const { proofs, verifier } = pair()
    const proof = await proofs.proof({ ...request, accessToken: 'token', ...change })
    expect(await verifier.verify({ proof, ...request, accessToken: 'token' })).toEqual(refusedProof)
  })

  test.each([
    ['/%7Euser', '/~user'],
    ['/%2fuser', '/%2Fuser'],
    ['/us%65r', '/user'],
    ['/a%C3%A9', '/aé'],
  ])('take %s and %s for one path (RFC 3986 §6.2.2)', async (path, same) => {
    const { proofs, verifier } = pair()
    const proof = await proofs.proof({ method: 'GET', url: `https://api.example${path}` })
    const result = await verifier.verify({ proof, method: 'GET', url: `https://api.example${same}` })
    expect(result.jkt).toBe(proofs.jkt)
  })

  test.each([
    ['/a%2Fb', '/a/b'],
    ['/a%3Fb', '/a'],
    ['/%257Eb', '/~b'],
  ])('take %s and %s for two', async (path, other) => {
    const { proofs, verifier } = pair()
    const proof = await proofs.proof({ method: 'GET', url: `https://api.example${path}` })
    expect(await verifier.verify({ proof, method: 'GET', url: `https://api.example${other}` })).toEqual(refusedProof)
  })

  test('write nothing, and use no proof up, for a token that is not good', async () => {
    const { proofs, verifier, store } = pair()
    const call = { proof: await proofs.proof({ ...request, accessToken: 't' }), ...request, accessToken: 't' }
    const asked: string[] = []
    const isTokenGood = async (jkt: string): Promise<boolean> => asked.push(jkt) > 1
    expect(await verifier.verify({ ...call, isTokenGood })).toEqual({ jkt: null, error: 'invalid_token', nonce: null })
    expect(await store.removeExpired(Infinity, 10)).toBe(0)
    expect((await verifier.verify({ ...call, isTokenGood })).jkt).toBe(proofs.jkt)
    expect(asked).toEqual([proofs.jkt, proofs.jkt])
    expect(await verifier.verify({ ...call, isTokenGood })).toEqual(refusedProof)
  })

  test('refuse a proof without the token’s hash where there is a token, and with one where there is none', async () => {
    const { proofs, verifier } = pair()
    expect(await verifier.verify({ proof: await proofs.proof(request), ...request, accessToken: 't' })).toEqual(
      refusedProof,
    )
    const proof = await proofs.proof({ ...request, accessToken: 't' })
    expect(await verifier.verify({ proof, ...request })).toEqual(refusedProof)
  })

  test('refuse a proof that is too old, or from the future', async () => {
    const { proofs, verifier, platform } = pair()
    const proof = await proofs.proof(request)
    platform.advance(60)
    expect(await verifier.verify({ proof, ...request })).toEqual(refusedProof)
    const ahead = createDpopProofs({ key: privateJwk(), platform: testPlatform({ now: platform.now() + 6 }) })
    expect(await verifier.verify({ proof: await ahead.proof(request), ...request })).toEqual(refusedProof)
  })

  test('accept a proof whose id another client has used: it is another proof', async () => {
    const { verifier, platform } = pair()
    const claims = { jti: 'same', htm: 'POST', htu: 'https://api.example/orders', iat: platform.now() }
    for (const key of [privateJwk(), privateJwk()]) {
      const header = { alg: 'ES256', typ: 'dpop+jwt', jwk: publicHalf(key) as never }
      const proof = await new SignJWT(claims).setProtectedHeader(header).sign(await importJWK(key as never, 'ES256'))
      expect(await verifier.verify({ proof, ...request })).toMatchObject({ jkt: thumbprint(key), error: null })
      expect(await verifier.verify({ proof, ...request })).toEqual(refusedProof)
    }
  })

  test.each([undefined, null, '', 'x', ['a', 'b'], 'a.b.c', 'x'.repeat(10_000)])('refuse %j', async (proof) => {
    expect(await pair().verifier.verify({ proof, ...request })).toEqual(refusedProof)
  })

  test('refuse proofs of another form, though their signature is right', async () => {
    const { verifier, key, platform } = pair()
    const good = { jti: 'j', htm: 'POST', htu: 'https://api.example/orders', iat: platform.now() }
    const sign = async (header: object, claims: object): Promise<string> =>
      new SignJWT(claims as Record<string, unknown>)
        .setProtectedHeader({ alg: 'ES256', typ: 'dpop+jwt', jwk: publicHalf(key) as never, ...header })
        .sign(await importJWK(key as never, 'ES256'))
    const verify = async (header: object, claims: object) =>
      verifier.verify({ proof: await sign(header, claims), ...request })
    const { jti: _jti, ...withoutId } = good
    expect(await verify({ typ: 'JWT' }, good)).toEqual(refusedProof)
    expect(await verify({ typ: 'at+jwt' }, good)).toEqual(refusedProof)
    expect(await verify({ jwk: key }, good)).toEqual(refusedProof)
    expect(await verify({ jwk: publicHalf(privateJwk()) }, good)).toEqual(refusedProof)
    expect(await verify({ jwk: privateJwk('HS256') }, good)).toEqual(refusedProof)
    expect(await verify({ jwk: undefined }, good)).toEqual(refusedProof)
    expect(await verify({}, withoutId)).toEqual(refusedProof)
    expect(await verify({}, { ...good, jti: 'x'.repeat(257) })).toEqual(refusedProof)
    expect(await verify({}, { ...good, iat: String(good.iat) })).toEqual(refusedProof)
    expect(await verify({}, { ...good, htu: '/orders' })).toEqual(refusedProof)
    expect(await verify({}, { ...good, htm: 'post' })).toEqual(refusedProof)
    expect(await verify({}, good)).toMatchObject({ jkt: thumbprint(key) })
  })

  test('refuses a key that cannot sign', () => {
    expect(() => createDpopProofs({ key: publicHalf(privateJwk()) })).toThrow('key')
    expect(() => createDpopProofs({ key: privateJwk('HS256') })).toThrow('key')
  })
})

describe('nonces (RFC 9449 §8)', () => {
  test('are asked for, and good for a while', async () => {
    const { proofs, verifier, platform } = pair({ secrets })
    const first = await verifier.verify({ proof: await proofs.proof(request), ...request })
    expect(first).toMatchObject({ jkt: null, error: 'use_dpop_nonce', nonce: expect.any(String) })
    const nonce = first.nonce ?? ''
    platform.advance(120)
    expect((await verifier.verify({ proof: await proofs.proof({ ...request, nonce }), ...request })).jkt).toBe(
      proofs.jkt,
    )
    platform.advance(1)
    const late = await verifier.verify({ proof: await proofs.proof({ ...request, nonce }), ...request })
    expect(late.error).toBe('use_dpop_nonce')
  })

  test.each(['x', '1800000000.AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA', '9e9.x'])(
    'are ours: %j is none',
    async (nonce) => {
      const { proofs, verifier } = pair({ secrets })
      expect((await verifier.verify({ proof: await proofs.proof({ ...request, nonce }), ...request })).error).toBe(
        'use_dpop_nonce',
      )
    },
  )

  test('are learnt by fetch, which sends once more and then remembers', async () => {
    const platform = testPlatform({
      fetch: async (target, init) => {
        const headers = new Headers(init?.headers)
        const method = init?.method ?? 'GET'
        const result = await server.verify({ proof: headers.get('dpop'), method, url: target, accessToken: 'token' })
        answers.push(result.error)
        const answer = { 'dpop-nonce': result.nonce ?? '', 'www-authenticate': `DPoP error="${result.error}"` }
        return new Response(null, { status: result.jkt ? 200 : 401, headers: answer })
      },
    })
    const server = createDpopVerifier({ store: memoryStore({ platform }), platform, secrets })
    const answers: (string | null)[] = []
    const proofs = createDpopProofs({ key: privateJwk(), platform })
    for (let round = 0; round < 2; round += 1) {
      expect((await proofs.fetch('https://api.example/orders', { accessToken: 'token' })).status).toBe(200)
    }
    expect(answers).toEqual(['use_dpop_nonce', null, null])
  })
})

describe('fetch', () => {
  /** A server that answers each request the same, with a nonce of its own each time. */
  function answering(status: number, body: string, type = 'application/json') {
    const sent: { htm: unknown; nonce: unknown }[] = []
    const platform = testPlatform({
      fetch: async (_url, init) => {
        const { htm, nonce } = claimsOf(new Headers(init?.headers).get('dpop') ?? '')
        sent.push({ htm, nonce })
        return new Response(body, { status, headers: { 'content-type': type, 'dpop-nonce': `nonce-${sent.length}` } })
      },
    })
    const proofs = createDpopProofs({ key: privateJwk(), platform })
    const post = (method = 'POST') => proofs.fetch('https://as.example/token', { method, body: 'code=once' })
    return { sent, post }
  }

  test('sends once more where a token endpoint asks for a nonce, and no third time', async () => {
    const { sent, post } = answering(400, '{"error":"use_dpop_nonce"}')
    expect((await post()).status).toBe(400)
    expect(sent.map(({ nonce }) => nonce)).toEqual([undefined, 'nonce-1'])
  })

  test.each([
    ['another error', 400, '{"error":"invalid_grant"}'],
    ['another error', 401, '{"error":"invalid_client"}'],
    ['another status', 403, '{"error":"use_dpop_nonce"}'],
    ['no JSON', 400, '<html>'],
    ['more than an error', 400, `{"error":"use_dpop_nonce","x":"${'x'.repeat(20_000)}"}`],
  ])('sends once for %s that comes with a new nonce: a code is spent once', async (_title, status, body) => {
    const { sent, post } = answering(status, body)
    expect(await (await post()).text()).toBe(body)
    expect(sent).toHaveLength(1)
    await post()
    expect(sent.map(({ nonce }) => nonce)).toEqual([undefined, 'nonce-1'])
  })

  test.each([
    ['post', 'POST'],
    ['Put', 'PUT'],
    ['search', 'search'],
  ])('proves the method as it is sent: %s is %s', async (method, htm) => {
    const { sent, post } = answering(200, '{}')
    await post(method)
    expect(sent[0]?.htm).toBe(htm)
    expect(new Request('https://as.example', { method }).method).toBe(htm)
  })
})

describe('bound tokens', () => {
  test('are good with a proof by their key only', async () => {
    const app = tokenApp()
    const proofs = createDpopProofs({ key: privateJwk(), platform: app.platform })
    const thief = createDpopProofs({ key: privateJwk(), platform: app.platform })
    const dpop = createDpopVerifier({ store: app.store, platform: app.platform })
    const atToken = { method: 'POST', url: 'https://app.example/token' }
    const { jkt } = await dpop.verify({ proof: await proofs.proof(atToken), ...atToken })
    const { access_token, token_type } = await app.tokens.issue({
      session: (await app.signIn()).session,
      ...(jkt ? { jkt } : {}),
    })
    expect(token_type).toBe('DPoP')
    const call = { ...request, accessToken: access_token }
    const by = async (holder: typeof proofs) => {
      const proven = await dpop.verify({ proof: await holder.proof(call), ...call })
      return app.verifier.verify(access_token, proven.jkt === null ? undefined : { jkt: proven.jkt })
    }
    expect(await by(proofs)).not.toBe(null)
    expect(await by(thief)).toBe(null)
    expect(await app.verifier.verify(access_token)).toBe(null)
  })

  test('are the only ones that go with a proof (RFC 9449 §7.1)', async () => {
    const { tokens, verifier, events } = tokenApp()
    const { access_token } = await tokens.issueAccessToken({ clientId: 'c' })
    const { jkt } = createDpopProofs({ key: privateJwk() })
    expect(await verifier.verify(access_token, { jkt })).toBe(null)
    expect(events.at(-1)).toMatchObject({ type: 'token.rejected', reason: 'not_bound' })
    expect(await verifier.verify(access_token)).not.toBe(null)
  })
})

test('a thumbprint is what jose computes', async () => {
  const { calculateJwkThumbprint } = await import('jose')
  const key = privateJwk()
  const half = await exportJWK(await importJWK(publicHalf(key) as never, 'ES256'))
  expect(createDpopProofs({ key }).jkt).toBe(await calculateJwkThumbprint(half))
})
