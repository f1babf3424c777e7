import { type IdentityProvider, startIdentityProvider } from '@tessera-auth/example-identity-provider'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type Fetch, openBrowser, signIn } from './browser.ts'
import { createAuth, createFetchApp, createHonoApp } from './index.ts'

const origin = 'http://localhost:3000'
const client = { clientId: 'example', clientSecret: 'a secret of this test only, 0123456789' }
let provider: IdentityProvider

beforeAll(async () => {
  provider = await startIdentityProvider({ port: 0, ...client, redirectUris: [`${origin}/callback`] })
})
afterAll(() => provider.close())

const makes: readonly (readonly [string, () => Fetch])[] = [
  ['a function from Request to Response', () => createFetchApp(newAuth())],
  ['Hono', () => createHonoApp(newAuth()).fetch],
]

function newAuth() {
  return createAuth({ origin, secret: '0123456789abcdef0123456789abcdef', issuer: provider.issuer, ...client })
}

describe.each(makes)('%s', (_, make) => {
  test('signs in with a provider, knows who it is, and signs out', async () => {
    const browser = openBrowser(make(), origin)
    const { response } = await signIn(browser, origin)
    expect(response.headers.getSetCookie().some((line) => line.startsWith('session='))).toBe(true)
    const me = await browser('GET', '/me')
    expect([me.response.status, me.response.headers.get('cache-control')]).toEqual([200, 'no-store'])
    expect(JSON.parse(me.text).methods).toContain('fed')
    expect((await browser('POST', '/sign-out')).response.status).toBe(204)
    expect((await browser('GET', '/me')).response.status).toBe(401)
  })

  test('gives a token for a session, and takes it as a bearer', async () => {
    const browser = openBrowser(make(), origin)
    await signIn(browser, origin)
    const { access_token: token } = JSON.parse((await browser('POST', '/token')).text)
    const call = (authorization: string) => browser('GET', '/api/profile', { headers: { authorization } })
    expect(JSON.parse((await call(`Bearer ${token}`)).text)).toMatchObject({ scope: 'profile' })
    await browser('POST', '/sign-out')
    expect((await call(`Bearer ${token}`)).response.status).toBe(401)
  })

  test.each(['/me', '/api/profile'])('answers a stranger at %s with 401 and our body', async (path) => {
    const { response, text } = await openBrowser(make(), origin)('GET', path)
    expect(response.status).toBe(401)
    expect(JSON.parse(text).error.code).toEqual(expect.any(String))
  })

  test('refuses what another site sends, with the cookie', async () => {
    const browser = openBrowser(make(), origin)
    await signIn(browser, origin)
    expect((await browser('POST', '/sign-out', { headers: { 'sec-fetch-site': 'cross-site' } })).response.status).toBe(
      403,
    )
    expect((await browser('GET', '/me')).response.status).toBe(200)
  })
})
