import { connect } from 'node:net'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { createAuthorizationCodeFlow, oidc } from '@tessera-auth/core/oauth'
import { type IdentityProvider, startIdentityProvider } from './index.ts'

const redirectUri = 'http://localhost:1/callback'
const clientSecret = 'a secret for the test of the example only'
let idp: IdentityProvider
let heard: string[] = []
let close: () => void = () => {}

beforeAll(async () => {
  const { createServer } = await import('node:http')
  const server = createServer((request, response) => {
    let body = ''
    request.on('data', (chunk) => (body += String(chunk)))
    request.on('end', () => {
      heard.push(new URLSearchParams(body).get('logout_token') ?? '')
      response.end()
    })
  })
  await new Promise<void>((resolve) => server.listen(0, 'localhost', () => resolve()))
  close = () => server.close()
  const { port } = server.address() as { port: number }
  idp = await startIdentityProvider({
    port: 0,
    clientId: 'app',
    clientSecret,
    redirectUris: [redirectUri],
    backchannelLogoutUri: `http://localhost:${port}/logout`,
  })
})
afterAll(async () => {
  close()
  await idp.close()
})

function flow(): ReturnType<typeof createAuthorizationCodeFlow> {
  return createAuthorizationCodeFlow({
    secrets: ['a secret for tests only, which has 32 characters or more'],
    origin: 'http://localhost:1',
    redirectPath: '/callback',
    scope: 'openid profile email',
    provider: oidc({
      name: 'idp',
      issuer: idp.issuer,
      clientId: 'app',
      clientSecret,
      dangerouslyAllowPrivateNetwork: true,
    }),
  })
}

/** Walks the pages as a browser does; `answer` fills the forms. */
function browser(): (url: string, answer: Record<string, string>) => Promise<string> {
  const cookies = new Map<string, string>()
  return async (start, answer) => {
    let url = start
    let body: URLSearchParams | null = null
    for (let steps = 0; steps < 12; steps += 1) {
      const cookie = [...cookies].map(([name, value]) => `${name}=${value}`).join('; ')
      const method = body ? 'POST' : 'GET'
      const response: Response = await fetch(url, { method, body, redirect: 'manual', headers: { cookie } })
      body = null
      for (const line of response.headers.getSetCookie()) {
        const [name = '', value = ''] = line.split(';')[0]?.split('=') ?? []
        cookies.set(name, value)
      }
      const location = response.headers.get('location')
      if (location) {
        url = new URL(location, url).href
        if (url.startsWith(redirectUri)) return url
        continue
      }
      const page = await response.text()
      const action = /action="([^"]+)"/.exec(page)?.[1]
      if (!action) return page
      const xsrf = /name="xsrf" value="([^"]+)"/.exec(page)?.[1]
      body = new URLSearchParams({ ...answer, ...(xsrf && { xsrf }) })
      url = new URL(action, url).href
    }
    throw new Error('The pages do not end.')
  }
}

async function exchange(cookies: Map<string, string>, url: string) {
  const cookie = [...cookies].map(([name, value]) => `${name}=${value}`).join('; ')
  const keep = (line: string): unknown => cookies.set(line.split('=')[0] ?? '', line.split(';')[0]?.split('=')[1] ?? '')
  return {
    request: { method: 'GET', url, headers: new Headers({ cookie }) },
    responseHeaders: { append: (_name: string, line: string) => keep(line) },
  }
}

/** Sends a request line as it stands, as no client of HTTP would, and answers with the status. */
function statusOf(target: string): Promise<number> {
  const socket = connect(Number(new URL(idp.issuer).port), 'localhost')
  socket.end(`GET ${target} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n`)
  return new Promise((resolve, reject) => {
    socket.once('data', (answer) => resolve(Number(/^HTTP\/1\.1 (\d+)/.exec(String(answer))?.[1])))
    socket.once('close', () => reject(new Error('no answer')))
    socket.once('error', reject)
  })
}

describe('startIdentityProvider', () => {
  test.each(['//', 'http://[', '/interaction/unknown', '/interaction/unknown?x=//', '/%', '*'])(
    'refuses GET %s, and goes on',
    async (target) => {
      const status = await statusOf(target)
      expect(status).toBeGreaterThanOrEqual(400)
      expect(status).toBeLessThanOrEqual(500)
      expect(await statusOf('/.well-known/openid-configuration')).toBe(200)
    },
  )

  test('refuses a sign-in without PKCE', async () => {
    const start = new URL(await flow().begin(await exchange(new Map(), '/auth')))
    expect(start.searchParams.get('code_challenge_method')).toBe('S256')
    start.searchParams.delete('code_challenge')
    start.searchParams.delete('code_challenge_method')
    const answer = await fetch(start, { redirect: 'manual' })
    const back = new URL(answer.headers.get('location') ?? '', start)
    expect(back.href).toContain(`${redirectUri}?`)
    expect(back.searchParams.get('error')).toBe('invalid_request')
    expect(back.searchParams.get('error_description')).toContain('PKCE')
  })

  test('signs in whoever is named, with a proven address and a refresh token', async () => {
    const signIn = flow()
    const cookies = new Map<string, string>()
    const start = await signIn.begin(await exchange(cookies, '/auth'))
    const back = await browser()(start, { email: 'Ada@Mail.example', answer: 'allow' })
    const { identity, tokens } = await signIn.finish(await exchange(cookies, back))
    expect(identity).toMatchObject({ email: 'ada@mail.example', emailProven: true, name: 'ada' })
    expect(tokens.refreshToken).not.toBeNull()
  })

  test('no consent is access_denied', async () => {
    const signIn = flow()
    const cookies = new Map<string, string>()
    const start = await signIn.begin(await exchange(cookies, '/auth'))
    const back = await browser()(start, { email: 'ada@mail.example', answer: 'deny' })
    await expect(signIn.finish(await exchange(cookies, back))).rejects.toMatchObject({ code: 'access_denied' })
  })

  test('signing out there tells the app by a logout token that names the login', async () => {
    heard = []
    const signIn = flow()
    const cookies = new Map<string, string>()
    const walk = browser()
    const start = await signIn.begin(await exchange(cookies, '/auth'))
    const back = await walk(start, { email: 'ada@mail.example', answer: 'allow' })
    const { providerLogin, tokens } = await signIn.finish(await exchange(cookies, back))
    const leave = await signIn.logoutUrl({ idTokenHint: tokens.idToken ?? '' })
    expect(await walk(leave ?? '', { logout: 'yes' })).toContain('Signed out')
    expect(heard).toHaveLength(1)
    const { providerSessionId, issuer } = await signIn.verifyLogoutToken(heard[0])
    expect({ providerSessionId, issuer }).toEqual({
      providerSessionId: providerLogin.providerSessionId,
      issuer: providerLogin.issuer,
    })
  })
})
