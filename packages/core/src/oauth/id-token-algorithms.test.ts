import { exportJWK, generateKeyPair, SignJWT } from 'jose'
import { describe, expect, test } from 'vitest'
import { beginForged, issuer } from './fixtures/attacked-login.js'

/** Signs in by a token of a key for `algorithm`, at a provider whose metadata names these algorithms. */
async function finishWith(algorithm: string, published: readonly string[] | undefined): Promise<unknown> {
  const { privateKey, publicKey } = await generateKeyPair(algorithm)
  const { flow, browser, callback, network } = await beginForged({
    metadata: { id_token_signing_alg_values_supported: published },
    idToken: (claims) => new SignJWT(claims).setProtectedHeader({ alg: algorithm, kid: 'its' }).sign(privateKey),
  })
  network.answers[`${issuer}/keys`] = { keys: [{ ...(await exportJWK(publicKey)), kid: 'its', alg: algorithm }] }
  return flow.finish(browser.arrive(callback()))
}

describe('the algorithm of an ID token (OpenID Connect Discovery §3, Core §3.1.3.7)', () => {
  test.each([
    ['ES256', ['RS256', 'ES256']],
    ['PS256', ['PS256']],
    ['RS256', undefined],
  ])('%s is taken where the provider announces %j', async (algorithm, published) => {
    expect(await finishWith(algorithm, published)).toMatchObject({ identity: { subject: 'ada' } })
  })

  test.each([
    ['ES256', ['RS256']],
    ['RS256', ['ES256']],
    ['ES256', []],
    ['ES256', undefined],
    ['PS256', undefined],
  ])('%s is refused where it announces %j, though the key is published', async (algorithm, published) => {
    await expect(finishWith(algorithm, published)).rejects.toMatchObject({
      code: 'callback_rejected',
      details: { reason: 'id_token_jose_alg_not_allowed' },
    })
  })
})
