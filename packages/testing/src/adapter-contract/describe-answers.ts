/** What an answer carries: our cookies beside the app's, and who may keep it. */
import { describe, expect, test } from 'vitest'
import { type AdapterWorld, browserOf, cookiesOf, origin } from './adapter-world.js'

/** Registers the suites of Set-Cookie and Cache-Control. */
export function describeAnswers(world: AdapterWorld): void {
  describeCookies(world)
  describeCaching(world)
}

function describeCookies(world: AdapterWorld): void {
  const post = (path: string, headers: Record<string, string> = { origin }): Promise<Response> =>
    fetch(world.url(path), { method: 'POST', headers })

  describe('Set-Cookie', () => {
    test('is sent by a sign-in, once, and the cookie signs in', async () => {
      const cookies = cookiesOf(await post('/sign-in'))
      expect(cookies).toHaveLength(1)
      const me = await fetch(world.url('/me'), { headers: { cookie: cookies.join('; ') } })
      expect(await me.json()).toEqual({ id: 'user-1' })
    })

    test('is appended to what the app sets itself, and replaces nothing', async () => {
      const cookies = cookiesOf(await post('/sign-in-with-own-cookie'))
      expect(cookies).toHaveLength(2)
      expect(cookies.filter((cookie) => cookie === 'theme=dark')).toHaveLength(1)
      expect(cookies.filter((cookie) => cookie.startsWith('session='))).toHaveLength(1)
    })

    test('deletes the cookie at sign-out, and the session is dead', async () => {
      const browser = await browserOf(world, 'user-2')
      const response = await post('/sign-out', browser)
      expect(response.headers.getSetCookie()).toEqual([
        expect.stringMatching(/^session=; Max-Age=0; Path=\/; HttpOnly/),
      ])
      expect((await fetch(world.url('/me'), { headers: browser })).status).toBe(401)
    })

    test('is not sent by an answer that only reads', async () => {
      const response = await fetch(world.url('/me'), { headers: await browserOf(world, 'user-3') })
      expect(response.status).toBe(200)
      expect(response.headers.getSetCookie()).toEqual([])
    })

    test('is not sent for a cookie that is no longer good', async () => {
      const response = await fetch(world.url('/maybe'), { headers: { cookie: 'session=no.longer' } })
      expect(await response.json()).toEqual({ id: null })
      expect(response.headers.getSetCookie()).toEqual([])
    })

    test('outlives an error that comes after it: the session was made', async () => {
      const response = await post('/sign-in-then-fail')
      expect(response.status).toBe(409)
      expect(cookiesOf(response)).toHaveLength(1)
    })

    test('that comes after the answer is an error, not a loss', async () => {
      const headers = { origin, 'x-door': crypto.randomUUID() }
      expect((await post('/answer-first', headers)).status).toBe(200)
      const later = await post('/sign-in-after-it', headers)
      expect(await later.json()).toEqual({ outcome: 'ERR_HTTP_HEADERS_SENT' })
    })
  })
}

function describeCaching({ url }: AdapterWorld): void {
  describe('Cache-Control', () => {
    test('is no-store where the route asked who it is, signed in or not', async () => {
      const response = await fetch(url('/maybe'))
      expect(response.headers.get('cache-control')).toBe('no-store')
    })

    test('is the app’s own where the app sets one', async () => {
      const response = await fetch(url('/cached'))
      expect(response.headers.get('cache-control')).toBe('private, max-age=60')
    })

    test('is left alone where the route did not ask', async () => {
      const response = await fetch(url('/untouched'))
      expect(await response.json()).toEqual({ untouched: true })
      expect(response.headers.get('cache-control')).not.toBe('no-store')
    })

    test('is no-store on an error', async () => {
      expect((await fetch(url('/me'))).headers.get('cache-control')).toBe('no-store')
    })
  })
}
