/** `@tessera-auth/core/http`: what adapters are made of, and the errors. It loads neither jose nor oauth4webapi. */
export { AuthError, ConfigError, OAuthResponseError, StoreError } from '../errors.js'
export type { AuthErrorCode } from '../errors.js'
export { systemPlatform } from '../platform.js'
export type { Platform } from '../platform.js'
