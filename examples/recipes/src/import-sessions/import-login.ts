/** Taking over a login that another library made, so that nobody has to sign in again. */
import type { RequestAuth } from '@tessera-auth/core'
import type { Request, RequestHandler } from 'express'

/** A living login of the old library. */
export interface LegacyLogin {
  readonly userId: string
  /** Epoch seconds: it ends here too no later than there. */
  readonly expiresAt: number
  /** Removes it there, so that it is taken over once. */
  remove(): Promise<void>
}

/** Finds the login that a request's old cookie opens; `null`: none. */
export type FindLegacyLogin = (request: Request) => Promise<LegacyLogin | null>

/**
 * Goes after the adapter's middleware. A visitor without a session of ours who still has an old one gets ours in its
 * place. Nothing was proven by that: `authenticatedAt` is long ago, so whatever asks for a recent proof still asks.
 */
export function importLogins(find: FindLegacyLogin, getAuth: (request: Request) => RequestAuth): RequestHandler {
  return async (request, _response, next) => {
    const auth = getAuth(request)
    const legacy = (await auth.session()) ? null : await find(request)
    const remaining = (legacy?.expiresAt ?? 0) - Math.floor(Date.now() / 1000)
    if (legacy && remaining > 0) {
      const attempt = await auth.beginLogin(legacy.userId)
      await auth.signIn(attempt, { authenticatedAt: 0, absoluteTimeoutSeconds: remaining })
      await legacy.remove()
    }
    next()
  }
}
