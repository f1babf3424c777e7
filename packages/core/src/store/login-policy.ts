/** When a login ends, and when its use is written down: one pure function. */

/** How long a login lives. All in seconds. */
export interface LoginPolicy {
  /** Unused for this long, it ends. */
  readonly idle: number
  /** This long after its creation it ends, however used. */
  readonly absolute: number
  /** Its use is written down at most this often. */
  readonly touch: number
}

/** The times a login is judged by; epoch seconds. */
export interface LoginTimes {
  readonly createdAt: number
  readonly lastSeenAt: number
}

/** What a login is now. */
export interface LoginState {
  readonly state: 'active' | 'idle_expired' | 'absolute_expired'
  /** The earlier of the idle and the absolute end; epoch seconds. */
  readonly expiresAt: number
  /** Whether this use is to be written down. */
  readonly touchDue: boolean
}

/** Judges a login at `now`. An end is reached at its very second. */
export function judgeLogin(times: LoginTimes, policy: LoginPolicy, now: number): LoginState {
  const absoluteEnd = times.createdAt + policy.absolute
  const idleEnd = times.lastSeenAt + policy.idle
  const expiresAt = Math.min(absoluteEnd, idleEnd)
  if (now >= absoluteEnd) return { state: 'absolute_expired', expiresAt, touchDue: false }
  if (now >= idleEnd) return { state: 'idle_expired', expiresAt, touchDue: false }
  return { state: 'active', expiresAt, touchDue: now - times.lastSeenAt >= policy.touch }
}
