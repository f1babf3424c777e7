/** Logins of express-session, from whatever store it was used with. */
import type { SessionData, Store } from 'express-session'
import type { FindLegacyLogin } from './import-login.ts'
import { cookieValue, unsign } from './legacy-cookie.ts'

/** Where the old sessions are, and what the app kept in them. */
export interface ExpressSessionOptions {
  /** The store that was handed to express-session: connect-redis, connect-pg-simple, any. */
  readonly store: Pick<Store, 'get' | 'destroy'>
  /** express-session's `secret`, all of them. */
  readonly secrets: readonly string[]
  /** express-session's `name`. */
  readonly cookieName?: string
  /** Whose session it is; `null`: nobody's. */
  userIdOf(session: SessionData): string | null
}

const defaultLifetimeSeconds = 86_400

/** Finds express-session logins. */
export function expressSessionLogins(options: ExpressSessionOptions): FindLegacyLogin {
  const { store, secrets, cookieName = 'connect.sid', userIdOf } = options
  return async (request) => {
    const value = cookieValue(request.headers.cookie, cookieName)
    const id = value?.startsWith('s:') ? unsign(value.slice(2), secrets) : null
    const session = id === null ? null : await found(store, id)
    const userId = session && userIdOf(session)
    if (id === null || !session || userId === null) return null
    const expires = session.cookie.expires ? new Date(session.cookie.expires).getTime() / 1000 : null
    return {
      userId,
      expiresAt: Math.floor(expires ?? Date.now() / 1000 + defaultLifetimeSeconds),
      remove: () => removed(store, id),
    }
  }
}

function found(store: ExpressSessionOptions['store'], id: string): Promise<SessionData | null> {
  return new Promise((resolve, reject) => {
    store.get(id, (error, session) => (error ? reject(error) : resolve(session ?? null)))
  })
}

/** These stores do not say whether there was one to remove: two servers at the same moment may both take it over. */
function removed(store: ExpressSessionOptions['store'], id: string): Promise<boolean> {
  return new Promise((resolve, reject) => {
    store.destroy(id, (error) => (error ? reject(error) : resolve(true)))
  })
}
