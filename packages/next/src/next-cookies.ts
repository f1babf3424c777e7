/** Next's own way to cookies: they can be set in Server Actions and route handlers, and one asks for them by a promise. */
import type { RequestView, ResponseHeaders } from '@tessera-auth/core/http'
import { cookies, headers } from 'next/headers.js'

type CookieStore = Awaited<ReturnType<typeof cookies>>

/** A request whose headers come later, and where its cookies are set. */
export interface LateExchange {
  readonly request: Promise<RequestView>
  readonly responseHeaders: ResponseHeaders
}

/** RFC 6265bis cookie-octet, which is all that a cookie of ours holds. */
const octets = /^[\x21\x23-\x2b\x2d-\x3a\x3c-\x5b\x5d-\x7e]*$/

const sameSites = { Lax: 'lax', Strict: 'strict', None: 'none' } as const

/** The request that is being answered. A Server Component's is safe, whatever the method of the form behind it. */
export function currentRequest(method: 'GET' | 'POST'): LateExchange {
  let store: CookieStore | undefined
  async function open(): Promise<RequestView> {
    store = await cookies()
    return { method, url: '/', headers: withCookies(await headers(), store) }
  }
  const request = open()
  // Whoever asks is told; nobody has to ask.
  request.catch(() => {})
  return {
    request,
    responseHeaders: {
      append(name, value) {
        if (name.toLowerCase() === 'set-cookie' && store) setCookie(store, value)
      },
    },
  }
}

/** Sets cookies by lines that the library wrote, where Next gives no other way. */
export async function setCookies(lines: readonly string[]): Promise<void> {
  if (lines.length === 0) return
  const store = await cookies()
  for (const line of lines) setCookie(store, line)
}

/**
 * What an action set a moment ago is not in the header yet. The header stays, as only it tells of twins. Next has decoded
 * the values in its store, and a `;` that was `%3B` would begin a cookie that nobody sent: such a value is no cookie of ours.
 */
export function withCookies(given: RequestView['headers'], store: Pick<CookieStore, 'getAll'>): RequestView['headers'] {
  return {
    get(name) {
      const value = given.get(name)
      if (name.toLowerCase() !== 'cookie') return value
      const pairs = store.getAll().map((cookie) => `${cookie.name}=${cookie.value}`)
      const known = pairs.filter((pair) => octets.test(pair))
      return value === null && known.length === 0 ? null : [value ?? '', ...known].join('; ')
    },
  }
}

/** Our own Set-Cookie line, taken apart: the library writes it, so its form is known. */
function setCookie(store: CookieStore, line: string): void {
  const [pair = '', ...attributes] = line.split('; ')
  const equals = pair.indexOf('=')
  const named = new Map(attributes.map((attribute) => attribute.split('=') as [string, string | undefined]))
  const maxAge = named.get('Max-Age')
  store.set(pair.slice(0, equals), pair.slice(equals + 1), {
    path: named.get('Path') ?? '/',
    httpOnly: named.has('HttpOnly'),
    secure: named.has('Secure'),
    sameSite: sameSites[named.get('SameSite') as keyof typeof sameSites] ?? 'lax',
    ...(maxAge === undefined ? {} : { maxAge: Number(maxAge) }),
  })
}
