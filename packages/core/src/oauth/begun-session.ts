/** Remembers in which session a login was begun, so that linking follows what was meant at the start. */

const sessions = new WeakMap<object, string | null>()

/** Remembers it; `null`: nobody was signed in. */
export function rememberBegunIn(login: object, sessionId: string | null): void {
  sessions.set(login, sessionId)
}

/** The public id of that session, or `null`; `undefined` for a login that no flow of this process finished. */
export function begunIn(login: object): string | null | undefined {
  return sessions.get(login)
}
