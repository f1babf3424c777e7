/** The two cookies that an authenticator sets: who is signed in, and what an anonymous visitor keeps. */
import { ConfigError } from '../errors.js'
import { type Cookie, cookieValues, createCookie } from './cookie.js'
import type { RequestView } from './request-view.js'

/** Options of {@link createCookieJar}. */
export interface CookieJarOptions {
  /** Checked; decides about `Secure` and the `__Host-` prefix. */
  readonly origin: string
  /** Without prefix; default `session`. */
  readonly cookieName?: string | undefined
  /** Default `lax`. */
  readonly sameSite?: 'lax' | 'strict' | undefined
}

/** The cookies of one authenticator. */
export interface CookieJar {
  readonly session: Cookie
  readonly anonymous: Cookie
  /** Whether a request carries one of them, whatever its value. */
  carriesAny(view: RequestView): boolean
}

/** Makes the cookies of one origin. Anonymous visitors' have a name of their own, deleted at sign-in. */
export function createCookieJar({ origin, cookieName = 'session', sameSite = 'lax' }: CookieJarOptions): CookieJar {
  if (sameSite !== 'lax' && sameSite !== 'strict') throw new ConfigError(`sameSite: expected 'lax' or 'strict'`)
  if (typeof cookieName !== 'string')
    throw new ConfigError(`cookieName: expected a text, received ${typeof cookieName}`)
  const options = { secure: origin.startsWith('https:'), sameSite }
  const session = createCookie(cookieName, options)
  const anonymous = createCookie(cookieName === 'session' ? 'anonymous' : `${cookieName}-anonymous`, options)
  return {
    session,
    anonymous,
    carriesAny(view) {
      const header = view.headers.get('cookie')
      return header !== null && [session, anonymous].some(({ name }) => cookieValues(header, name).length > 0)
    },
  }
}
