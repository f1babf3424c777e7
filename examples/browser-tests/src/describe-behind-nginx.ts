/** An app behind a reverse proxy that ends TLS: whose word about the visitor counts. */
import { request } from 'node:http'
import { text } from 'node:stream/consumers'
import {
  type AppCommand,
  type AppProcess,
  type AppStarter,
  createStarter,
  newEmail,
  newPassword,
} from '@tessera-auth/reference-suite'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { hasNginx, type Nginx, nginxPath, startNginx } from './nginx.ts'

const origin = 'https://app.example'

interface Answer {
  readonly status: number | undefined
  readonly headers: NodeJS.Dict<string | string[]>
  readonly text: string
}

interface Sent {
  readonly json?: unknown
  readonly headers?: Readonly<Record<string, string>>
  /** The visitor's address; every one of 127.0.0.0/8 is this machine. */
  readonly from?: string
}

/** Registers the suite. Without nginx that is said; with `CI=true` it fails. */
export function describeBehindNginx(name: string, command: AppCommand): void {
  if (hasNginx) return register(name, command)
  const title = `${name} BEHIND A PROXY IS NOT RUN: install nginx; not found: ${nginxPath}`
  if (process.env['CI']) test(title, () => expect.fail(title))
  else test.skip(title, () => {})
}

function register(name: string, command: AppCommand): void {
  describe(`${name} behind nginx`, () => {
    let starter: AppStarter
    beforeAll(() => {
      starter = createStarter(command)
    })
    afterAll(() => starter.clear())

    describeTrusted(() => starter)
    describeUntrusted(() => starter)
  })
}

/** An app with a proxy before it, for the tests of one suite. */
function withProxy(starter: () => AppStarter, settings: Readonly<Record<string, string>>) {
  let app: AppProcess
  let proxy: Nginx
  beforeAll(async () => {
    app = await starter().start({ ORIGIN: origin, IDP_ISSUER: '', IDP_CLIENT_ID: '', ...settings })
    proxy = await startNginx(app.address)
  })
  afterAll(async () => {
    await proxy?.stop()
    await app?.stop()
  })
  return (method: string, path: string, sent: Sent = {}) => ask(proxy.port, { method, path, ...sent })
}

type Visit = ReturnType<typeof withProxy>

function describeTrusted(starter: () => AppStarter): void {
  describe('that is trusted', () => {
    const visit = withProxy(starter, { TRUST_PROXY: '127.0.0.1,::1' })

    test('a cookie is __Host- and Secure, as the visitor’s own connection is', async () => {
      const { headers } = await signUp(visit)
      expect(headers['set-cookie']?.[0]).toMatch(/^__Host-session=.*; Secure/)
    })

    test('forged forwarding headers change neither where a redirect goes nor what a cookie is', async () => {
      const headers = {
        'x-forwarded-host': 'elsewhere.example',
        'x-forwarded-proto': 'http',
        forwarded: 'host=elsewhere.example',
      }
      const { location = '' } = (await visit('GET', '/auth/oauth/idp', { headers })).headers
      expect(new URL(String(location)).searchParams.get('redirect_uri')).toBe(`${origin}/auth/oauth/idp/callback`)
      const { headers: answered } = await signUp(visit, headers)
      expect(answered['set-cookie']?.[0]).toMatch(/^__Host-session=.*; Secure/)
    })

    test('guesses are counted for the visitor’s address, not for the proxy’s', async () => {
      const account = await newAccount(visit)
      await guess(visit, account.email, { from: '127.0.0.2' })
      expect((await signIn(visit, account, { from: '127.0.0.2' })).status).toBe(429)
      expect((await signIn(visit, account, { from: '127.0.0.3' })).status).toBe(200)
    })

    test('an address that a visitor makes up is not believed', async () => {
      const account = await newAccount(visit)
      for (let times = 0; times < 10; times += 1) {
        const headers = { 'x-forwarded-for': `203.0.113.${times}` }
        await signIn(visit, { ...account, password: 'wrong' }, { from: '127.0.0.4', headers })
      }
      const headers = { 'x-forwarded-for': '203.0.113.77' }
      expect((await signIn(visit, account, { from: '127.0.0.4', headers })).status).toBe(429)
    })
  })
}

function describeUntrusted(starter: () => AppStarter): void {
  describe('that is not trusted', () => {
    const visit = withProxy(starter, {})

    test('what it says of an address is not believed: all visitors are one', async () => {
      const account = await newAccount(visit)
      await guess(visit, account.email, { from: '127.0.0.2' })
      expect((await signIn(visit, account, { from: '127.0.0.3' })).status).toBe(429)
    })
  })
}

function signUp(visit: Visit, headers: Readonly<Record<string, string>> = {}): Promise<Answer> {
  return visit('POST', '/auth/sign-up', { json: { email: newEmail(), password: newPassword() }, headers })
}

async function newAccount(visit: Visit): Promise<{ email: string; password: string }> {
  const account = { email: newEmail(), password: newPassword() }
  expect((await visit('POST', '/auth/sign-up', { json: account, from: '127.0.0.9' })).status).toBe(201)
  return account
}

function signIn(visit: Visit, account: { email: string; password: string }, sent: Sent): Promise<Answer> {
  return visit('POST', '/auth/sign-in', { ...sent, json: account })
}

/** As often as one account may be guessed from one address. */
async function guess(visit: Visit, email: string, sent: Sent): Promise<void> {
  for (let times = 0; times < 10; times += 1) {
    expect((await signIn(visit, { email, password: 'wrong' }, sent)).status).toBe(401)
  }
}

async function ask(
  port: number,
  { method, path, json, headers, from = '127.0.0.1' }: Sent & { method: string; path: string },
): Promise<Answer> {
  const body = json === undefined ? undefined : JSON.stringify(json)
  const sent = request({
    host: '127.0.0.1',
    port,
    method,
    path,
    localAddress: from,
    headers: {
      host: 'app.example',
      'sec-fetch-site': 'same-origin',
      ...(body === undefined ? {} : { 'content-type': 'application/json', 'content-length': Buffer.byteLength(body) }),
      ...headers,
    },
  })
  return new Promise((resolve, reject) => {
    sent.once('error', reject)
    sent.once('response', async (response) => {
      resolve({ status: response.statusCode, headers: response.headers, text: await text(response) })
    })
    sent.end(body)
  })
}
