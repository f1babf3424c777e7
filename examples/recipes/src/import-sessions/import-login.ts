/** Taking over a login that another library made, so that nobody has to sign in again. */
import type { RequestAuth } from '@tessera-auth/core'
import type { Request, RequestHandler, Response } from 'express'

/** A living login of the old library. */
export interface LegacyLogin {
  readonly userId: string
  /** Epoch seconds: it ends here too no later than there. */
  readonly expiresAt: number
  /** Removes it there. Whether this call did: of several at once, only the one that did takes it over. */
  remove(): Promise<boolean>
}

/** Finds the login that a request's old cookie opens; `null`: none. */
export type FindLegacyLogin = (request: Request) => Promise<LegacyLogin | null>

/** So long, in milliseconds, requests still come that the browser sent before it had our cookie. */
const stragglers = 10_000

/**
 * Goes after the adapter's middleware. A visitor without a session of ours who still has an old one gets ours in its
 * place. Nothing was proven by that: `authenticatedAt` is long ago, so whatever asks for a recent proof still asks.
 */
export function importLogins(find: FindLegacyLogin, getAuth: (request: Request) => RequestAuth): RequestHandler {
  /** What came in place of a Cookie header's old login, as `Set-Cookie` lines: every request that sent it gets the same. */
  const taken = new Map<string, Promise<string[]>>()
  return async (request, response, next) => {
    const sent = request.headers.cookie
    if (sent === undefined) return next()
    const lines = (await taken.get(sent)?.catch(() => [])) ?? []
    if (lines.length > 0) {
      request.headers.cookie = [...lines.map((line) => line.split(';')[0]), sent].join('; ')
      if (await getAuth(request).session()) response.appendHeader('Set-Cookie', lines)
      return next()
    }
    const work = takeOver({ find, auth: getAuth(request), request, response })
    taken.set(sent, work)
    let given: string[] = []
    try {
      given = await work
    } finally {
      if (given.length > 0) setTimeout(() => taken.delete(sent), stragglers).unref()
      else if (taken.get(sent) === work) taken.delete(sent)
    }
    next()
  }
}

interface Visit {
  readonly find: FindLegacyLogin
  readonly auth: RequestAuth
  readonly request: Request
  readonly response: Response
}

/** The `Set-Cookie` lines of the new login; none where there is nothing to take over. */
async function takeOver({ find, auth, request, response }: Visit): Promise<string[]> {
  const legacy = (await auth.session()) ? null : await find(request)
  const remaining = (legacy?.expiresAt ?? 0) - Math.floor(Date.now() / 1000)
  if (!legacy || remaining <= 0) return []
  const attempt = await auth.beginLogin(legacy.userId) // first, as it refuses what another site sent
  if (!(await legacy.remove())) return []
  const before = cookieLines(response).length
  await auth.signIn(attempt, { authenticatedAt: 0, absoluteTimeoutSeconds: remaining })
  return cookieLines(response).slice(before)
}

function cookieLines(response: Response): string[] {
  return [response.getHeader('set-cookie') ?? []].flat().map(String)
}
