/** `@tessera-auth/core/session`: sessions, without loading anything of JWT or OAuth. */
export { createSessions } from './sessions.js'
export type { Sessions, SessionsOptions } from './sessions.js'
export type { SessionProof } from './change-session.js'
export type { NewSession, SignInOptions } from './create-session.js'
export type { ProviderLogout } from './provider-logins.js'
export type { ProviderLogin, Session, SessionData, SessionWithToken, UserSession } from './session.js'
export type { LoginAttempt } from '../store/login-records.js'
