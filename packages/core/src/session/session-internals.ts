/** What `createSessions` lends to the authenticator beyond the public interface. */
import { ConfigError } from '../errors.js'
import type { NewSession } from './create-session.js'
import type { Session, SessionWithToken } from './session.js'
import type { LookUp } from './session-context.js'
import type { Sessions } from './sessions.js'
import type { EarlierSessions } from './sign-in.js'
import type { CheckOptions } from './verify-session.js'

/** See each method; all but the synchronous ones may throw `StoreError`. */
export interface SessionInternals<Data> {
  readonly keepsData: boolean
  /** A fresh copy of what a session's data starts with. */
  initialData(): Data
  /** As `verify`, but no promise where it is known at once. */
  lookUp(token: string, options?: CheckOptions): LookUp<Data>
  /** As the public `update`, but the result is authenticated as the session given is. */
  update(session: Session<Data>, change: (data: Data) => Data): Promise<Session<Data>>
  /** Creates a session over what the browser had before. */
  signInOver(input: NewSession<Data>, earlier: EarlierSessions<Data>): Promise<SessionWithToken<Data>>
  /** Ends the session that a token opens or opened until a moment ago. */
  endByToken(token: string): Promise<boolean>
  /** The Max-Age of a session's cookie; `null`: it ends with the browser. */
  cookieSeconds(session: Session<Data>): number | null
}

const internals = new WeakMap<object, SessionInternals<unknown>>()

/** Makes the internals of a `Sessions` known. */
export function registerInternals<Data>(sessions: Sessions<Data>, own: SessionInternals<Data>): void {
  internals.set(sessions, own as SessionInternals<unknown>)
}

/** The internals of a `Sessions`; throws `ConfigError` for one that `createSessions` did not make. */
export function internalsOf<Data>(sessions: Sessions<Data>): SessionInternals<Data> {
  const found = internals.get(sessions)
  if (!found) throw new ConfigError('sessions: expected what createSessions returned, received another object')
  return found as SessionInternals<Data>
}
