/** `@tessera-auth/core/http`: authenticating requests of any framework, without loading anything of JWT or OAuth. */
export { createAuthenticator } from './authenticator.js'
export type { Authenticator, AuthenticatorOptions } from './authenticator.js'
export type { BearerVerifier, ProofVerifier } from './auth-context.js'
export { errorResponse } from './error-response.js'
export type { ErrorAnswer } from './error-response.js'
export { createRateLimiter } from './rate-limiter.js'
export type { RateLimiter, RateLimiterOptions } from './rate-limiter.js'
export type { ReadonlyRequestAuth, RequestAuth } from './request-auth.js'
export type { Exchange, RequestView, ResponseHeaders } from '../cookie/request-view.js'
export { AuthError, ConfigError, OAuthResponseError, StoreError } from '../errors.js'
export type { AuthErrorCode } from '../errors.js'
export { systemPlatform } from '../platform.js'
export type { Platform } from '../platform.js'
export { createIntrospectionEndpoint, createRevocationEndpoint } from './token-endpoints.js'
export type {
  CallerOf,
  IntrospectionClient,
  IntrospectionEndpointOptions,
  NodeResponse,
  RevocationEndpointOptions,
  TokenEndpoint,
  UnreadNodeRequest,
} from './token-endpoints.js'
export { applyErrorHeaders, nodeDoors, nodeRequestView } from './node-request.js'
export type { ErrorTarget, NodeDoors, NodeRequest } from './node-request.js'
