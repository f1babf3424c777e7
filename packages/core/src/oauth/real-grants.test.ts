import type { Provider as OidcProvider } from 'oidc-provider'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type Platform, systemPlatform } from '../platform.js'
import { memoryStore } from '../store/memory-store.js'
import { type BeginOptions, createAuthorizationCodeFlow, type OAuthLogin } from './authorization-code-flow.js'
import { createCibaFlow } from './ciba-flow.js'
import { createClientCredentials } from './client-credentials.js'
import { createDeviceFlow } from './device-flow.js'
import { appBrowser } from './fixtures/app-browser.js'
import {
  clientSecret,
  ProviderUser,
  type RealProvider,
  redirectUri,
  startRealProvider,
} from './fixtures/real-provider.js'
import type { Provider } from './provider.js'
import { oidc } from './providers/oidc.js'
import { createTokenVault } from './token-vault.js'

const secrets = ['a secret for tests only, which has 32 characters or more']
const pair = await crypto.subtle.generateKey({ name: 'ECDSA', namedCurve: 'P-256' }, true, ['sign', 'verify'])
const privateKey = { ...(await crypto.subtle.exportKey('jwk', pair.privateKey)), kid: 'app-key', alg: 'ES256' }
const publicKey = { ...(await crypto.subtle.exportKey('jwk', pair.publicKey)), kid: 'app-key', alg: 'ES256' }
/** Waits a hundred times as fast: the polling intervals of the specifications are five seconds. */
const hasty: Platform = { ...systemPlatform, sleep: (milliseconds) => systemPlatform.sleep(milliseconds / 100) }
let idp: RealProvider

beforeAll(async () => {
  const all = ['authorization_code', 'refresh_token', 'client_credentials', 'urn:openid:params:grant-type:ciba']
  const client = { redirect_uris: [redirectUri], response_types: ['code' as const] }
  idp = await startRealProvider({
    clients: [
      {
        ...client,
        client_id: 'app',
        client_secret: clientSecret,
        grant_types: [...all, 'urn:ietf:params:oauth:grant-type:device_code'],
        backchannel_token_delivery_mode: 'poll',
      },
      {
        ...client,
        client_id: 'cli',
        token_endpoint_auth_method: 'none',
        grant_types: ['urn:ietf:params:oauth:grant-type:device_code'],
        redirect_uris: [],
        response_types: [],
        application_type: 'native',
      },
      {
        ...client,
        client_id: 'keyed',
        token_endpoint_auth_method: 'private_key_jwt',
        jwks: { keys: [publicKey as never] },
        grant_types: all.slice(0, 3),
      },
    ],
    rotateRefreshToken: true,
    issueRefreshToken: async () => true,
    features: {
      deviceFlow: { enabled: true },
      clientCredentials: { enabled: true },
      ciba: {
        enabled: true,
        processLoginHint: async (_context, hint) => hint,
        verifyUserCode: async () => {},
        validateRequestContext: async () => {},
        validateBindingMessage: async () => {},
        triggerAuthenticationDevice: async () => {},
      },
      revocation: { enabled: true, allowedPolicy: async () => true },
      resourceIndicators: {
        enabled: true,
        getResourceServerInfo: (_context, resource) => ({
          scope: 'orders:read',
          audience: resource,
          accessTokenFormat: 'jwt',
        }),
      },
    },
  })
})
afterAll(() => idp.close())

function providerOf(clientId: string, client: { clientSecret?: string; privateKey?: JsonWebKey } = {}): Provider {
  return oidc({ name: 'acme', issuer: idp.issuer, clientId, ...client, dangerouslyAllowPrivateNetwork: true })
}

function claimsOf(token: string): unknown {
  return JSON.parse(Buffer.from(token.split('.')[1] ?? '', 'base64url').toString())
}

/** Grants what a device or a CIBA request asks for, as the user would. */
async function grantFor(accountId: string, clientId: string): Promise<InstanceType<OidcProvider['Grant']>> {
  const grant = new idp.provider.Grant({ accountId, clientId })
  grant.addOIDCScope('openid profile email')
  await grant.save()
  return grant
}

describe('client credentials', () => {
  test('a secret gets a token for the API, once for all callers', async () => {
    const provider = providerOf('app', { clientSecret })
    const orders = createClientCredentials({ provider, scope: 'orders:read', resource: 'https://orders.example' })
    idp.asked.length = 0
    const tokens = await Promise.all([orders.accessToken(), orders.accessToken(), orders.accessToken()])
    expect(new Set(tokens).size).toBe(1)
    await orders.accessToken()
    expect(idp.asked.filter((line) => line === 'POST /token')).toHaveLength(1)
    expect(claimsOf(tokens[0] ?? '')).toMatchObject({
      aud: 'https://orders.example',
      scope: 'orders:read',
      client_id: 'app',
    })
  })

  test('private_key_jwt gets one too', async () => {
    const orders = createClientCredentials({ provider: providerOf('keyed', { privateKey }) })
    expect(await orders.accessToken()).toBeTypeOf('string')
  })

  test('a token near its end is replaced', async () => {
    let now = systemPlatform.now()
    const platform = { ...systemPlatform, now: () => now }
    const orders = createClientCredentials({ provider: providerOf('app', { clientSecret }), platform })
    const first = await orders.accessToken()
    now += 571
    expect(await orders.accessToken()).not.toBe(first)
  })

  test('a wrong secret is the provider’s error, and is tried again next time', async () => {
    const orders = createClientCredentials({ provider: providerOf('app', { clientSecret: 'wrong' }) })
    for (let tries = 0; tries < 2; tries += 1) {
      await expect(orders.accessToken()).rejects.toMatchObject({ code: 'provider_error', error: 'invalid_client' })
    }
  })
})

describe('device flow', () => {
  async function answerDevice(userCode: string, change: object): Promise<void> {
    const code = await idp.provider.DeviceCode.findByUserCode(userCode.replaceAll('-', ''))
    await Object.assign(code ?? {}, change)
    await code?.save()
  }

  test('a public client without browser gets a login when the user agrees', async () => {
    const device = createDeviceFlow({ provider: providerOf('cli'), scope: 'openid email', platform: hasty })
    const pending = await device.begin()
    expect(Object.keys(pending).toSorted()).toEqual([
      'expiresAt',
      'userCode',
      'verificationUri',
      'verificationUriComplete',
    ])
    const finished = device.finish(pending)
    await systemPlatform.sleep(80)
    const grant = await grantFor('ada', 'cli')
    await answerDevice(pending.userCode, { accountId: 'ada', grantId: grant.jti, scope: 'openid email' })
    const { identity, tokens } = await finished
    expect(identity).toMatchObject({ issuer: idp.issuer, subject: 'ada', email: 'ada@mail.example' })
    expect(tokens.accessToken).toBeTypeOf('string')
  })

  test('a user who declines is access_denied', async () => {
    const device = createDeviceFlow({ provider: providerOf('cli'), platform: hasty })
    const pending = await device.begin()
    await answerDevice(pending.userCode, { error: 'access_denied', errorDescription: 'no' })
    await expect(device.finish(pending)).rejects.toMatchObject({ code: 'access_denied' })
  })

  test('a code that ran out is transaction_missing', async () => {
    const platform = { ...hasty }
    const device = createDeviceFlow({ provider: providerOf('cli'), platform })
    const pending = await device.begin()
    platform.now = () => pending.expiresAt
    await expect(device.finish(pending)).rejects.toMatchObject({ code: 'transaction_missing' })
  })

  test('the caller’s signal ends the waiting at once', async () => {
    const device = createDeviceFlow({ provider: providerOf('cli') })
    const pending = await device.begin()
    const controller = new AbortController()
    const finished = device.finish(pending, { signal: controller.signal })
    controller.abort(new Error('enough'))
    await expect(finished).rejects.toThrow('enough')
  })

  test('a pending object that was not begun here is transaction_missing', async () => {
    const device = createDeviceFlow({ provider: providerOf('cli') })
    const foreign = { userCode: 'A', verificationUri: 'https://a.example', verificationUriComplete: null, expiresAt: 1 }
    await expect(device.finish(foreign)).rejects.toMatchObject({ code: 'transaction_missing' })
  })
})

describe('CIBA poll mode', () => {
  test('a user who agrees on another device is signed in here', async () => {
    const provider = providerOf('app', { clientSecret })
    const ciba = createCibaFlow({ provider, scope: 'openid email', platform: hasty })
    const saved = new Promise<string>((resolve) => {
      idp.provider.on('backchannel_authentication_request.saved', ({ jti }: { jti: string }) => resolve(jti))
    })
    const pending = await ciba.begin({ loginHint: 'ada', bindingMessage: 'W4SCT' })
    const finished = ciba.finish(pending)
    const grant = await grantFor('ada', 'app')
    await idp.provider.backchannelResult(await saved, grant)
    expect((await finished).identity).toMatchObject({ subject: 'ada', email: 'ada@mail.example' })
  })

  test('a pending object that was not begun here is transaction_missing', async () => {
    const ciba = createCibaFlow({ provider: providerOf('app', { clientSecret }) })
    await expect(ciba.finish({ expiresAt: 1 })).rejects.toMatchObject({ code: 'transaction_missing' })
  })
})

describe('refresh rotation', () => {
  async function connected(provider: Provider, begin: BeginOptions = {}): Promise<OAuthLogin> {
    const options = { secrets, origin: 'https://app.example', redirectPath: '/callback', provider }
    const flow = createAuthorizationCodeFlow({ ...options, scope: 'openid offline_access' })
    const browser = appBrowser()
    const url = await flow.begin(browser.click('/auth'), { parameters: { prompt: 'consent' }, ...begin })
    return flow.finish(browser.arrive((await new ProviderUser('ada').visit(url)).url))
  }

  test('private_key_jwt signs in by code', async () => {
    expect(await connected(providerOf('keyed', { privateKey }))).toMatchObject({ identity: { subject: 'ada' } })
  })

  test('the vault lives through rotations, and says reconnect when the provider ended the grant', async () => {
    let now = systemPlatform.now()
    const platform = { ...systemPlatform, now: () => now }
    const provider = providerOf('app', { clientSecret })
    const login = await connected(provider)
    const vault = createTokenVault({ store: memoryStore(), secrets, providers: [provider], platform })
    await vault.save('ada', login)
    const tokens = new Set([await vault.accessToken('ada', 'acme')])
    for (let rotation = 0; rotation < 3; rotation += 1) {
      now += 600
      tokens.add(await vault.accessToken('ada', 'acme'))
    }
    expect(tokens.size).toBe(4)
    // The first refresh token was used above: the provider takes its second use for theft, and ends the grant.
    await vault.save('ada', login)
    now += 600
    await expect(vault.accessToken('ada', 'acme')).rejects.toMatchObject({ code: 'reconnect_required' })
  })

  test('tokens for one API stay tokens for that API, refreshed or not', async () => {
    let now = systemPlatform.now()
    const platform = { ...systemPlatform, now: () => now }
    const provider = providerOf('app', { clientSecret })
    const resource = 'https://orders.example'
    const login = await connected(provider, { resource, scope: 'openid offline_access orders:read' })
    const vault = createTokenVault({ store: memoryStore(), secrets, providers: [provider], platform })
    await vault.save('ada', login)
    const first = await vault.accessToken('ada', 'acme')
    now += 3600
    const second = await vault.accessToken('ada', 'acme')
    expect(second).not.toBe(first)
    for (const token of [first, second]) expect(claimsOf(token)).toMatchObject({ aud: resource, scope: 'orders:read' })
  })

  test('a removed connection is revoked at the provider', async () => {
    const provider = providerOf('app', { clientSecret })
    const { tokens } = await connected(provider)
    const vault = createTokenVault({ store: memoryStore(), secrets, providers: [provider] })
    await vault.save('ada', { tokens })
    expect(await vault.remove('ada', 'acme')).toBe(true)
    expect(await idp.provider.RefreshToken.find(tokens.refreshToken ?? '')).toBeUndefined()
  })
})

describe('grants that do not exist here', () => {
  test('the password grant is a ConfigError that says what to use', () => {
    const options = { provider: providerOf('app', { clientSecret }), grantType: 'password' }
    expect(() => createClientCredentials(options)).toThrow(/createAuthorizationCodeFlow/)
    const credentials = { provider: options.provider, username: 'ada', password: 'secret' }
    expect(() => createDeviceFlow(credentials)).toThrow(/must not see/)
  })

  test.each(['token', 'id_token', 'id_token token', 'code token'])(
    'response type %s is a ConfigError',
    (responseType) => {
      const options = { secrets, origin: 'https://app.example', redirectPath: '/cb', provider: providerOf('app') }
      expect(() => createAuthorizationCodeFlow({ ...options, responseType: responseType as 'code' })).toThrow(
        /RFC 9700/,
      )
    },
  )
})
