import { randomBytes } from 'node:crypto'
import { memoryStore } from '@tessera-auth/core'
import { describe, expect, test } from 'vitest'
import { listen } from '../listen.ts'
import { ordersApp } from '../service-to-service/orders.ts'
import { deliveryApp } from './deliver-tokens.ts'

const own = { 'content-type': 'application/json', 'sec-fetch-site': 'same-origin' }
const right = { user: 'user-1', password: 'right' }

async function start() {
  const orders: { app?: ReturnType<typeof ordersApp>; issuer: string } = { issuer: '' }
  const ordersUrl = await listen((url) => (request, response) => {
    orders.app ??= ordersApp({ issuer: orders.issuer, audience: url })
    orders.app(request, response)
  })
  const url = await listen((origin) =>
    deliveryApp({
      shared: { store: memoryStore(), secrets: [randomBytes(32).toString('base64url')], origin },
      ordersUrl,
      userIdOf: (body) => (body as { user?: string }).user ?? null,
      check: async (body) => ((body as { password?: string }).password === 'right' ? 'user-1' : null),
    }),
  )
  orders.issuer = url
  const post = (path: string, body: unknown, headers: Record<string, string> = own) =>
    fetch(`${url}${path}`, { method: 'POST', body: JSON.stringify(body), headers })
  const bearer = (token: string) => ({ ...own, authorization: `Bearer ${token}` })
  return { url, post, bearer }
}

type Pair = { access_token: string; refresh_token: string }

describe('a browser on our own site', () => {
  test('gets a cookie and no token', async () => {
    const { url, post } = await start()
    const signedIn = await post('/sign-in', right)
    expect([signedIn.status, await signedIn.text()]).toEqual([204, ''])
    const [line = ''] = signedIn.headers.getSetCookie()
    expect(line).toMatch(/HttpOnly/)
    const cookie = line.split(';')[0] ?? ''
    expect(await (await fetch(`${url}/cart`, { headers: { cookie } })).json()).toEqual({ of: 'user-1' })
  })

  test('is not let in with wrong credentials', async () => {
    const { post } = await start()
    const refused = await post('/sign-in', { user: 'user-1', password: 'wrong' })
    expect([refused.status, refused.headers.getSetCookie()]).toEqual([401, []])
  })
})

describe('a backend for the frontend', () => {
  test('calls the other API for the browser, which never sees the token', async () => {
    const { url, post } = await start()
    const cookie = (await post('/sign-in', right)).headers.getSetCookie()[0]?.split(';')[0] ?? ''
    const answer = await fetch(`${url}/orders`, { headers: { cookie } })
    const text = await answer.text()
    expect([answer.status, JSON.parse(text)]).toMatchObject([200, { orders: ['a', 'b'] }])
    expect(text + JSON.stringify([...answer.headers])).not.toMatch(/eyJ/)
  })
})

describe('a native app', () => {
  test('gets a pair, refreshes it, and its API takes no cookie for it', async () => {
    const { url, post, bearer } = await start()
    const pair = (await (await post('/token', right)).json()) as Pair
    expect(await (await fetch(`${url}/api/cart`, { headers: bearer(pair.access_token) })).json()).toEqual({
      of: 'user-1',
    })
    const refreshed = await post('/token/refresh', { refresh_token: pair.refresh_token })
    expect(refreshed.status).toBe(200)
    const cookie = (await post('/sign-in', right)).headers.getSetCookie()[0]?.split(';')[0] ?? ''
    expect((await fetch(`${url}/api/cart`, { headers: { cookie } })).status).toBe(401)
  })

  test('"sign out everywhere" ends the pair at once', async () => {
    const { url, post, bearer } = await start()
    const pair = (await (await post('/token', right)).json()) as Pair
    await post('/sign-out-everywhere', {}, bearer(pair.access_token))
    expect((await fetch(`${url}/api/cart`, { headers: bearer(pair.access_token) })).status).toBe(401)
    const refused = await post('/token/refresh', { refresh_token: pair.refresh_token })
    expect([refused.status, await refused.json()]).toMatchObject([400, { error: 'invalid_grant' }])
  })

  test.each([undefined, null, 7, '', 'x', { a: 1 }])(
    'a refresh with %j is refused in the form of RFC 6749',
    async (refresh_token) => {
      const { post } = await start()
      const refused = await post('/token/refresh', { refresh_token })
      const body = (await refused.json()) as { error: string }
      expect([refused.status, typeof body.error]).toEqual([400, 'string'])
    },
  )
})
