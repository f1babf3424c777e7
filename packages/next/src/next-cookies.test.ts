import { createAuthenticator, createSessions, memoryStore } from '@tessera-auth/core'
import { loginAs } from '@tessera-auth/testing'
import { NextRequest } from 'next/server.js'
import { describe, expect, test } from 'vitest'
import { withCookies } from './next-cookies.js'

const origin = 'http://localhost'

/** A request as Next has it: its headers, and the store of its cookies, in which values are decoded. */
function requestWith(cookie: string) {
  const headers = new Headers({ cookie })
  const { cookies } = new NextRequest(origin, { headers })
  return { cookies, header: () => withCookies(headers, cookies).get('cookie') ?? '' }
}

describe('withCookies', () => {
  test('a cookie that holds an encoded semicolon begins no other one', async () => {
    const authenticator = createAuthenticator({ origin, sessions: createSessions({ store: memoryStore() }) })
    const { headers } = await loginAs(authenticator, 'mallory')
    const given = new Headers({ cookie: `theme=dark%3B%20${headers.cookie}` })
    const { cookies } = new NextRequest(origin, { headers: given })
    const view = { method: 'GET', url: '/', headers: withCookies(given, cookies) }
    expect(await authenticator.bindReadonly(view).session()).toBeNull()
  })

  test.each(['%3B', '%20', '%2C', '%22', '%5C', '%0D', '%0A', '%00', '%7F', '%C3%A9', '%E2%80%A8'])(
    'a value that holds %s is left as the browser sent it',
    (octet) => {
      expect(requestWith(`theme=a${octet}session=x`).header()).toBe(`theme=a${octet}session=x`)
    },
  )

  test('a value of cookie octets that this request set is seen, whichever they are', () => {
    const octets = Array.from({ length: 94 }, (_, index) => String.fromCharCode(33 + index)).join('')
    const value = octets.replaceAll(/[",;\\]/g, '')
    const { cookies, header } = requestWith('theme=dark')
    cookies.set('session', value)
    expect(header()).toBe(`theme=dark; theme=dark; session=${value}`)
  })

  test('a name that an app made up begins no other cookie either', () => {
    const { cookies, header } = requestWith('theme=dark')
    cookies.set('a; session', 'x')
    expect(header()).toBe('theme=dark; theme=dark')
  })

  test('of twins that the browser sent both stay', () => {
    expect(requestWith('session=one; session=other').header()).toContain('session=one; session=other')
  })

  test('a cookie that this request set is all there is where the browser sent none', () => {
    const { cookies } = new NextRequest(origin)
    cookies.set('session', 'x')
    const pairs = withCookies(new Headers(), cookies).get('cookie')?.split('; ').filter(Boolean)
    expect(pairs).toEqual(['session=x'])
  })

  test('a request without any has no header', () => {
    const headers = new Headers()
    const { cookies } = new NextRequest(origin)
    expect(withCookies(headers, cookies).get('cookie')).toBeNull()
  })

  test('other headers are as they came', () => {
    const headers = new Headers({ accept: 'text/html' })
    expect(withCookies(headers, new NextRequest(origin).cookies).get('accept')).toBe('text/html')
  })
})
