import { createServer, type Server } from 'node:http'
import { type AddressInfo, connect } from 'node:net'
import { memoryStore, oidc, type AuthEvent } from '@tessera-auth/core'
import { loginAs, testPlatform } from '@tessera-auth/testing'
import fc from 'fast-check'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { buildApp, type BuiltApp } from './app.ts'
import { readConfig } from './config.ts'
import { openDatabase } from './database.ts'
import { createUsers, newUserId, type Users } from './users.ts'

const config = readConfig({ ORIGIN: 'http://app.localhost' })
const platform = testPlatform()
const events: AuthEvent[] = []
let built: BuiltApp
let users: Users
let server: Server
let port = 0
let userId = ''

beforeAll(async () => {
  users = createUsers(await openDatabase({ engine: 'sqlite', location: ':memory:' }))
  await users.migrate()
  userId = newUserId()
  await users.create({ id: userId, email: 'ada@example.com', emailVerified: true, passwordHash: 'a hash' })
  const store = memoryStore({ platform })
  const secrets = ['canary secret, thirty-two characters or more']
  const provider = oidc({ name: 'idp', issuer: 'https://id.example', clientId: 'app' })
  const shared = { store, secrets, origin: config.origin, platform, onEvent: (event: AuthEvent) => events.push(event) }
  built = buildApp({ shared, users, config, provider })
  server = createServer(built.app)
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  port = (server.address() as AddressInfo).port
})
afterAll(() => void server.close())

describe('the app, whatever headers it is sent', () => {
  test('answers 10,000 requests with hostile cookies and headers by less than 500, and nobody is signed out', async () => {
    const login = await loginAs(built.services.authenticator, userId)
    const good = login.headers.cookie
    const seed = Math.trunc(Math.random() * 2 ** 31)
    const requests = fc.sample(hostileRequest(good), { numRuns: 10_000, seed })
    const statuses: number[] = []
    for (let from = 0; from < requests.length; from += 500) {
      statuses.push(...(await pipeline(requests.slice(from, from + 500))))
    }
    expect(statuses, `seed ${seed}`).toHaveLength(10_000)
    expect(
      statuses.findIndex((status) => status >= 500),
      `seed ${seed}`,
    ).toBe(-1)
    expect((await get('/me', login.headers)).status).toBe(200)
    expect(JSON.stringify(events)).not.toContain(good.split('.')[1])
  })
})

describe('the app, as time goes by', () => {
  test('signs out who was idle for a week, and tells nobody a new cookie before', async () => {
    const { headers } = await loginAs(built.services.authenticator, userId)
    platform.advance(604_799)
    const renewed = await get('/me', headers)
    expect([renewed.status, renewed.headers.getSetCookie()]).toEqual([200, []])
    platform.advance(604_801)
    expect((await get('/me', headers)).status).toBe(401)
  })
})

describe('a password change that was cut short', () => {
  test('ends every login when the app is started again', async () => {
    const user = await users.byId(userId)
    const { headers } = await loginAs(built.services.authenticator, userId)
    if (user) await users.changeHash(user, 'another hash')
    expect((await get('/me', headers)).status).toBe(200)
    await built.services.accounts.finishEndings()
    expect((await get('/me', headers)).status).toBe(401)
    expect(await users.unended()).toEqual([])
  })

  test('by a rotation that was refused has ended every login: who signs in anew stays', async () => {
    const { sessions, accounts, authenticator } = built.services
    const [password, newPassword] = ['correct horse battery', 'another horse battery']
    const signedUp = await post('/page/sign-up', { email: 'cut@example.com', password })
    const cookie = signedUp.headers.getSetCookie()[0]?.split(';')[0] ?? ''
    const request = new Request(config.origin, { headers: { cookie, 'sec-fetch-site': 'same-origin' } })
    const [auth, other] = [authenticator.bind(request, new Headers()), authenticator.bind(request, new Headers())]
    const { user } = await accounts.whoami(auth)
    await accounts.reauthenticate({ auth: other, body: { password }, address: '::1' })
    const change = accounts.changePassword({ auth, body: { currentPassword: password, newPassword }, address: '::1' })
    await expect(change).rejects.toMatchObject({ code: 'unauthenticated' })
    expect((await users.byId(user.id))?.passwordHash).not.toBe(user.passwordHash)
    expect(await sessions.list(user.id)).toEqual([])
    expect(await users.unended()).toEqual([])
  })
})

describe('the pages', () => {
  test('allow no script, no frame and no other origin', async () => {
    const { headers } = await get('/')
    const policy = headers.get('content-security-policy') ?? ''
    expect(policy).toContain("default-src 'none'")
    expect(policy).toContain("frame-ancestors 'none'")
    expect(policy).not.toMatch(/script-src|unsafe/)
    expect(headers.get('x-content-type-options')).toBe('nosniff')
    expect(headers.get('referrer-policy')).toBe('same-origin')
    expect(headers.get('x-powered-by')).toBeNull()
  })

  test('take forms, come back to the page, and say at the form what was wrong', async () => {
    const signUp = (form: Record<string, string>): Promise<Response> => post('/page/sign-up', form)
    const weak = await signUp({ email: '"><b>@example.com', password: 'short' })
    expect(weak.status).toBe(422)
    expect(await weak.text()).toContain('value="&quot;&gt;&lt;b&gt;@example.com"')
    const short = await signUp({ email: 'form@example.com', password: 'short' })
    expect([short.status, await short.text()]).toEqual([422, expect.stringContaining('at least 8 characters')])
    const done = await signUp({ email: 'form@example.com', password: 'correct horse battery' })
    expect([done.status, done.headers.get('location')]).toEqual([303, '/'])
    const [cookie = ''] = done.headers.getSetCookie()
    const home = await (await get('/', { cookie: cookie.split(';')[0] ?? '' })).text()
    expect(home).toContain('form@example.com')
  })

  test('remember only whose box was ticked', async () => {
    const fields = { email: 'form@example.com', password: 'correct horse battery' }
    const [ticked, unticked] = [
      await post('/page/sign-in', { ...fields, remember: 'on' }),
      await post('/page/sign-in', fields),
    ]
    expect(ticked.headers.getSetCookie()[0]).toContain('Max-Age=')
    expect(unticked.headers.getSetCookie()[0]).not.toContain('Max-Age=')
  })

  test('refuse forms of another site, with a page', async () => {
    const { headers } = await loginAs(built.services.authenticator, userId)
    for (const path of [
      '/page/sign-out',
      '/page/delete-account',
      '/page/sessions/end-others',
      '/page/sessions/x/end',
    ]) {
      const answer = await post(path, {}, { cookie: headers.cookie, 'sec-fetch-site': 'cross-site' })
      expect([answer.status, answer.headers.get('content-type')]).toEqual([403, expect.stringContaining('html')])
    }
    expect((await get('/me', headers)).status).toBe(200)
  })

  test('take no JSON, as the JSON routes take no forms', async () => {
    const init = { method: 'POST', headers: { 'content-type': 'application/json', 'sec-fetch-site': 'same-origin' } }
    expect((await fetch(at('/page/sign-in'), { ...init, body: '{}' })).status).toBe(415)
  })
})

const at = (path: string): string => `http://127.0.0.1:${port}${path}`

function get(path: string, headers: Readonly<Record<string, string>> = {}): Promise<Response> {
  return fetch(at(path), { headers })
}

function post(path: string, form: Record<string, string>, headers: Record<string, string> = {}): Promise<Response> {
  return fetch(at(path), {
    method: 'POST',
    redirect: 'manual',
    headers: { 'sec-fetch-site': 'same-origin', ...headers },
    body: new URLSearchParams(form),
  })
}

interface HostileRequest {
  readonly line: string
  readonly headers: Readonly<Record<string, string>>
}

function hostileRequest(good: string): fc.Arbitrary<HostileRequest> {
  const text = fc.string({
    unit: fc
      .integer({ min: 0x20, max: 0xff })
      .filter((code) => code !== 0x7f)
      .map((code) => String.fromCharCode(code)),
    maxLength: 120,
  })
  const token = fc.oneof(
    text,
    fc.constantFrom(`${good.slice(8)}x`, good.slice(8, 30), `${good.slice(8, 30)}.x`, '.', '..', ''),
  )
  const pair = fc.tuple(fc.constantFrom('session', 'anonymous', '__Host-session', 'oauth-x', ' session', ''), token)
  const cookie = fc
    .array(
      pair.map((parts) => parts.join('=')),
      { maxLength: 12 },
    )
    .map((pairs) => pairs.join('; '))
  const line = fc.constantFrom(
    ...[
      'GET /me',
      'GET /cart',
      'GET /',
      'GET /api/profile',
      'GET /sessions',
      'GET /auth/oauth/idp/callback?code=x&state=y',
    ],
    ...[
      'POST /auth/sign-out',
      'DELETE /sessions',
      'POST /auth/token/introspect',
      'POST /auth/token/refresh',
      'PUT /cart',
    ],
  )
  const scheme = fc.constantFrom('Bearer ', 'Basic ', 'bearer', '')
  const headers = fc.record(
    {
      cookie: fc.oneof(cookie, text),
      authorization: fc.tuple(scheme, token).map((parts) => parts.join('')),
      origin: fc.oneof(text, fc.constantFrom(config.origin, 'null')),
      'sec-fetch-site': fc.oneof(text, fc.constantFrom('same-origin', 'none', 'cross-site')),
      'if-match': text,
      accept: text,
      'user-agent': text,
      'content-type': fc.oneof(text, fc.constantFrom('application/json', 'application/x-www-form-urlencoded')),
    },
    { requiredKeys: [] },
  )
  return fc.record({ line, headers })
}

/** Sends requests down one connection; the status of each answer. */
function pipeline(requests: readonly HostileRequest[]): Promise<number[]> {
  const texts = requests.map(({ line, headers }, index) => {
    const fields = Object.entries(headers).map(([name, value]) => `${name}: ${value.trim()}`)
    const end = index === requests.length - 1 ? ['connection: close'] : []
    return [`${line} HTTP/1.1`, 'host: app.localhost', 'content-length: 0', ...fields, ...end, '', ''].join('\r\n')
  })
  return new Promise((resolve, reject) => {
    let received = ''
    const socket = connect(port, '127.0.0.1', () => socket.write(texts.join(''), 'latin1'))
    socket.setEncoding('latin1')
    socket.on('data', (chunk: string) => (received += chunk))
    socket.on('end', () =>
      resolve(Array.from(received.matchAll(/HTTP\/1\.1 (\d{3}) /g), ([, status]) => Number(status))),
    )
    socket.on('error', reject)
  })
}
