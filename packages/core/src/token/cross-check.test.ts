/** Three other implementations read what is written here, and are read here. */
import { createPrivateKey, createPublicKey, type KeyObject, randomUUID } from 'node:crypto'
import { createSigner, createVerifier } from 'fast-jwt'
import { jwtVerify, SignJWT } from 'jose'
import jsonwebtoken from 'jsonwebtoken'
import { describe, expect, test } from 'vitest'
import { audience, claimsOf, issuer, privateJwk, publicHalf, tokenApp } from './fixtures/token-app.js'
import type { Algorithm } from './jwk.js'
import { staticKeyRing } from './key-ring.js'
import { createTokenVerifier } from './token-verifier.js'
import { systemPlatform } from '../platform.js'

const algorithms = ['ES256', 'RS256', 'PS256', 'HS256', 'EdDSA'] as const
const withJsonwebtoken = algorithms.filter((name) => name !== 'EdDSA')

/** One key in all the forms that others want. */
function keyFor(algorithm: Algorithm) {
  const jwk = { ...privateJwk(algorithm), kid: `${algorithm}-key` } as JsonWebKey
  const asNode = { key: jwk as Record<string, string>, format: 'jwk' } as const
  const secret = Buffer.from(jwk.k ?? '', 'base64url')
  const isSecret = algorithm === 'HS256'
  const signing: KeyObject | Buffer = isSecret ? secret : createPrivateKey(asNode)
  const verifying: KeyObject | Buffer = isSecret
    ? secret
    : createPublicKey({ ...asNode, key: publicHalf(jwk) as Record<string, string> })
  const pem = (key: KeyObject | Buffer): string | Buffer =>
    Buffer.isBuffer(key)
      ? key
      : key.export({ format: 'pem', type: key.type === 'public' ? 'spki' : 'pkcs8' }).toString()
  return { jwk, signing, verifying, signingPem: pem(signing), verifyingPem: pem(verifying) }
}

const keys = Object.fromEntries(algorithms.map((name) => [name, keyFor(name)])) as Record<
  Algorithm,
  ReturnType<typeof keyFor>
>

async function ours(algorithm: Algorithm): Promise<string> {
  const { tokens } = tokenApp({ keys: staticKeyRing([keys[algorithm].jwk]) })
  return (await tokens.issueAccessToken({ clientId: 'app', scope: 'profile', claims: { note: 'žluťoučký ‹€› 𝄞' } }))
    .access_token
}

/** The clocks of others are the system's. */
function claimsNow(): Record<string, unknown> & { exp: number } {
  const iat = systemPlatform.now()
  return { iss: issuer, sub: 'user-1', aud: audience, iat, exp: iat + 300, jti: randomUUID(), client_id: 'app' }
}

async function verifyHere(token: string, algorithm: Algorithm): Promise<unknown> {
  const { jwk } = keys[algorithm]
  const ring = staticKeyRing([
    algorithm === 'HS256' ? jwk : ({ ...publicHalf(jwk), kid: `${algorithm}-key` } as JsonWebKey),
  ])
  return createTokenVerifier({ keys: ring, issuer, audience }).verify(token)
}

const clockTimestamp = 1_800_000_010

describe('jose', () => {
  test.each(algorithms)('verifies our %s', async (algorithm) => {
    const token = await ours(algorithm)
    const options = {
      issuer,
      audience,
      typ: 'at+jwt',
      algorithms: [algorithm],
      currentDate: new Date(clockTimestamp * 1000),
    }
    expect((await jwtVerify(token, keys[algorithm].verifying, options)).payload).toEqual(claimsOf(token))
  })

  test.each(algorithms)('is verified here: %s', async (algorithm) => {
    const claims = claimsNow()
    const header = { alg: algorithm, typ: 'at+jwt', kid: `${algorithm}-key` }
    const token = await new SignJWT(claims).setProtectedHeader(header).sign(keys[algorithm].signing)
    expect(await verifyHere(token, algorithm)).toEqual(claims)
  })
})

describe('jsonwebtoken', () => {
  test.each(withJsonwebtoken)('verifies our %s', async (algorithm) => {
    const token = await ours(algorithm)
    const options = { issuer, audience, algorithms: [algorithm], clockTimestamp }
    expect(jsonwebtoken.verify(token, keys[algorithm].verifying, options)).toEqual(claimsOf(token))
  })

  test.each(withJsonwebtoken)('is verified here: %s', async (algorithm) => {
    const claims = claimsNow()
    const header = { alg: algorithm, typ: 'at+jwt' }
    const token = jsonwebtoken.sign(claims, keys[algorithm].signing, { algorithm, header, keyid: `${algorithm}-key` })
    expect(await verifyHere(token, algorithm)).toEqual(claims)
  })
})

describe('fast-jwt', () => {
  test.each(algorithms)('verifies our %s', async (algorithm) => {
    const token = await ours(algorithm)
    const verify = createVerifier({
      key: keys[algorithm].verifyingPem,
      allowedIss: issuer,
      allowedAud: audience,
      algorithms: [algorithm],
      clockTimestamp: clockTimestamp * 1000,
    })
    expect(verify(token)).toEqual(claimsOf(token))
  })

  test.each(algorithms)('is verified here: %s', async (algorithm) => {
    const claims = claimsNow()
    const sign = createSigner({
      key: keys[algorithm].signingPem,
      algorithm,
      header: { alg: algorithm, typ: 'at+jwt' },
      kid: `${algorithm}-key`,
    })
    expect(await verifyHere(sign(claims), algorithm)).toEqual(claims)
  })
})
