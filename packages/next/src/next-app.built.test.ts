/** The adapter inside a built Next app: `next build` of fixtures/app comes first. */
import { readFileSync } from 'node:fs'
import * as oauth from 'oauth4webapi'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { startBuilt, startDevelopment, type StartedApp, startStandalone } from './fixtures/start-app.js'

let app: StartedApp
let origin = ''

interface Sent {
  readonly method?: string
  readonly cookie?: string
  readonly headers?: Readonly<Record<string, string>>
  readonly body?: FormData
}

async function ask(path: string, { method = 'GET', cookie, headers, body }: Sent = {}) {
  const response = await fetch(`${origin}${path}`, {
    method,
    redirect: 'manual',
    headers: { 'sec-fetch-site': 'same-origin', ...(cookie === undefined ? {} : { cookie }), ...headers },
    ...(body ? { body } : {}),
  })
  const text = await response.text()
  const users = Array.from(text.matchAll(/user:(\w+)<\/b>/g), ([, user]) => user)
  return { status: response.status, headers: response.headers, text, users, cookies: response.headers.getSetCookie() }
}

/** Signs somebody in; the pair to send as Cookie. */
async function signIn(user: string): Promise<string> {
  const { cookies } = await ask(`/api/sign-in?user=${user}`, { method: 'POST' })
  return cookies[0]?.split(';', 1)[0] ?? ''
}

/** Posts a form as a browser without JavaScript does: with the hidden fields that Next put into it. */
async function submit(index: number, fields: Readonly<Record<string, string>>, sent: Sent = {}) {
  const page = await ask('/form', sent)
  const form = page.text.split('<form')[index + 1] ?? ''
  const body = new FormData()
  for (const [tag] of form.split('</form>', 1)[0]?.matchAll(/<input[^>]*type="hidden"[^>]*>/g) ?? []) {
    body.append(
      /name="([^"]*)"/.exec(tag)?.[1] ?? '',
      /value="([^"]*)"/.exec(tag)?.[1]?.replaceAll('&quot;', '"') ?? '',
    )
  }
  for (const [name, value] of Object.entries(fields)) body.append(name, value)
  return ask('/form', { ...sent, method: 'POST', body, headers: { origin, ...sent.headers } })
}

async function reads(): Promise<number> {
  return JSON.parse((await ask('/api/state')).text).reads
}

beforeAll(async () => {
  app = await startBuilt()
  ;({ origin } = app)
})
afterAll(() => app.stop())

describe('readAuth', () => {
  test('knows who is signed in, in every component', async () => {
    expect((await ask('/', { cookie: await signIn('ada') })).users).toEqual(['ada', 'ada', 'ada'])
    expect((await ask('/')).users).toEqual(['nobody', 'nobody', 'nobody'])
  })

  // With Cache Components Next renders a page a second time, to keep it for the way back.
  test('reads once per render: three components that ask cost what one does', async () => {
    const cookie = await signIn('ada')
    const costs: number[] = []
    for (const path of ['/', '/cached']) {
      const before = await reads()
      await ask(path, { cookie })
      costs.push((await reads()) - before)
    }
    expect(costs[0]).toBe(costs[1])
    expect([1, 2]).toContain(costs[0])
  })

  test('takes the good one of twins', async () => {
    const cookie = `session=planted.planted; ${await signIn('ada')}; session=x`
    expect((await ask('/', { cookie })).users[0]).toBe('ada')
  })

  test('takes the presence of a cookie for nothing', async () => {
    expect((await ask('/', { cookie: 'session=AAAAAAAAAAAAAAAAAAAAAA.AAAA' })).users[0]).toBe('nobody')
  })

  test('finds no session inside of another cookie, however that is encoded', async () => {
    const pair = await signIn('mallory')
    for (const cookie of [`theme=dark%3B%20${pair}`, `theme=${encodeURIComponent(`dark; ${pair}`)}`]) {
      expect((await ask('/', { cookie })).users).toEqual(['nobody', 'nobody', 'nobody'])
    }
  })

  test('never mixes requests that run at once', async () => {
    const names = Array.from({ length: 12 }, (_, index) => `user${index}`)
    const cookies = await Promise.all(names.map(signIn))
    const answers = await Promise.all(cookies.map((cookie) => ask('/', { cookie })))
    expect(answers.map(({ users }) => users)).toEqual(names.map((name) => [name, name, name]))
  })
})

describe("the README's auth.ts", () => {
  test('is what this app has, and its page knows who signed in by its route handler', async () => {
    const { cookies } = await ask('/api/readme', { method: 'POST' })
    expect((await ask('/readme', { cookie: cookies[0]?.split(';', 1)[0] ?? '' })).users).toEqual(['ada'])
    expect((await ask('/readme')).users).toEqual(['nobody'])
    const folder = new URL('..', import.meta.url)
    const [readme, file] = ['README.md', 'src/fixtures/app/readme-auth.ts'].map((path) =>
      readFileSync(new URL(path, folder), 'utf8'),
    )
    expect(readme).toContain(`\`\`\`ts\n${file}\`\`\`\n`)
  })
})

describe('use cache', () => {
  test('what is cached is the same for everybody, who is signed in is not', async () => {
    const ada = await ask('/cached', { cookie: await signIn('ada') })
    const bob = await ask('/cached', { cookie: await signIn('bob') })
    const nobody = await ask('/cached')
    expect([ada, bob, nobody].map(({ users }) => users)).toEqual([['ada'], ['bob'], ['nobody']])
    const shared = [ada, bob, nobody].map(({ text }) => /shared:([\d.]+)/.exec(text)?.[1])
    expect(new Set(shared).size).toBe(1)
    expect(shared[0]).toBeDefined()
  })

  test('inside of it nobody can ask who is signed in', async () => {
    const { text } = await ask('/leak', { cookie: await signIn('somebody') })
    expect(text).not.toMatch(/LEAKED|somebody/)
  })

  test('no session cookie is on any page, and pages that ask are stored nowhere', async () => {
    const cookie = await signIn('ada')
    for (const path of ['/', '/cached']) {
      const answer = await ask(path, { cookie })
      expect(answer.cookies).toEqual([])
      expect(answer.headers.get('cache-control')).toMatch(/no-store|private/)
    }
  })
})

describe('getAuth in a Server Action', () => {
  test('signs in; a redirect that is thrown after it keeps the cookie, and the same request sees it', async () => {
    const answer = await submit(0, { user: 'ada' })
    expect([answer.status, answer.headers.get('location')]).toEqual([303, '/?before=nobody&after=ada'])
    const [line = ''] = answer.cookies
    expect(line).toMatch(/^session=[\w-]+\.[\w-]+;/)
    expect(line.toLowerCase()).toMatch(/path=\/;.*httponly.*samesite=lax|samesite=lax.*httponly/)
    expect((await ask('/', { cookie: line.split(';', 1)[0] ?? '' })).users[0]).toBe('ada')
  })

  test('finds no session inside of another cookie, however that is encoded', async () => {
    const answer = await submit(0, { user: 'ada' }, { cookie: `theme=dark%3B%20${await signIn('mallory')}` })
    expect(answer.headers.get('location')).toBe('/?before=nobody&after=ada')
  })

  test('signs out: the session is gone and the cookie deleted', async () => {
    const cookie = await signIn('ada')
    const answer = await submit(1, {}, { cookie })
    expect(answer.cookies[0]).toMatch(/^session=;/)
    expect((await ask('/', { cookie })).users[0]).toBe('nobody')
  })

  test.each(['cross-site', 'same-site'])('does nothing for a form on a page that is %s', async (site) => {
    const cookie = await signIn('ada')
    const answer = await submit(1, {}, { cookie, headers: { 'sec-fetch-site': site } })
    expect(answer.cookies).toEqual([])
    expect((await ask('/', { cookie })).users[0]).toBe('ada')
  })
})

describe('route', () => {
  test.each(['', '&throw'])('a redirect after signIn keeps the cookie%s', async (how) => {
    const answer = await ask(`/api/sign-in?user=ada${how}`, { method: 'POST' })
    expect([303, 307]).toContain(answer.status)
    expect(answer.cookies).toHaveLength(1)
    expect((await ask('/', { cookie: answer.cookies[0]?.split(';', 1)[0] ?? '' })).users[0]).toBe('ada')
  })

  test('answers errors, and is no-store unless it says otherwise', async () => {
    const refused = await ask('/api/me')
    expect([refused.status, refused.headers.get('cache-control')]).toEqual([401, 'no-store'])
    const cookie = await signIn('ada')
    const answer = await ask('/api/me', { cookie })
    expect([answer.text, answer.headers.get('cache-control')]).toEqual(['{"userId":"ada"}', 'no-store'])
    expect((await ask('/api/me', { cookie, method: 'POST' })).headers.get('cache-control')).toBe('private, max-age=1')
    expect((await ask('/api/me', { method: 'POST' })).status).toBe(404)
  })

  test('refuses an unsafe request from elsewhere', async () => {
    const cookie = await signIn('ada')
    const headers = { 'sec-fetch-site': 'cross-site' }
    expect((await ask('/api/me', { cookie, method: 'DELETE', headers })).status).toBe(403)
    expect((await ask('/', { cookie })).users[0]).toBe('ada')
  })
})

describe('the endpoints of RFC 7009 and RFC 7662, as route handlers', () => {
  const insecure = { [oauth.allowInsecureRequests]: true }

  test('serve a client that others wrote', async () => {
    const server: oauth.AuthorizationServer = {
      issuer: origin,
      revocation_endpoint: `${origin}/oauth/revoke`,
      introspection_endpoint: `${origin}/oauth/introspect`,
    }
    const { access_token: token } = JSON.parse((await ask('/oauth/issue', { method: 'POST' })).text)
    const api: oauth.Client = { client_id: 'orders', introspection_signed_response_alg: 'ES256' }
    const introspect = async (requestJwtResponse: boolean) => {
      const options = { ...insecure, requestJwtResponse }
      const auth = oauth.ClientSecretBasic('secret of orders')
      const response = await oauth.introspectionRequest(server, api, auth, token, options)
      return oauth.processIntrospectionResponse(server, api, response)
    }
    const revoke = async (secret: string): Promise<void> => {
      const auth = oauth.ClientSecretBasic(secret)
      const response = await oauth.revocationRequest(server, { client_id: 'app' }, auth, token, insecure)
      return oauth.processRevocationResponse(response)
    }
    expect(await introspect(false)).toMatchObject({ active: true, sub: 'app', scope: 'profile' })
    expect(await introspect(true)).toMatchObject({ active: true, sub: 'app' })
    await expect(revoke('wrong')).rejects.toMatchObject({ cause: [{ scheme: 'basic' }] })
    await revoke('secret of app')
    expect(await introspect(false)).toEqual({ active: false })
    expect((await ask('/oauth/revoke')).status).toBe(405)
  })

  test('refuse what is no form, and what is too large', async () => {
    const post = (body: URLSearchParams | string): Promise<Response> =>
      fetch(`${origin}/oauth/revoke`, { method: 'POST', body })
    expect((await post('{"token":"x"}')).status).toBe(400)
    expect((await post(new URLSearchParams({ token: 'x'.repeat(200_000) }))).status).toBe(413)
  })
})

describe('proxy', () => {
  test('turns a stranger away, lets who is signed in pass, and is no proof for the page', async () => {
    const away = await ask('/guarded')
    expect([away.status, away.headers.get('location')]).toEqual([303, expect.stringMatching(/\/$/)])
    expect((await ask('/guarded', { cookie: await signIn('ada') })).users[0]).toBe('ada')
  })

  test.each(['', '&next', '&rewrite', '&headers'])(
    'a cookie that it sets is seen by the page of the same request, however it goes on: %s',
    async (how) => {
      const answer = await ask(`/planted?user=ada${how}`, { cookie: `theme=dark; ${await signIn('bob')}` })
      expect(answer.users).toEqual(['ada', 'ada', 'ada'])
      expect(answer.cookies).toHaveLength(1)
    },
  )

  test('an AuthError in it is an answer', async () => {
    expect((await ask('/denied')).status).toBe(401)
  })

  test.each([
    ['x-middleware-subrequest', 'proxy:proxy:proxy:proxy:proxy'],
    ['x-middleware-subrequest', 'src/middleware:src/middleware:src/middleware:src/middleware:src/middleware'],
    ['x-middleware-rewrite', '/'],
    ['x-middleware-next', '1'],
    ['x-middleware-override-headers', 'cookie'],
    ['x-middleware-request-cookie', 'session=x'],
    ['x-nextjs-data', '1'],
    ['x-forwarded-host', 'elsewhere.example'],
    ['next-router-prefetch', '1'],
  ])('is not got round by the header %s: %s', async (name, value) => {
    const answer = await ask('/denied', { headers: { [name]: value } })
    expect(answer.status).toBe(401)
    expect((await ask('/', { headers: { [name]: value } })).users.every((user) => user === 'nobody')).toBe(true)
  })

  test.each(['/DENIED', '//denied', '/denied/', '/%64enied', '/./denied', '/x/../denied'])(
    'is not got round by the path %s',
    async (path) => {
      expect((await ask(path)).users).not.toContain('ada')
      expect([200]).not.toContain((await ask(path)).status)
    },
  )
})

describe('where a request is from', () => {
  const from = (headers: Record<string, string>) => ask('/api/address', { headers })

  test('Next says it where nobody else does, and lets a client say it instead', async () => {
    expect(JSON.parse((await from({})).text)).toMatch(/^(::1|(::ffff:)?127\.0\.0\.1)$/)
    expect((await from({ 'x-forwarded-for': '198.51.100.7' })).text).toBe('"198.51.100.7"')
  })
})

describe.each([
  ['next dev', startDevelopment],
  ['the standalone output', startStandalone],
] as const)('in %s', (_, start) => {
  test('components, actions and routes know who is signed in, and routes where a request is from', async () => {
    const other = await start()
    const built = origin
    ;({ origin } = other)
    try {
      const { cookies } = await submit(0, { user: 'ada' })
      const cookie = cookies[0]?.split(';', 1)[0] ?? ''
      expect((await ask('/', { cookie })).users[0]).toBe('ada')
      expect((await ask('/api/me', { cookie })).text).toBe('{"userId":"ada"}')
      expect((await ask('/denied')).status).toBe(401)
      expect((await ask('/')).users[0]).toBe('nobody')
      const { text: address } = await ask('/api/address', { headers: { 'x-forwarded-for': '198.51.100.7' } })
      expect(JSON.parse(address), 'written by instrumentation.ts').toMatch(/^(::1|(::ffff:)?127\.0\.0\.1)$/)
    } finally {
      origin = built
      await other.stop()
    }
  }, 90_000)
})
