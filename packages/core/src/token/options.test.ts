import { describe, expect, test } from 'vitest'
import { ConfigError } from '../errors.js'
import { memoryStore } from '../store/memory-store.js'
import { audience, issuer, privateJwk, secrets } from './fixtures/token-app.js'
import * as token from './index.js'

const store = memoryStore()
const keys = token.staticKeyRing([privateJwk()])
const key = privateJwk()
const origin = issuer
const jwksUri = `${issuer}/keys`
const keysOf = (): null => null

/** What a program in JavaScript may pass. */
type Make = (wrong: never) => unknown

const makers: Record<string, Make> = {
  keyRing: (wrong) => token.createKeyRing({ store, secrets, ...(wrong as object) }),
  issuer: (wrong) => token.createTokenIssuer({ store, secrets, origin, keys, audience, ...(wrong as object) }),
  verifier: (wrong) => token.createTokenVerifier({ issuer, audience, keys, ...(wrong as object) }),
  remote: (wrong) => token.createTokenVerifier({ issuer, audience, jwksUri, ...(wrong as object) }),
  dpopVerifier: (wrong) => token.createDpopVerifier({ store, ...(wrong as object) }),
  dpopProofs: (wrong) => token.createDpopProofs({ key, ...(wrong as object) }),
  assertions: (wrong) => token.createClientAssertions({ clientId: 'c', audience, key, ...(wrong as object) }),
  assertionVerifier: (wrong) => token.createAssertionVerifier({ store, audience, keysOf, ...(wrong as object) }),
}

describe('a factory names the option that is wrong, and the type it received', () => {
  test.each([
    ['keyRing', { onEvent: 'log' }, 'onEvent: expected a function, received string'],
    ['issuer', { onEvent: {} }, 'onEvent: expected a function, received an object'],
    ['issuer', { audience: [audience] }, 'audience: expected a text that is not empty, received an array'],
    ['verifier', { onEvent: true }, 'onEvent: expected a function, received boolean'],
    ['verifier', { claims: {} }, 'claims: expected a Standard Schema, received an object'],
    ['verifier', { claims: null }, 'claims: expected a Standard Schema, received null'],
    ['verifier', { store: null }, 'store: expected an object with the methods'],
    [
      'verifier',
      { keys: undefined },
      'keys: expected what createKeyRing or staticKeyRing returned, received undefined',
    ],
    ['remote', { algorithms: 'ES256' }, 'algorithms: expected a list of some of'],
    ['remote', { algorithms: null }, 'algorithms: expected a list of some of'],
    ['remote', { algorithms: ['HS256'] }, 'algorithms: expected a list of some of'],
    ['dpopVerifier', { onEvent: 'log' }, 'onEvent: expected a function, received string'],
    ['dpopVerifier', { secrets: '' }, 'secrets: expected a list of one or more texts'],
    [
      'dpopProofs',
      { key: undefined },
      'key: expected a private key for ES256, EdDSA, RS256 or PS256, received undefined',
    ],
    ['dpopProofs', { key: 'secret' }, 'received string'],
    ['assertions', { key: null }, 'key: expected a private key for ES256, EdDSA, RS256 or PS256, received null'],
    ['assertionVerifier', { onEvent: 'log' }, 'onEvent: expected a function, received string'],
    ['assertionVerifier', { keysOf: {} }, 'keysOf: expected a function, received an object'],
  ])('%s with %j', (maker, wrong, message) => {
    expect(() => makers[maker]?.(wrong as never)).toThrow(ConfigError)
    expect(() => makers[maker]?.(wrong as never)).toThrow(message)
  })

  test.each<[string, Make, unknown, string]>([
    [
      'verifyJws without algorithms',
      (wrong) => token.verifyJws('a.b.c', keys, { algorithms: wrong }),
      undefined,
      'algorithms: expected a list',
    ],
    [
      'verifyJws with a text for its algorithms',
      (wrong) => token.verifyJws('a.b.c', keys, { algorithms: wrong }),
      'ES256',
      'algorithms: expected a list',
    ],
    [
      'verifyJws without keys',
      (wrong) => token.verifyJws('a.b.c', wrong, { algorithms: ['ES256'] }),
      undefined,
      'keys: expected a list',
    ],
    [
      'verifyJws with null for its keys',
      (wrong) => token.verifyJws('a.b.c', wrong, { algorithms: ['ES256'] }),
      null,
      'keys: expected a list',
    ],
    ['jwkFromPem without a key', (wrong) => token.jwkFromPem(wrong, 'ES256'), undefined, 'pem: expected a text'],
    [
      'jwkFromSecret without a secret',
      async (wrong) => token.jwkFromSecret(wrong),
      undefined,
      'secret: expected a text or bytes',
    ],
    [
      'generateJwk for an algorithm that is none',
      (wrong) => token.generateJwk(wrong),
      'none',
      'algorithm: expected one of',
    ],
    ['encryptJwe for nobody', (wrong) => token.encryptJwe('text', wrong), undefined, 'recipient: expected a public EC'],
  ])('%s', async (_name, run, wrong, message) => {
    await expect(run(wrong as never)).rejects.toThrow(ConfigError)
    await expect(run(wrong as never)).rejects.toThrow(message)
  })
})
