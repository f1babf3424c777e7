/** `@tessera-auth/core`: session, JWT and OAuth primitives. The whole public API, grouped. */
export { AuthError, ConfigError, OAuthResponseError, StoreError } from './errors.js'
export type { AuthErrorCode } from './errors.js'
export type { AuthEvent, AuthEventType } from './events.js'
export type { Platform } from './platform.js'
export type { Shared } from './shared.js'
export * from './store/index.js'
export * from './session/index.js'
export * from './http/index.js'
