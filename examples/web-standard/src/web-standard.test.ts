import { type IdentityProvider, startIdentityProvider } from '@tessera-auth/example-identity-provider'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { createAuth, createFetchApp, createHonoApp } from './index.ts'

const origin = 'http://localhost:3000'
const client = { clientId: 'example', clientSecret: 'a secret of this test only, 0123456789' }
let provider: IdentityProvider

beforeAll(async () => {
  provider = await startIdentityProvider({ port: 0, ...client, redirectUris: [`${origin}/callback`] })
})
afterAll(() => provider.close())

type Fetch = (request: Request) => Response | Promise<Response>

const makes: readonly (readonly [string, () => Fetch])[] = [
  ['a function from Request to Response', () => createFetchApp(newAuth())],
  ['Hono', () => createHonoApp(newAuth()).fetch],
]

function newAuth() {
  return createAuth({ origin, secret: '0123456789abcdef0123456789abcdef', issuer: provider.issuer, ...client })
}

/** Keeps cookies, of the app and of the provider alike; follows nothing by itself. */
function openBrowser(app: Fetch) {
  const jars = new Map<string, Map<string, string>>()
  return async (method: string, url: string, headers: Record<string, string> = {}, form?: URLSearchParams) => {
    const target = new URL(url, origin)
    const jar = jars.get(target.origin) ?? new Map<string, string>()
    jars.set(target.origin, jar)
    const cookie = Array.from(jar, (pair) => pair.join('=')).join('; ')
    const sent = new Request(target, {
      method,
      redirect: 'manual',
      headers: { 'sec-fetch-site': 'same-origin', ...(cookie ? { cookie } : {}), ...headers },
      ...(form ? { body: form } : {}),
    })
    const response = target.origin === origin ? await app(sent) : await fetch(sent)
    for (const line of response.headers.getSetCookie()) {
      const [pair = '', ...attributes] = line.split('; ')
      const [name = '', ...value] = pair.split('=')
      if (attributes.some((attribute) => attribute.toLowerCase() === 'max-age=0')) jar.delete(name)
      else jar.set(name, value.join('='))
    }
    return { response, text: await response.text(), location: response.headers.get('location') }
  }
}

/** Goes to the provider, names somebody, agrees, and comes back. */
async function signIn(browser: ReturnType<typeof openBrowser>) {
  let step = await browser('GET', '/sign-in')
  let address = `${origin}/sign-in`
  for (let count = 0; count < 12; count += 1) {
    const action = /<form[^>]* action="([^"]+)"/.exec(step.text)?.[1]
    const site = { 'sec-fetch-site': 'none' }
    if (step.location !== null) {
      address = new URL(step.location, address).href
      if (address === `${origin}/me`) return step
      step = await browser('GET', address, site)
    } else if (action === undefined) return step
    else {
      const form = new URLSearchParams(
        step.text.includes('name="email"') ? { email: 'a@example.com' } : { answer: 'allow' },
      )
      step = await browser('POST', new URL(action, address).href, site, form)
    }
  }
  throw new Error('the provider does not come to an end')
}

describe.each(makes)('%s', (_, make) => {
  test('signs in with a provider, knows who it is, and signs out', async () => {
    const browser = openBrowser(make())
    const { response } = await signIn(browser)
    expect(response.headers.getSetCookie().some((line) => line.startsWith('session='))).toBe(true)
    const me = await browser('GET', '/me')
    expect([me.response.status, me.response.headers.get('cache-control')]).toEqual([200, 'no-store'])
    expect(JSON.parse(me.text).methods).toContain('fed')
    expect((await browser('POST', '/sign-out')).response.status).toBe(204)
    expect((await browser('GET', '/me')).response.status).toBe(401)
  })

  test('gives a token for a session, and takes it as a bearer', async () => {
    const browser = openBrowser(make())
    await signIn(browser)
    const { access_token: token } = JSON.parse((await browser('POST', '/token')).text)
    const call = (authorization: string) => browser('GET', '/api/profile', { authorization })
    expect(JSON.parse((await call(`Bearer ${token}`)).text)).toMatchObject({ scope: 'profile' })
    await browser('POST', '/sign-out')
    expect((await call(`Bearer ${token}`)).response.status).toBe(401)
  })

  test.each(['/me', '/api/profile'])('answers a stranger at %s with 401 and our body', async (path) => {
    const { response, text } = await openBrowser(make())('GET', path)
    expect(response.status).toBe(401)
    expect(JSON.parse(text).error.code).toEqual(expect.any(String))
  })

  test('refuses what another site sends, with the cookie', async () => {
    const browser = openBrowser(make())
    await signIn(browser)
    expect((await browser('POST', '/sign-out', { 'sec-fetch-site': 'cross-site' })).response.status).toBe(403)
    expect((await browser('GET', '/me')).response.status).toBe(200)
  })
})
