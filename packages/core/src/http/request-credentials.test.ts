import { randomBytes } from 'node:crypto'
import { describe, expect, test } from 'vitest'
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
import { nodeRequestView } from './node-request.js'

const origin = 'https://api.example'

async function setUp() {
  const shared = { store: memoryStore(), secrets: [randomBytes(32).toString('base64url')] }
  const keys = staticKeyRing([await generateJwk('ES256')])
  const tokens = createTokenIssuer({ ...shared, origin, keys, audience: origin })
  const verifier = createTokenVerifier({ ...shared, keys, issuer: origin, audience: origin })
  const authenticator = createAuthenticator({
    origin,
    verifier,
    dpop: createDpopVerifier({ store: shared.store }),
  })
  const client = createDpopProofs({ key: await generateJwk('ES256') })
  const { access_token: accessToken } = await tokens.issueAccessToken({ clientId: 'app', jkt: client.jkt })
  /** The answer to a request for this target, as it came on the wire, with a proof for this URL. */
  return async (target: string, provenUrl: string) => {
    const dpop = await client.proof({ method: 'GET', url: provenUrl, accessToken })
    const headers = { authorization: `DPoP ${accessToken}`, dpop }
    const auth = authenticator.bind(nodeRequestView({ method: 'GET', url: target, headers }), new Headers())
    return auth.requireScope().then(
      () => 'taken',
      (error: unknown) => error,
    )
  }
}

describe('the URL that a proof must name (RFC 9449 §4.3)', () => {
  test.each([
    ['/orders?page=2', `${origin}/orders`],
    ['//', `${origin}//`],
    ['//evil.example/orders', `${origin}//evil.example/orders`],
    ['/\\evil.example', `${origin}//evil.example`],
    ['https://proxy.example/orders', `${origin}/orders`],
  ])('of the target %s is %s', async (target, url) => {
    const ask = await setUp()
    expect(await ask(target, url)).toBe('taken')
  })

  test.each([
    ['//evil.example/orders', `${origin}/orders`],
    ['//evil.example/orders', 'https://evil.example/orders'],
    ['x:.evil.example/orders', `${origin}.evil.example/orders`],
    ['http://', `${origin}/`],
    ['*', `${origin}/*`],
    ['', `${origin}/`],
  ])('of the target %j is not %s', async (target, url) => {
    const ask = await setUp()
    expect(await ask(target, url)).toMatchObject({ code: 'invalid_token', details: { dpop: 'invalid_dpop_proof' } })
  })
})
