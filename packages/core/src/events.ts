/** The audit stream: typed, versioned, never a secret. */
import type { Platform } from './platform.js'

/** What happened. */
export type AuthEventType =
  | `session.${'created' | 'rotated' | 'revoked' | 'rejected' | 'data_reset'}`
  | `token.${'issued' | 'refreshed' | 'reused' | 'revoked' | 'rejected'}`
  | `key.${'published' | 'signing' | 'retired' | 'compromised'}`
  | `oauth.${'started' | 'finished' | 'refused'}`
  | `identity.${'linked' | 'unlinked' | 'refused'}`
  | `vault.${'refreshed' | 'reconnect_required' | 'fetched' | 'delegated'}`
  | 'limit.reached'
  | 'csrf.rejected'

/** One entry of the audit stream. It never holds a secret, a token, a cookie, a claim or a password. */
export interface AuthEvent {
  /** What happened. */
  readonly type: AuthEventType
  /** The version of this shape. */
  readonly version: 1
  /** Epoch seconds. */
  readonly at: number
  /** Whose, where that is known. */
  readonly userId: string | null
  /** The public id of the login, where there is one. */
  readonly sessionId: string | null
  /** Why a no was a no, as a snake_case word. */
  readonly reason: string | null
}

/** Receives the audit stream; called after the write it tells of. A promise that it returns is not waited for. */
export type OnEvent = (event: AuthEvent) => void

/** Sends one event. A listener that throws or rejects never fails a request. */
export type Emit = (type: AuthEventType, about?: Partial<Pick<AuthEvent, 'userId' | 'sessionId' | 'reason'>>) => void

/** Binds the listener and the clock once, for a factory. */
export function createEmit(onEvent: OnEvent | undefined, platform: Platform): Emit {
  if (!onEvent) return () => {}
  return (type, { userId = null, sessionId = null, reason = null } = {}) => {
    // A full disk under the audit log must not sign anybody out, nor an unhandled rejection end the process.
    try {
      const answer: unknown = onEvent({ type, version: 1, at: platform.now(), userId, sessionId, reason })
      Promise.resolve(answer).catch(() => {})
    } catch {}
  }
}
