/** Signing in without a form, for the tests of an app. */
import type { Authenticator, SignInOptions, UserSession } from '@tessera-auth/core'

/** A login as a test uses it. */
export interface TestLogin<Data = null> {
  /** The session, as it was made. */
  readonly session: UserSession<Data>
  /** What a browser sends from a page of the app's own origin: the cookie, and what the CSRF guard looks at. */
  readonly headers: Readonly<Record<'cookie' | 'origin' | 'sec-fetch-site', string>>
}

/**
 * Signs a user in through the app's own authenticator, and answers the headers of a browser that is signed in. The user
 * need not exist anywhere: only the id is used. A real session, so revoking and ageing it works as it does for people.
 *
 * @param options - as for `signIn`: methods, remember, absoluteTimeoutSeconds, providerLogin.
 * @example
 * ```ts
 * const { headers } = await loginAs(authenticator, 'user-1')
 * expect((await fetch(`${origin}/me`, { headers })).status).toBe(200)
 * ```
 */
export async function loginAs<Data>(
  authenticator: Authenticator<Data>,
  userId: string,
  options?: SignInOptions,
): Promise<TestLogin<Data>> {
  const { origin } = authenticator
  if (origin === null) throw new TypeError('loginAs: the authenticator has no sessions')
  const sent = new Headers({
    origin,
    'sec-fetch-site': 'same-origin',
    'user-agent': 'Mozilla/5.0 (X11; Linux) Firefox/150.0',
  })
  const received = new Headers()
  const auth = authenticator.bind({ method: 'POST', url: '/', headers: sent }, received)
  const session = await auth.signIn(await auth.beginLogin(userId), options)
  const cookie = received
    .getSetCookie()
    .map((line) => line.split(';', 1)[0])
    .join('; ')
  return { session, headers: { cookie, origin, 'sec-fetch-site': 'same-origin' } }
}
