/** Logins that Better Auth and Auth.js keep as rows of their own tables. */
import type { FindLegacyLogin } from './import-login.ts'
import { cookieValue, unsign } from './legacy-cookie.ts'

/** How the app reaches the old table. */
export interface LegacyTable {
  /** The row of a session token. `expiresAt` in epoch seconds. */
  find(token: string): Promise<{ userId: string; expiresAt: number } | null>
  /** Removes it: whether it was there, as the number of rows that a `DELETE` says. */
  remove(token: string): Promise<boolean>
}

/** Better Auth: a signed cookie with the token as it stands in `session.token`. */
export function betterAuthLogins(options: {
  table: LegacyTable
  secret: string
  cookieName?: string
}): FindLegacyLogin {
  const { table, secret, cookieName = 'better-auth.session_token' } = options
  return (request) => {
    const value = cookieValue(request.headers.cookie, cookieName)
    return login(table, value === null ? null : unsign(value, [secret]))
  }
}

/** Auth.js with database sessions: the cookie is the token as it stands in `sessions.sessionToken`. */
export function authJsLogins(options: { table: LegacyTable; cookieName?: string }): FindLegacyLogin {
  const { table, cookieName = '__Secure-authjs.session-token' } = options
  return (request) => login(table, cookieValue(request.headers.cookie, cookieName))
}

async function login(table: LegacyTable, token: string | null): ReturnType<FindLegacyLogin> {
  const row = token === null || token === '' ? null : await table.find(token)
  return row && token !== null ? { ...row, remove: () => table.remove(token) } : null
}
