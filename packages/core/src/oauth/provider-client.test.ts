import { inspect } from 'node:util'
import { describe, expect, test } from 'vitest'
import { memoryStore } from '../store/memory-store.js'
import { createAuthorizationCodeFlow } from './authorization-code-flow.js'
import { createCibaFlow } from './ciba-flow.js'
import { createClientCredentials } from './client-credentials.js'
import { createDeviceFlow } from './device-flow.js'
import { appBrowser } from './fixtures/app-browser.js'
import { type RecordedNetwork, recordedNetwork } from './fixtures/recorded-provider.js'
import { oidc } from './providers/oidc.js'
import { createTokenVault } from './token-vault.js'

const issuer = 'https://login.acme.example'
const api = 'https://api.acme.example'
const secrets = ['a secret for tests only, which has 32 characters or more']
const provider = oidc({ name: 'acme', issuer, clientId: 'app', clientSecret: 'for tests', apiOrigins: [api] })
const mebibytes = 20
/** The status with which each endpoint's answer is read. */
const read = { token: 200, par: 201, device: 200, ciba: 200, revoke: 400 }
const mebibyte = 1_048_576

/** A network in which every answer of the provider, but its metadata, is one of twenty mebibytes; and how much of it was read. */
function verbose(): RecordedNetwork & { pulled(): number } {
  let octets = 0
  const answer = (status: number) => (): Response => {
    const body = new ReadableStream<Uint8Array>({
      pull(controller) {
        octets += mebibyte
        if (octets > mebibytes * mebibyte) return controller.close()
        controller.enqueue(new Uint8Array(mebibyte).fill(0x20))
      },
    })
    return new Response(body, { status, headers: { 'content-type': 'application/json' } })
  }
  const network = recordedNetwork({
    [`${issuer}/.well-known/openid-configuration`]: {
      issuer,
      authorization_endpoint: `${issuer}/authorize`,
      token_endpoint: `${issuer}/token`,
      pushed_authorization_request_endpoint: `${issuer}/par`,
      device_authorization_endpoint: `${issuer}/device`,
      backchannel_authentication_endpoint: `${issuer}/ciba`,
      revocation_endpoint: `${issuer}/revoke`,
    },
    ...Object.fromEntries(Object.entries(read).map(([path, status]) => [`${issuer}/${path}`, answer(status)])),
    [`${api}/export`]: answer(200),
  })
  return { ...network, pulled: () => octets }
}

const tokens = { provider: 'acme', accessToken: 'at', refreshToken: 'rt', expiresAt: null, scope: '' }
const login = { tokens: { ...tokens, resource: null, idToken: null, dpopKey: null } }

describe('an error of the provider', () => {
  const told = 'told-by-the-provider'
  const answers: [string, () => Response | Promise<Response>][] = [
    ['a token answer of another form', () => Response.json({ access_token: told, token_type: 7 })],
    ['a token of another type', () => Response.json({ access_token: told, token_type: 'mac' })],
    [
      'a refusal with more in it',
      () => Response.json({ error: 'invalid_request', refresh_token: told }, { status: 400 }),
    ],
    ['no JSON', () => new Response(told, { headers: { 'content-type': 'application/json' } })],
    [
      'a challenge',
      () => new Response(told, { status: 401, headers: { 'www-authenticate': `Basic realm="${told}"` } }),
    ],
    ['no answer', () => Promise.reject(new TypeError(told))],
  ]
  test.each(answers)('that is %s keeps neither answer nor cause', async (_name, answer) => {
    const network = recordedNetwork({
      [`${issuer}/.well-known/openid-configuration`]: { issuer, token_endpoint: `${issuer}/token` },
      [`${issuer}/token`]: answer,
    })
    const asked = createClientCredentials({ provider, platform: network.platform }).accessToken()
    const error: unknown = await asked.catch((found: unknown) => found)
    expect(error).toMatchObject({ code: 'provider_error' })
    expect(inspect(error, { depth: null, showHidden: true })).not.toContain(told)
  })
})

describe('the length of answers', () => {
  const asking: [string, (platform: RecordedNetwork['platform']) => Promise<unknown>][] = [
    [
      'the pushed request endpoint',
      (platform) => {
        const options = { secrets, origin: 'https://app.example', redirectPath: '/cb', pushedRequest: true }
        return createAuthorizationCodeFlow({ ...options, provider, platform }).begin(appBrowser().click('/auth'))
      },
    ],
    ['the device endpoint', (platform) => createDeviceFlow({ provider, platform }).begin()],
    ['the CIBA endpoint', (platform) => createCibaFlow({ provider, platform }).begin({ loginHint: 'ada' })],
    ['the token endpoint', (platform) => createClientCredentials({ provider, platform }).accessToken()],
  ]
  test.each(asking)('an answer of %s that goes on after a mebibyte is provider_error', async (_name, ask) => {
    const network = verbose()
    await expect(ask(network.platform)).rejects.toMatchObject({ code: 'provider_error' })
    expect(network.pulled()).toBeLessThanOrEqual(3 * mebibyte)
  })

  test('an answer of the revocation endpoint is read up to a mebibyte', async () => {
    const network = verbose()
    const vault = createTokenVault({ store: memoryStore(), secrets, providers: [provider], platform: network.platform })
    await vault.save('ada', login)
    expect(await vault.remove('ada', 'acme')).toBe(true)
    expect(network.pulled()).toBeGreaterThan(0)
    expect(network.pulled()).toBeLessThanOrEqual(3 * mebibyte)
  })

  test('an answer of the API to vault.fetch may be as long as it is', async () => {
    const network = verbose()
    const vault = createTokenVault({ store: memoryStore(), secrets, providers: [provider], platform: network.platform })
    await vault.save('ada', login)
    const response = await vault.fetch('ada', 'acme', `${api}/export`)
    expect(network.pulled()).toBeLessThanOrEqual(2 * mebibyte)
    expect((await response.arrayBuffer()).byteLength).toBe(mebibytes * mebibyte)
  })
})
