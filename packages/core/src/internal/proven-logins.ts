/** Logins that a provider's answer proved in this process: made by `finish`, not put together by an app. */

/** The session each login was begun in; `null`: nobody was signed in. */
const proven = new WeakMap<object, string | null>()

/** Remembers that a sealed attempt stood behind this login, and the session it was begun in. */
export function markProven(login: object, sessionId: string | null): void {
  proven.set(login, sessionId)
}

/** Whether a sealed attempt of this very browser stands behind the login: it then stands in for the CSRF guard. */
export function isProven(login: object): boolean {
  return proven.has(login)
}

/** The session in which the login was begun; `undefined`: the login is not proven. */
export function sessionAtBegin(login: object): string | null | undefined {
  return proven.get(login)
}
