import { describe, expect, test } from 'vitest'
import type { AuthEvent } from '../events.js'
import { createSessions } from '../session/sessions.js'
import { memoryStore } from '../store/memory-store.js'
import { createAuthenticator } from './authenticator.js'
import type { RequestAuth } from './request-auth.js'

const origin = 'https://app.example'
const dead = '__Host-session=dead'
const events: AuthEvent[] = []
const data = { initial: {}, parse: (stored: unknown) => stored as object }
const sessions = createSessions({ store: memoryStore(), data })
const authenticator = createAuthenticator({
  origin,
  sessions,
  trustedOrigins: ['https://admin.example'],
  onEvent: (event) => events.push(event),
})

type Do = (auth: RequestAuth<object>) => Promise<unknown>
const read: Do = (auth) => auth.session()
const begin: Do = (auth) => auth.beginLogin(null)
const save: Do = (auth) => auth.updateData((data) => data)
const leave: Do = (auth) => auth.signOut()

async function status(method: string, headers: Record<string, string>, run: Do): Promise<number> {
  const answer = await authenticator.respond(new Request(origin, { method, headers }), async (auth) => {
    await run(auth)
    return new Response('ok')
  })
  return answer.status
}

describe('an unsafe request that carries our cookie', () => {
  test.each([
    ['sec-fetch-site same-origin', { 'sec-fetch-site': 'same-origin' }, 200],
    ['sec-fetch-site none', { 'sec-fetch-site': 'none' }, 200],
    ['sec-fetch-site same-site', { 'sec-fetch-site': 'same-site' }, 403],
    ['sec-fetch-site cross-site', { 'sec-fetch-site': 'cross-site' }, 403],
    ['sec-fetch-site cross-site that claims our origin', { 'sec-fetch-site': 'cross-site', origin }, 403],
    [
      'sec-fetch-site cross-site from a trusted origin',
      { 'sec-fetch-site': 'cross-site', origin: 'https://admin.example' },
      200,
    ],
    [
      'sec-fetch-site cross-site from a stranger',
      { 'sec-fetch-site': 'cross-site', origin: 'https://evil.example' },
      403,
    ],
    ['an unknown sec-fetch-site', { 'sec-fetch-site': 'same-origin, cross-site' }, 403],
    ['our origin', { origin }, 200],
    ['a trusted origin', { origin: 'https://admin.example' }, 200],
    ['a null origin', { origin: 'null' }, 403],
    ['our host on another port', { origin: `${origin}:8443` }, 403],
    ['our host on http', { origin: 'http://app.example' }, 403],
    ['a longer host', { origin: `${origin}.evil.example` }, 403],
    ['neither header', {}, 403],
  ] as [string, Record<string, string>, number][])('with %s', async (_, headers, expected) => {
    for (const method of ['POST', 'PUT', 'PATCH', 'DELETE']) {
      expect(await status(method, { ...headers, cookie: dead }, read)).toBe(expected)
      expect(await status(method, { ...headers, cookie: '__Host-anonymous=x' }, read)).toBe(expected)
    }
  })
})

describe('an unsafe request without our cookie', () => {
  test.each([
    ['cross-site', { 'sec-fetch-site': 'cross-site' }],
    ['from a stranger', { origin: 'https://evil.example' }],
  ])('%s may not be given one', async (_, headers) => {
    expect(await status('POST', headers, begin)).toBe(403)
    expect(await status('POST', headers, save)).toBe(403)
  })

  test.each(['POST', 'PUT'])('by %s is signed in nowhere, whoever began the attempt', async (method) => {
    const answer = new Headers()
    const headers = new Headers({ 'sec-fetch-site': 'cross-site' })
    const attempt = await sessions.beginLogin('ann')
    const signingIn = authenticator.bind({ method, url: '/', headers }, answer).signIn(attempt)
    await expect(signingIn).rejects.toMatchObject({ code: 'csrf_rejected' })
    expect([answer.getSetCookie(), await sessions.list('ann')]).toEqual([[], []])
  })

  test('with neither header is no browser, and passes', async () => {
    expect(await status('POST', {}, begin)).toBe(200)
    expect(await status('PUT', {}, save)).toBe(200)
  })

  test('is answered as it would be anyway where none would be set', async () => {
    expect(await status('POST', { 'sec-fetch-site': 'cross-site' }, read)).toBe(200)
    expect(await status('POST', { 'sec-fetch-site': 'cross-site' }, leave)).toBe(200)
  })
})

describe('a safe request', () => {
  test.each(['GET', 'HEAD'])('with %s may come from anywhere', async (method) => {
    expect(await status(method, { cookie: dead, 'sec-fetch-site': 'cross-site' }, read)).toBe(200)
  })
})

describe('an upgrade to a WebSocket (RFC 6455 §10.2)', () => {
  const upgrade = { upgrade: 'websocket', connection: 'Upgrade', cookie: dead }
  test.each([
    ['our origin', { origin }, 200],
    ['another site', { origin: 'https://evil.example' }, 403],
    ['no origin at all', {}, 403],
  ] as [string, Record<string, string>, number][])('from %s', async (_, headers, expected) => {
    const view = new Map(Object.entries({ ...upgrade, ...headers }))
    const auth = authenticator.bindReadonly({
      method: 'GET',
      url: '/socket',
      headers: { get: (name) => view.get(name) ?? null },
    })
    const answer = await auth.session().then(
      () => 200,
      (error: { status: number }) => error.status,
    )
    expect(answer).toBe(expected)
  })
})

describe('a refused request', () => {
  test('is told to the audit stream', async () => {
    events.length = 0
    await status('POST', { cookie: dead, origin: 'https://evil.example' }, read)
    expect(events).toMatchObject([{ type: 'csrf.rejected', reason: 'origin' }])
  })
})
