/**
 * Remembers in which session a login was begun, so that linking follows what was meant at the start. It hangs on the
 * identity: that is what a link is made of, and a copy of the login around it (`{ ...login }`) must not lose it.
 */
import type { Identity } from './identity.js'

const sessions = new WeakMap<Identity, string | null>()

/** Remembers it; `null`: nobody was signed in. */
export function rememberBegunIn(identity: Identity, sessionId: string | null): void {
  sessions.set(identity, sessionId)
}

/** The public id of that session, or `null`; `undefined` for an identity that no flow of this process found. */
export function begunIn(identity: Identity): string | null | undefined {
  return sessions.get(identity)
}
