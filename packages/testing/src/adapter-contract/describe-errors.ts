/** What stops a request, and how it is answered. */
import { describe, expect, test } from 'vitest'
import { foreignError } from './adapter-routes.js'
import { type AdapterWorld, browserOf, cookiesOf, origin } from './adapter-world.js'

/** Registers the suites of error answers and of the CSRF guard. */
export function describeErrors(world: AdapterWorld): void {
  describeAnswers(world)
  describeGuard(world)
}

function describeAnswers(world: AdapterWorld): void {
  const { url, faults } = world

  describe('an error', () => {
    test('of ours is answered with its status and a JSON body', async () => {
      const response = await fetch(url('/me'))
      expect(response.status).toBe(401)
      expect(response.headers.get('content-type')).toMatch(/^application\/json\b/)
      expect(await response.json()).toEqual({ error: { code: 'unauthenticated', message: 'Sign in first.' } })
    })

    test('of ours answers HEAD without a body', async () => {
      const response = await fetch(url('/me'), { method: 'HEAD' })
      expect(response.status).toBe(401)
      expect(await response.text()).toBe('')
    })

    test('that the app made is not passed off as one of ours', async () => {
      const response = await fetch(url('/foreign-error'), { headers: { accept: 'application/json' } })
      expect(response.status).toBe(500)
      expect(await response.text()).not.toContain(foreignError)
    })

    test('of a store that is down is 503 with Retry-After, keeps the cookie, and passes', async () => {
      const browser = await browserOf(world, 'user-4')
      const response = await faults.whileDown(() => fetch(url('/me'), { headers: browser }))
      expect(response.status).toBe(503)
      expect(response.headers.get('retry-after')).toMatch(/^\d+$/)
      expect(cookiesOf(response)).toEqual([])
      expect(JSON.stringify(await response.json())).toContain('unavailable')
      expect((await fetch(url('/me'), { headers: browser })).status).toBe(200)
    })

    test('of a store that is down does not reach a route that does not ask', async () => {
      const headers = await browserOf(world, 'user-5')
      expect((await faults.whileDown(() => fetch(url('/untouched'), { headers }))).status).toBe(200)
    })
  })
}

function describeGuard(world: AdapterWorld): void {
  const signOut = (headers: Record<string, string>): Promise<Response> =>
    fetch(world.url('/sign-out'), { method: 'POST', headers })

  describe('the CSRF guard', () => {
    test('lets pass what comes from the app’s own pages', async () => {
      expect((await signOut(await browserOf(world, 'user-6'))).status).toBe(200)
    })

    test.each([
      ['another site', { 'sec-fetch-site': 'cross-site' }],
      ['another site that names our origin', { 'sec-fetch-site': 'cross-site', origin }],
      ['another origin', { origin: 'https://evil.example' }],
      ['an origin that is none', { origin: 'null' }],
      ['neither header', {}],
    ] as [string, Record<string, string>][])('refuses an unsafe request with our cookie from %s', async (_, from) => {
      const { cookie = '' } = await browserOf(world, 'user-7')
      const response = await signOut({ cookie, ...from })
      expect(response.status).toBe(403)
      expect(await response.json()).toMatchObject({ error: { code: 'csrf_rejected' } })
      expect((await fetch(world.url('/me'), { headers: { cookie } })).status).toBe(200)
    })

    test('does not take the address of the request for its own origin', async () => {
      const { cookie = '' } = await browserOf(world, 'user-8')
      expect((await signOut({ cookie, origin: new URL(world.url('/')).origin })).status).toBe(403)
    })
  })
}
