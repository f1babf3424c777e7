import { decodeJwt } from 'jose/jwt/decode'
import { describe, expect, test } from 'vitest'
import { createAuthorizationCodeFlow, type OAuthLogin } from '../authorization-code-flow.js'
import { appBrowser } from '../fixtures/app-browser.js'
import { type RecordedLogin, recordedLogins } from '../fixtures/recorded-logins.js'
import { jwks, recordedNetwork, type RecordedNetwork } from '../fixtures/recorded-provider.js'
import { apple, facebook, github, google, linkedin, microsoft, oidc, spotify } from '../index.js'
import { type ClientOptions, definitionOf, type Provider } from '../provider.js'

const secrets = ['a secret for tests only, which has 32 characters or more']
const client = { clientId: 'client-1', clientSecret: 'for tests' }

/** A whole sign-in against the recorded answers. */
async function signIn(
  recorded: RecordedLogin,
  change: Record<string, unknown> = {},
): Promise<{
  login: OAuthLogin
  network: RecordedNetwork
  url: URL
}> {
  const { provider, token } = recorded
  const network = recordedNetwork({ ...recorded.api })
  if (recorded.idToken) recordMetadata(network, recorded)
  const flow = createAuthorizationCodeFlow({
    secrets,
    origin: 'https://app.example',
    redirectPath: '/callback',
    provider,
    platform: network.platform,
  })
  const browser = appBrowser()
  const url = new URL(await flow.begin(browser.click('/auth')))
  network.answers[token.url] = async () =>
    Response.json({
      ...token.answer,
      ...(recorded.idToken && { id_token: await idToken(network, recorded, url, change) }),
    })
  const parameters = { code: 'the-code', state: url.searchParams.get('state') ?? '' }
  const post = url.searchParams.get('response_mode') === 'form_post'
  const login = post
    ? await flow.finish(browser.post('/callback'), {
        ...parameters,
        user: '{"name":{"firstName":"Ada","lastName":"Lovelace"}}',
      })
    : await flow.finish(browser.arrive(`/callback?${new URLSearchParams(parameters)}`))
  return { login, network, url }
}

function recordMetadata(network: RecordedNetwork, { provider, token, metadataUrl }: RecordedLogin): void {
  const { issuer } = provider
  network.answers[metadataUrl ?? `${issuer}/.well-known/openid-configuration`] = {
    issuer,
    authorization_endpoint: `${new URL(issuer).origin}/authorize`,
    token_endpoint: token.url,
    jwks_uri: `${new URL(issuer).origin}/keys`,
    id_token_signing_alg_values_supported: ['RS256'],
    ...(provider.name === 'microsoft' && { userinfo_endpoint: 'https://graph.microsoft.com/oidc/userinfo' }),
  }
  network.answers[`${new URL(issuer).origin}/keys`] = jwks
}

function idToken(
  { sign, platform }: RecordedNetwork,
  { idToken: claims }: RecordedLogin,
  url: URL,
  change: Record<string, unknown>,
): Promise<string> {
  const now = platform.now()
  const nonce = url.searchParams.get('nonce')
  return sign({ aud: 'client-1', iat: now, exp: now + 600, nonce, ...claims, ...change })
}

describe('each provider', () => {
  test.each(Object.entries(recordedLogins))(
    '%s: its recorded answers make the identity they should',
    async (_, recorded) => {
      const { login, network } = await signIn(recorded)
      expect(login.identity).toMatchObject(recorded.expected)
      const request = network.asked.find(({ url }) => url === recorded.token.url)
      expect(request?.headers.has('authorization')).toBe(recorded.proof === 'basic')
      expect(request?.form.has('client_secret')).toBe(recorded.proof === 'post')
      expect(request?.form.get('code_verifier')).toMatch(/^[\w-]{43}$/)
    },
  )

  test.each(Object.entries(recordedLogins))(
    '%s: states its evidence, and asks for the least that signs in',
    (_, recorded) => {
      const { evidence, scope } = definitionOf(recorded.provider)
      expect(new URL(evidence.documentation).protocol).toBe('https:')
      for (const reason of [evidence.subject, evidence.email, evidence.refresh])
        expect(reason.length).toBeGreaterThan(5)
      expect(scope).not.toMatch(/write|repo|admin|offline/)
      if (recorded.idToken) expect(scope).toMatch(/^openid\b/)
      if (recorded.idToken?.email !== undefined) expect(scope).toMatch(/\bemail\b/)
    },
  )

  test('a provider shows neither secret nor key when it is logged', () => {
    expect(JSON.stringify(google(client))).not.toContain('for tests')
  })
})

describe('a secret in the header (RFC 6749 §2.3.1)', () => {
  test('is form-encoded, and leaves alone what servers that do not decode would stumble over', async () => {
    const recorded = recordedLogins.spotify ?? expect.fail()
    const provider = spotify({ clientId: 'client-1', clientSecret: 'a-b_c.d e/f:g+h%' })
    const { network } = await signIn({ ...recorded, provider })
    const header = network.asked.find(({ url }) => url === recorded.token.url)?.headers.get('authorization') ?? ''
    expect(Buffer.from(header.replace('Basic ', ''), 'base64').toString()).toBe('client-1:a-b_c.d+e%2Ff%3Ag%2Bh%25')
  })
})

describe('deviations', () => {
  const recordedOf = (name: string): RecordedLogin => recordedLogins[name] ?? expect.fail(name)

  test('Microsoft: a token of one tenant with the issuer of another is refused', async () => {
    const other = '00000000-1111-2222-3333-444444444444'
    await expect(signIn(recordedOf('microsoft'), { tid: other })).rejects.toMatchObject({ code: 'callback_rejected' })
  })

  test('Microsoft: a tenant id that is none never becomes part of an issuer', async () => {
    const iss = 'https://login.microsoftonline.com/../evil/v2.0'
    await expect(signIn(recordedOf('microsoft'), { tid: '../evil', iss })).rejects.toMatchObject({
      code: 'callback_rejected',
    })
  })

  test('Microsoft: without oid nobody is identified', async () => {
    await expect(signIn(recordedOf('microsoft'), { oid: undefined })).rejects.toMatchObject({
      details: { reason: 'subject_missing' },
    })
  })

  test("Microsoft: a tenant's domain name is no tenant", () => {
    expect(() => microsoft({ ...client, tenant: 'corp.example' })).toThrow(/tenant: expected/)
  })

  test('Microsoft: the userinfo endpoint of another service is not asked', async () => {
    const { network } = await signIn(recordedOf('microsoft'), { email: undefined })
    expect(network.asked.map(({ url }) => url)).not.toContain('https://graph.microsoft.com/oidc/userinfo')
  })

  test('LinkedIn: a nonce that is there must be the one that was sent', async () => {
    await expect(signIn(recordedOf('linkedin'), { nonce: 'of another attempt' })).rejects.toMatchObject({
      details: { reason: 'id_token_nonce' },
    })
  })

  test('all others: an ID token without nonce is refused', async () => {
    await expect(signIn(recordedOf('google'), { nonce: undefined })).rejects.toMatchObject({
      details: { reason: 'id_token_nonce' },
    })
  })

  test('Apple: the client secret is a JWT of the team for five minutes', async () => {
    const recorded = recordedOf('apple')
    const { network } = await signIn(recorded)
    const secret = network.asked.find(({ url }) => url === recorded.token.url)?.form.get('client_secret') ?? ''
    const { iss, sub, aud, iat = 0, exp = 0 } = decodeJwt(secret)
    expect({ iss, sub, aud, life: exp - iat }).toEqual({
      ...{ iss: 'TEAM', sub: 'client-1' },
      ...{ aud: 'https://appleid.apple.com', life: 300 },
    })
  })

  test('Apple: a key of another kind is a ConfigError', () => {
    const options = { clientId: 'c', teamId: 't', keyId: 'k', privateKey: { kty: 'RSA', d: 'x' } }
    expect(() => apple(options)).toThrow(/privateKey: expected/)
  })

  test('a secret that is undefined makes no public client, but a ConfigError', () => {
    const options = { clientId: 'c', clientSecret: undefined } as unknown as ClientOptions
    for (const make of [github, google]) expect(() => make(options)).toThrow(/^clientSecret: expected a text/)
  })

  test('GitHub: an error that arrives with status 200 is the error', async () => {
    const recorded = recordedOf('github')
    const answer = { error: 'bad_verification_code', error_description: 'The code passed is incorrect.' }
    await expect(signIn({ ...recorded, token: { ...recorded.token, answer } })).rejects.toMatchObject({
      code: 'provider_error',
      error: 'bad_verification_code',
    })
  })

  test('GitHub: without the scope for addresses none is asked for, and none is proven', async () => {
    const recorded = recordedOf('github')
    const answer = { ...recorded.token.answer, scope: 'read:user' }
    const { login, network } = await signIn({ ...recorded, token: { ...recorded.token, answer } })
    expect(login.identity).toMatchObject({ email: null, emailProven: false })
    expect(network.asked.map(({ url }) => url)).not.toContain('https://api.github.com/user/emails')
  })

  const offline: [string, Provider, Record<string, string | null>][] = [
    ['Google', google(client), { access_type: 'offline', prompt: 'consent', scope: 'openid' }],
    ['X', recordedOf('x').provider, { scope: 'openid offline.access' }],
    ['Dropbox', recordedOf('dropbox').provider, { token_access_type: 'offline', scope: 'openid' }],
    ['Reddit', recordedOf('reddit').provider, { duration: 'permanent', scope: 'openid' }],
    ['GitHub', github(client), { access_type: null, scope: 'openid offline_access' }],
  ]
  test.each(offline)('%s: offline_access is asked for in its own words', async (_name, provider, expected) => {
    const network = recordedNetwork({})
    recordMetadata(network, { ...recordedOf('google'), provider })
    const flow = createAuthorizationCodeFlow({
      ...{ secrets, origin: 'https://app.example', redirectPath: '/callback', provider },
      ...{ platform: network.platform, scope: 'openid offline_access' },
    })
    const { searchParams } = new URL(await flow.begin(appBrowser().click('/auth')))
    for (const [name, value] of Object.entries(expected)) expect(searchParams.get(name)).toBe(value)
  })

  test.each([7, '', null])('Google: the domain %o is a ConfigError', (hostedDomain) => {
    expect(() => google({ ...client, hostedDomain: hostedDomain as string })).toThrow(/hostedDomain: expected/)
  })

  const wrong: [string, object, RegExp][] = [
    ['one API origin as a text', { apiOrigins: 'https://api.example' }, /apiOrigins: expected a list/],
    ['an API over http', { apiOrigins: ['http://api.example'] }, /apiOrigins: expected a list/],
    ['a private network by a text', { dangerouslyAllowPrivateNetwork: 'false' }, /dangerouslyAllowPrivateNetwork: exp/],
    ['a secret that is null', { clientSecret: null }, /clientSecret: expected/],
  ]
  test.each(wrong)('an OpenID provider with %s is a ConfigError', (_name, change, message) => {
    const options = { ...client, name: 'acme', issuer: 'https://login.acme.example', ...change }
    expect(() => oidc(options)).toThrow(message)
  })

  test.each([linkedin, facebook, github, google])('a client without id is a ConfigError', (make) => {
    expect(() => make({ clientId: '' })).toThrow(/clientId: expected/)
  })
})
