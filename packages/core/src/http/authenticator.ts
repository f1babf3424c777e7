/** Authenticating requests of any framework: by session cookie or bearer token. */
import { createCookieJar } from '../cookie/cookie-jar.js'
import type { RequestView, ResponseHeaders } from '../cookie/request-view.js'
import { createEmit } from '../events.js'
import { expected, optionalFunction, requireMethods } from '../internal/options.js'
import { checkOrigin } from '../internal/origin.js'
import { systemPlatform } from '../platform.js'
import { internalsOf } from '../session/session-internals.js'
import type { Sessions } from '../session/sessions.js'
import type { Shared } from '../shared.js'
import type { AuthContext, BearerVerifier, ProofPart, ProofVerifier, SessionPart } from './auth-context.js'
import { errorResponse } from './error-response.js'
import {
  createReadonlyRequestAuth,
  createRequestAuth,
  type ReadonlyRequestAuth,
  type RequestAuth,
} from './request-auth.js'

interface CommonOptions extends Partial<Pick<Shared, 'onEvent' | 'platform'>> {
  /** Checks bearer tokens, for `requireScope`. */
  readonly verifier?: BearerVerifier
  /** Checks DPoP proofs (RFC 9449), so that `requireScope` takes tokens that are bound to a key. Needs `origin`. */
  readonly dpop?: ProofVerifier
  /** Default `session`; sent as `__Host-session` on https. */
  readonly cookieName?: string
  /** Default `lax`. */
  readonly sameSite?: 'lax' | 'strict'
  /** Further origins whose unsafe requests may use the cookie. */
  readonly trustedOrigins?: readonly string[]
}

/** Options of {@link createAuthenticator}: with sessions, or for bearer tokens only. */
export type AuthenticatorOptions<Data> = CommonOptions &
  (
    | { readonly sessions: Sessions<Data>; readonly origin: string }
    | { readonly sessions?: undefined; readonly verifier: BearerVerifier; readonly origin?: string }
  )

/** What an adapter is made of. */
export interface Authenticator<Data = null> {
  /** The app's own origin, as it was given; `null`: for bearer tokens only. */
  readonly origin: string | null
  /** The door of one request. Cookies are appended to the headers given. */
  bind(request: RequestView | Promise<RequestView>, responseHeaders: ResponseHeaders): RequestAuth<Data>
  /** The door where no cookie can be set. */
  bindReadonly(request: RequestView | Promise<RequestView>): ReadonlyRequestAuth<Data>
  /**
   * Answers one web request: cookies, `no-store` and error bodies are applied to what the handler returns. A cookie that
   * comes later, from a stream for one, throws an `Error` with the code `ERR_HTTP_HEADERS_SENT`, as node:http does.
   */
  respond(request: Request, handler: (auth: RequestAuth<Data>) => Response | Promise<Response>): Promise<Response>
}

/**
 * Makes an authenticator. Throws `ConfigError`.
 *
 * @example
 * ```ts
 * const authenticator = createAuthenticator({ origin: 'https://app.example', sessions: createSessions({ store }) })
 * ```
 */
export function createAuthenticator<Data = null>(options: AuthenticatorOptions<Data>): Authenticator<Data> {
  const context = createContext(options)
  const bind = (request: RequestView | Promise<RequestView>, responseHeaders: ResponseHeaders): RequestAuth<Data> =>
    createRequestAuth(context, request, responseHeaders)
  return Object.freeze({
    origin: context.part?.origin ?? null,
    bind,
    bindReadonly: (request) => createReadonlyRequestAuth(context, request),
    async respond(request, handler) {
      const headers = new Headers()
      try {
        return withHeaders(await answer(bind(request, headers), handler), headers)
      } finally {
        headers.append = appendTooLate
      }
    },
  } satisfies Authenticator<Data>)
}

function createContext<Data>(options: AuthenticatorOptions<Data>): AuthContext<Data> {
  const platform = options.platform ?? systemPlatform
  optionalFunction('onEvent', options.onEvent)
  if (options.verifier !== undefined) requireMethods('verifier', options.verifier, ['verify'])
  const part = options.sessions === undefined ? null : createPart(options.sessions, options.origin, options)
  if (!part && !options.verifier) throw expected('sessions', 'what createSessions returned, or a verifier', undefined)
  const dpop = createProofPart(options)
  return { platform, part, dpop, emit: createEmit(options.onEvent, platform), verifier: options.verifier ?? null }
}

function createProofPart<Data>({ dpop, origin }: AuthenticatorOptions<Data>): ProofPart | null {
  if (dpop === undefined) return null
  requireMethods('dpop', dpop, ['verify'])
  return { verifier: dpop, origin: checkOrigin('origin', origin) }
}

function createPart<Data>(sessions: Sessions<Data>, given: string, options: CommonOptions): SessionPart<Data> {
  const origin = checkOrigin('origin', given)
  const { cookieName, sameSite, trustedOrigins = [] } = options
  if (!Array.isArray(trustedOrigins)) throw expected('trustedOrigins', 'a list of origins', trustedOrigins)
  return {
    sessions,
    origin,
    internals: internalsOf(sessions),
    jar: createCookieJar({ origin, cookieName, sameSite }),
    origins: new Set([origin, ...trustedOrigins.map((trusted) => checkOrigin('trustedOrigins', trusted))]),
  }
}

async function answer<Data>(
  auth: RequestAuth<Data>,
  handler: (auth: RequestAuth<Data>) => Response | Promise<Response>,
): Promise<Response> {
  try {
    return await handler(auth)
  } catch (error) {
    const known = errorResponse(error)
    if (!known) throw error
    return new Response(known.body, known)
  }
}

// A sign-in whose cookie is lost in silence would look like one that worked.
function appendTooLate(name: string): void {
  if (name.toLowerCase() !== 'set-cookie') return
  throw Object.assign(new Error('Cannot set a cookie: the answer was made already'), { code: 'ERR_HTTP_HEADERS_SENT' })
}

// A response from `fetch` or `Response.redirect` has headers that cannot be changed, so it is copied.
function withHeaders(response: Response, added: Headers): Response {
  const merged = new Response(response.body, response)
  for (const [name, value] of added) {
    if (name === 'set-cookie' || !merged.headers.has(name)) merged.headers.append(name, value)
  }
  return merged
}
