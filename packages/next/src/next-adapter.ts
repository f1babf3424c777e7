/** Tessera for Next.js: translation, no policy. */
import {
  type Authenticator,
  ConfigError,
  errorResponse,
  type ReadonlyRequestAuth,
  type RequestAuth,
} from '@tessera-auth/core/http'
import { type NextRequest, NextResponse } from 'next/server.js'
import { cache } from 'react'
import { currentRequest, setCookies } from './next-cookies.js'
import { goOn } from './next-proxy.js'

/** What {@link nextAdapter} makes of an authenticator. */
export interface NextAdapter<Data = null> {
  /** For Server Components: one authentication per render, and no method that would set a cookie. */
  readAuth(): ReadonlyRequestAuth<Data>
  /** For Server Actions. */
  getAuth(): RequestAuth<Data>
  /**
   * Makes a route handler: cookies are set, an answer that asked who it is for is `no-store`, an `AuthError` is answered. A
   * cookie that comes later, from a stream for one, throws an `Error` with the code `ERR_HTTP_HEADERS_SENT`.
   */
  route<Params = object>(
    handler: (request: NextRequest, auth: RequestAuth<Data>, params: Params) => Response | Promise<Response>,
  ): (request: NextRequest, context: { params: Promise<Params> }) => Promise<Response>
  /**
   * Makes the function of `proxy.ts`, to turn visitors away early; `undefined` lets the request go on. A page still asks
   * for itself: what a proxy let through is not authenticated by that. Cookies set here are seen by the page too, also where
   * `NextResponse.next` or `rewrite` is returned.
   */
  proxy(
    handler: (request: NextRequest, auth: RequestAuth<Data>) => Response | undefined | Promise<Response | undefined>,
  ): (request: NextRequest) => Promise<Response>
}

/**
 * Adapts an authenticator to the App Router on the Node runtime.
 *
 * @example
 * ```ts
 * export const { readAuth, getAuth, route } = nextAdapter(createAuthenticator({ origin, sessions }))
 * ```
 */
export function nextAdapter<Data>(authenticator: Authenticator<Data>): NextAdapter<Data> {
  if (typeof authenticator?.bind !== 'function') {
    throw new ConfigError(`authenticator: expected what createAuthenticator returned, received ${typeof authenticator}`)
  }
  return {
    readAuth: cache(() => authenticator.bindReadonly(currentRequest('GET').request)),
    getAuth() {
      const { request, responseHeaders } = currentRequest('POST')
      return authenticator.bind(request, responseHeaders)
    },
    route:
      (handler) =>
      (request, { params }) =>
        withAdded(async (added) => {
          const auth = authenticator.bind(request, added)
          const answered = answer(async () => handler(request, auth, await params))
          return withHeaders(await answered.catch((error: unknown) => leaveToNext(error, added)), added)
        }),
    proxy: (handler) => (request) =>
      withAdded(async (added) => {
        const response = await answer(() => handler(request, authenticator.bind(request, added)))
        return goOn(request, withHeaders(response ?? NextResponse.next(), added), added.getSetCookie())
      }),
  }
}

/** Makes an answer and what is added to its headers. */
async function withAdded(make: (added: Headers) => Promise<Response>): Promise<Response> {
  const added = new Headers()
  try {
    return await make(added)
  } finally {
    added.append = appendTooLate
  }
}

// A sign-in whose cookie is lost in silence would look like one that worked (decision 030).
function appendTooLate(name: string): void {
  if (name.toLowerCase() !== 'set-cookie') return
  throw Object.assign(new Error('Cannot set a cookie: the answer was made already'), { code: 'ERR_HTTP_HEADERS_SENT' })
}

// A `redirect()` becomes an answer outside of here: the cookies go with it by Next's own way.
async function leaveToNext(error: unknown, added: Headers): Promise<never> {
  await setCookies(added.getSetCookie())
  throw error
}

// Whatever else is thrown, `redirect()` and `notFound()` among it, is Next's.
async function answer<Answer>(run: () => Answer | Promise<Answer>): Promise<Answer | Response> {
  try {
    return await run()
  } catch (error) {
    const known = errorResponse(error)
    if (!known) throw error
    return new Response(known.body, known)
  }
}

// What is one visitor's goes on a copy, as the app may give the same answer to others too. `no-store` alone does not: a copy of
// an answer and its body costs more than the check. Headers of a redirect made elsewhere cannot be changed.
function withHeaders(response: Response, added: Headers): Response {
  const adding = [...added].filter(([name]) => name === 'set-cookie' || !response.headers.has(name))
  if (adding.every(([name]) => name === 'cache-control') && wereAppended(response.headers, adding)) return response
  const copy = new NextResponse(response.body, response)
  for (const [name, value] of adding) copy.headers.append(name, value)
  return copy
}

function wereAppended(headers: Headers, adding: readonly [string, string][]): boolean {
  try {
    for (const [name, value] of adding) headers.append(name, value)
    return true
  } catch {
    return false
  }
}
