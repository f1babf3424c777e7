import { describe, expect, test } from 'vitest'
import { ConfigError } from '../errors.js'
import type { JsonWebKey } from '../json-web-key.js'
import { memoryStore } from '../store/memory-store.js'
import { generateJwk } from '../token/key-formats.js'
import { createClientCredentials } from './client-credentials.js'
import { createDeviceFlow } from './device-flow.js'
import { recordedNetwork, type RecordedNetwork } from './fixtures/recorded-provider.js'
import type { Provider } from './provider.js'
import { oidc } from './providers/oidc.js'
import { createTokenVault } from './token-vault.js'

const issuer = 'https://login.acme.example'
const tokenUrl = `${issuer}/token`
const { alg: _alg, ...withoutAlg } = await generateJwk('RS256')
const ec = await generateJwk('ES256')
const { x: _x, ...withoutPoint } = ec
const { p: _p, ...withoutPrime } = await generateJwk('RS256')

function keyed(privateKey: JsonWebKey): Provider {
  return oidc({ name: 'acme', issuer, clientId: 'app', privateKey })
}

function network(): RecordedNetwork {
  return recordedNetwork({
    [`${issuer}/.well-known/openid-configuration`]: { issuer, token_endpoint: tokenUrl },
    [tokenUrl]: { access_token: 'at', token_type: 'Bearer', expires_in: 60 },
  })
}

describe('a private key', () => {
  const unusable: [string, JsonWebKey][] = [
    ['an RSA key without alg', withoutAlg],
    ['an RSA key without its primes', withoutPrime],
    ['an EC key without its point', withoutPoint],
    ['a key for encryption', { ...ec, alg: 'ECDH-ES' }],
    ['a key whose alg is of another kind', { ...ec, alg: 'RS256' }],
    ['a symmetric key', { kty: 'oct', k: 'c2VjcmV0', d: 'x', alg: 'HS256' }],
  ]
  test.each(unusable)('%s is a ConfigError at construction', (_name, privateKey) => {
    const { platform } = network()
    expect(() => createClientCredentials({ provider: keyed(privateKey), platform })).toThrow(/^privateKey: expected/)
  })

  test('that the runtime cannot import is a ConfigError at the first use, and nobody is asked', async () => {
    const { platform, asked } = network()
    const provider = keyed({ ...ec, d: 'AAAA' })
    const secrets = ['a secret for tests only, which has 32 characters or more']
    const vault = createTokenVault({ store: memoryStore(), secrets, providers: [provider], platform })
    const tokens = { provider: 'acme', accessToken: 'at', refreshToken: 'rt', expiresAt: 1, scope: '' }
    await vault.save('ada', { tokens: { ...tokens, resource: null, idToken: null, dpopKey: null } })
    await expect(vault.accessToken('ada', 'acme')).rejects.toThrow(ConfigError)
    await expect(createClientCredentials({ provider, platform }).accessToken()).rejects.toThrow(ConfigError)
    expect(asked.filter(({ url }) => url === tokenUrl)).toEqual([])
  })

  test.each(['EdDSA', 'ES256', 'RS256', 'PS256'] as const)('%s signs', async (algorithm) => {
    const { platform } = network()
    const provider = keyed(await generateJwk(algorithm))
    expect(() => createDeviceFlow({ provider, platform })).not.toThrow()
    expect(await createClientCredentials({ provider, platform }).accessToken()).toBe('at')
  })

  test('of curve P-256 needs no alg', async () => {
    const { alg: _es256, ...key } = ec
    expect(await createClientCredentials({ provider: keyed(key), platform: network().platform }).accessToken()).toBe(
      'at',
    )
  })
})
