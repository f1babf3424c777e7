import { describe, expect, test } from 'vitest'
import { createAuthorizationCodeFlow } from './authorization-code-flow.js'
import { createDpopKey } from './dpop.js'
import { appBrowser } from './fixtures/app-browser.js'
import { beginForged } from './fixtures/attacked-login.js'
import { appWith } from './fixtures/linking-app.js'
import { recordedNetwork } from './fixtures/recorded-provider.js'
import type { Identity } from './identity.js'
import { createProviderClient } from './provider-client.js'
import type { Claims, Profile } from './provider.js'
import { google } from './providers/google.js'
import { oauth2 } from './providers/oauth2.js'
import { readIdentity } from './read-identity.js'
import type { TokenAnswer } from './token-answer.js'

const api = 'https://as.example'
const bearer: TokenAnswer = {
  ...{ accessToken: 'at', tokenType: 'bearer', refreshToken: null, expiresAt: null },
  ...{ scope: 'openid email', idToken: null, answer: {} },
}

/** Google's identity of these claims, where the address stands at the userinfo endpoint only. */
async function atGoogle(idToken: Claims, userinfo: Claims): Promise<Identity> {
  const issuer = 'https://accounts.google.com'
  const network = recordedNetwork({
    [`${issuer}/.well-known/openid-configuration`]: { issuer, userinfo_endpoint: `${issuer}/userinfo` },
    [`${issuer}/userinfo`]: { sub: 'ada', ...userinfo },
  })
  const client = createProviderClient(google({ clientId: 'app' }), network.platform)
  const idTokenClaims = { iss: issuer, sub: 'ada', ...idToken }
  return readIdentity(client, { answer: bearer, asked: { scope: 'openid email' }, idTokenClaims })
}

/** An OAuth 2 server whose user is whatever `readUser` returns. */
function serverWith(readUser: Parameters<typeof oauth2>[0]['readUser']) {
  const endpoints = { authorizationEndpoint: `${api}/authorize`, tokenEndpoint: `${api}/token` }
  return oauth2({ name: 'own', clientId: 'app', clientSecret: 'for tests', ...endpoints, readUser })
}

describe('an address of the userinfo endpoint', () => {
  const userinfo = { sub: 'ada', email: 'victim@mail.example' }

  test.each([{ ...userinfo, email_verified: false }, userinfo])('is not proven by the ID token: %o', async (told) => {
    const { flow, browser, callback } = await beginForged({ claims: { email_verified: true }, userinfo: told })
    const login = await flow.finish(browser.arrive(callback()))
    expect(login.identity).toMatchObject({ email: 'victim@mail.example', emailProven: false })
    expect(login.identity.claims.email_verified).not.toBe(true)
    const { identities } = appWith([{ id: 'victim', email: 'victim@mail.example', emailVerified: true }])
    await expect(identities.resolve(login, null)).rejects.toMatchObject({ code: 'link_refused' })
  })

  test('is proven by the same document', async () => {
    const proven = { ...userinfo, email_verified: true }
    const { flow, browser, callback } = await beginForged({ claims: { email_verified: false }, userinfo: proven })
    expect((await flow.finish(browser.arrive(callback()))).identity).toMatchObject({
      emailProven: true,
      claims: { email_verified: true },
    })
  })

  test("is not proven by the ID token's hd, which stays among the claims", async () => {
    const identity = await atGoogle({ hd: 'corp.example' }, { email: 'victim@mail.example', email_verified: true })
    expect(identity).toMatchObject({ emailProven: false, claims: { hd: 'corp.example' } })
  })

  test('comes without what the ID token says of its domain (xms_edov)', async () => {
    expect((await atGoogle({ xms_edov: true }, { email: 'victim@mail.example' })).claims).not.toHaveProperty('xms_edov')
  })
})

describe('a profile', () => {
  test('is asked for with a proof of the key that the token is bound to', async () => {
    const network = recordedNetwork({
      [`${api}/token`]: { access_token: 'at', token_type: 'DPoP', expires_in: 600 },
      [`${api}/me`]: ({ headers }) =>
        headers.get('authorization') === 'DPoP at' && headers.has('dpop')
          ? Response.json({ id: 'ada' })
          : new Response(null, { status: 401, headers: { 'www-authenticate': 'DPoP error="invalid_token"' } }),
    })
    const flow = createAuthorizationCodeFlow({
      secrets: ['a secret for tests only, which has 32 characters or more'],
      ...{ origin: 'https://app.example', redirectPath: '/callback', dpop: true, platform: network.platform },
      provider: serverWith(async ({ ask }) => {
        const { id } = (await ask(`${api}/me`)) as { id: string }
        return { subject: id, email: null, emailProven: false, name: null, claims: {} }
      }),
    })
    const browser = appBrowser()
    const state = new URL(await flow.begin(browser.click('/auth'))).searchParams.get('state')
    const login = await flow.finish(browser.arrive(`/callback?code=c&state=${state}`))
    expect(login.identity.subject).toBe('ada')
  })

  test('is asked for without one where the server gave a bearer token all the same', async () => {
    const network = recordedNetwork({ [`${api}/me`]: {} })
    const client = createProviderClient(
      serverWith(async ({ ask }) => {
        await ask(`${api}/me`)
        return null
      }),
      network.platform,
    )
    const asked = { scope: '', dpopKey: await createDpopKey() }
    await expect(readIdentity(client, { answer: bearer, asked, idTokenClaims: null })).rejects.toMatchObject({
      details: { reason: 'profile_unreadable' },
    })
    expect(network.asked.map(({ headers }) => headers.get('authorization'))).toEqual(['Bearer at'])
  })

  const read = async (change: object): Promise<Identity> => {
    const standard = { subject: 'ada', email: 'ada@mail.example', emailProven: true, name: null, claims: {} }
    const profile = { ...standard, ...change } as Profile
    const client = createProviderClient(
      serverWith(async () => profile),
      recordedNetwork({}).platform,
    )
    return readIdentity(client, { answer: bearer, asked: { scope: '' }, idTokenClaims: null })
  }

  test.each([undefined, null, '', 7])(
    'whose subject is %o is refused: all such users would be one',
    async (subject) => {
      await expect(read({ subject })).rejects.toMatchObject({
        code: 'callback_rejected',
        details: { reason: 'subject_missing' },
      })
    },
  )

  test.each([undefined, 7, {}])('whose address is %o has none', async (email) => {
    expect(await read({ email })).toMatchObject({ email: null, emailProven: false })
  })

  test.each([undefined, 'true', 1])('whose emailProven is %o proves nothing', async (emailProven) => {
    expect(await read({ emailProven })).toMatchObject({ email: 'ada@mail.example', emailProven: false })
  })
})
