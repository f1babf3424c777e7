import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { exportJWK } from 'jose/key/export'
import { generateKeyPair } from 'jose/key/generate/keypair'
import { afterEach, describe, expect, test } from 'vitest'
import { type Platform, systemPlatform } from '../platform.js'
import { memoryStore } from '../store/memory-store.js'
import { createAuthorizationCodeFlow, type OAuthLogin } from './authorization-code-flow.js'
import type { AuthorizationCodeFlowOptions } from './flow-options.js'
import { appBrowser } from './fixtures/app-browser.js'
import { providerStorage } from './fixtures/provider-storage.js'
import { clientSecret, ProviderUser, type RealProvider, startRealProvider } from './fixtures/real-provider.js'
import { oidc } from './providers/oidc.js'

/** A login whose user has come back; what is left is `finish`. */
type Returned = () => Promise<OAuthLogin>

/** An app at an `oidc-provider` whose keys a test changes. */
interface App {
  readonly idp: RealProvider
  /** From the click to the return of a user who signs in at the provider. */
  comeBack(user: string): Promise<Returned>
  signIn(user: string): Promise<OAuthLogin>
  wait(seconds: number): void
  /** How often the key set was fetched, and how many codes were sent. */
  asked(): { keys: number; codes: number }
}

const [first, second, impostor] = await Promise.all([rsaKey('first'), rsaKey('second'), rsaKey('first')])
const hybrid = { responseType: 'code id_token' } as const
let apps: App[] = []

afterEach(async () => {
  await Promise.all(apps.map(({ idp }) => idp.close()))
  apps = []
})

async function rsaKey(kid: string): Promise<JsonWebKey & { kty: string }> {
  const { privateKey } = await generateKeyPair('RS256', { extractable: true })
  return { ...(await exportJWK(privateKey)), kty: 'RSA', kid, alg: 'RS256', use: 'sig' } as JsonWebKey & { kty: string }
}

/** The provider signs with the first of its keys, and publishes all of them. */
function signingWith(...keys: Awaited<ReturnType<typeof rsaKey>>[]): { jwks: { keys: never[] } } {
  return { jwks: { keys: keys as never[] } }
}

async function openApp(options: Partial<AuthorizationCodeFlowOptions> = {}): Promise<App> {
  const idp = await startRealProvider({ adapter: providerStorage(), ...signingWith(first) })
  let waited = 0
  const platform: Platform = { ...systemPlatform, monotonic: () => systemPlatform.monotonic() + waited }
  const flow = createAuthorizationCodeFlow({
    ...{ secrets: ['a secret for tests only, which has 32 characters or more'], origin: 'https://app.example' },
    ...{ redirectPath: '/callback', scope: 'openid', store: memoryStore(), platform },
    provider: oidc({
      ...{ name: 'acme', issuer: idp.issuer, clientId: 'app', clientSecret },
      dangerouslyAllowPrivateNetwork: true,
    }),
    ...options,
  })
  const app: App = {
    idp,
    async comeBack(user) {
      const browser = appBrowser()
      const { url, form } = await new ProviderUser(user).visit(await flow.begin(browser.click('/auth')))
      return () => (form ? flow.finish(browser.post(url), form) : flow.finish(browser.arrive(url)))
    },
    signIn: async (user) => (await app.comeBack(user))(),
    wait: (seconds) => (waited += seconds * 1000),
    asked: () => ({
      keys: idp.asked.filter((line) => line === 'GET /jwks').length,
      codes: idp.asked.filter((line) => line === 'POST /token').length,
    }),
  }
  apps.push(app)
  return app
}

const refusedFor = (reason: string): object => ({
  code: 'callback_rejected',
  details: { reason: `id_token_${reason}` },
})

describe('a provider that changes its keys between begin and finish', () => {
  test('signs the token by the new key, which is fetched once', async () => {
    const app = await openApp()
    await app.signIn('ada')
    expect(app.asked().keys).toBe(1)
    const finish = await app.comeBack('bob')
    app.idp.restart(signingWith(second))
    expect((await finish()).identity.subject).toBe('bob')
    expect((await app.signIn('eve')).identity.subject).toBe('eve')
    expect(app.asked().keys).toBe(2)
  })

  test('costs one fetch, however many logins are under way', async () => {
    const app = await openApp()
    await app.signIn('ada')
    const users = ['bob', 'cleo', 'dan', 'eve', 'finn']
    const finishes = await Promise.all(users.map(app.comeBack))
    app.idp.restart(signingWith(second))
    const logins = await Promise.all(finishes.map((finish) => finish()))
    expect(logins.map(({ identity }) => identity.subject)).toEqual(users)
    expect(app.asked().keys).toBe(2)
  })

  test('needs no fetch where nothing was fetched before', async () => {
    const app = await openApp()
    const finish = await app.comeBack('ada')
    app.idp.restart(signingWith(second))
    expect((await finish()).identity.subject).toBe('ada')
    expect(app.asked().keys).toBe(1)
  })

  test('and goes on publishing the old one is believed for both', async () => {
    const app = await openApp(hybrid)
    const finish = await app.comeBack('ada')
    app.idp.restart(signingWith(second, first))
    expect((await finish()).identity.subject).toBe('ada')
    expect(app.asked()).toEqual({ keys: 1, codes: 1 })
  })
})

describe('a token of a key that was withdrawn', () => {
  test('is refused by who has never seen the key, and its code is not sent', async () => {
    const app = await openApp(hybrid)
    const finish = await app.comeBack('ada')
    app.idp.restart(signingWith(second))
    await expect(finish()).rejects.toMatchObject(refusedFor('jwks_no_matching_key'))
    expect(app.asked()).toEqual({ keys: 1, codes: 0 })
  })

  test('is refused by who has learned of the new key; one fetch in five seconds makes sure', async () => {
    const app = await openApp(hybrid)
    await app.signIn('ada')
    const finishes = await Promise.all(['bob', 'cleo', 'dan'].map(app.comeBack))
    app.idp.restart(signingWith(second))
    app.wait(300)
    await app.signIn('eve')
    expect(app.asked()).toEqual({ keys: 2, codes: 2 })
    const fetches: number[] = []
    for (const [index, finish] of finishes.entries()) {
      if (index === 2) app.wait(5)
      await expect(finish()).rejects.toMatchObject(refusedFor('jwks_no_matching_key'))
      fetches.push(app.asked().keys)
    }
    expect(fetches).toEqual([3, 3, 4])
    expect(app.asked().codes).toBe(2)
  })

  test('is believed by who has the key, for five minutes and no longer', async () => {
    const [early, late] = await Promise.all([openApp(hybrid), openApp(hybrid)])
    const finishes = await Promise.all(
      [early, late].map(async (app) => {
        await app.signIn('ada')
        const finish = await app.comeBack('bob')
        app.idp.restart(signingWith(second))
        return finish
      }),
    )
    early.wait(290)
    expect((await finishes[0]?.())?.identity.subject).toBe('bob')
    late.wait(300)
    await expect(finishes[1]?.()).rejects.toMatchObject(refusedFor('jwks_no_matching_key'))
    expect([early.asked(), late.asked()]).toEqual([
      { keys: 2, codes: 2 },
      { keys: 2, codes: 1 },
    ])
  })
})

describe('another key by the kid of the old one', () => {
  test('is refused without a fetch as long as the old set is kept, and is the key after five minutes', async () => {
    const app = await openApp()
    await app.signIn('ada')
    const finish = await app.comeBack('bob')
    app.idp.restart(signingWith(impostor))
    await expect(finish()).rejects.toMatchObject(refusedFor('jws_signature_verification_failed'))
    await expect(app.signIn('bob')).rejects.toMatchObject(refusedFor('jws_signature_verification_failed'))
    expect(app.asked().keys).toBe(1)
    app.wait(300)
    expect((await app.signIn('bob')).identity.subject).toBe('bob')
    expect(app.asked().keys).toBe(2)
  })
})

describe('a key set behind a redirect', () => {
  test('is not followed there', async () => {
    const { promise: listening, resolve } = Promise.withResolvers<void>()
    let target = ''
    const server = createServer((_request, response) => void response.writeHead(302, { location: target }).end())
    server.listen(0, '127.0.0.1', resolve)
    await listening
    const { port } = server.address() as AddressInfo
    const platform: Platform = {
      ...systemPlatform,
      fetch: (url, init) => fetch(url.endsWith('/jwks') ? `http://127.0.0.1:${port}/` : url, init),
    }
    const app = await openApp({ platform })
    target = `${app.idp.issuer}/jwks`
    await expect(app.signIn('ada')).rejects.toMatchObject({ details: { reason: 'keys_unavailable' } })
    expect(app.asked().keys).toBe(0)
    server.close()
  })
})
