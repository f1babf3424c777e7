/** Everything that can go wrong, as four classes and one union of codes. */

/** Status and a sentence for people, by code. The codes are stable; the sentences may be improved. */
const codes: Readonly<Record<AuthErrorCode, readonly [status: number, message: string]>> = {
  unauthenticated: [401, 'Sign in first.'],
  reauthentication_required: [403, 'Confirm that it is you, then try again.'],
  csrf_rejected: [403, 'This request did not come from our own pages.'],
  conflict: [409, 'Somebody changed this in the meantime. Load it again, then try once more.'],
  not_found: [404, 'There is nothing here.'],
  invalid_credentials: [401, 'Wrong e-mail address or password.'],
  password_rejected: [422, 'Choose another password.'],
  too_many_attempts: [429, 'Too many attempts. Wait a little, then try again.'],
  invalid_request: [400, 'The request is missing something or has something in the wrong form.'],
  invalid_grant: [400, 'This grant is no longer good. Sign in again.'],
  invalid_client: [401, 'The client could not be authenticated.'],
  invalid_scope: [400, 'The scope is unknown, malformed, or more than was granted.'],
  invalid_token: [401, 'The access token is missing, malformed, expired or revoked.'],
  insufficient_scope: [403, 'The access token does not allow this.'],
  transaction_missing: [400, 'This sign-in was not started in this browser, or took too long. Start again.'],
  callback_rejected: [400, 'The answer of the sign-in service does not fit what was asked. Start again.'],
  access_denied: [403, 'The sign-in was cancelled or refused.'],
  provider_error: [502, 'The sign-in service answered with an error. Try again later.'],
  link_refused: [409, 'This sign-in cannot be connected to an account here.'],
  reconnect_required: [409, 'The connection to the other service has ended. Connect it again.'],
  destination_refused: [500, 'This address is not one of the provider’s.'],
  delegation_refused: [403, 'This access cannot be handed out.'],
  unavailable: [503, 'This cannot be answered right now. Try again in a moment.'],
}

/** What went wrong, as a stable snake_case code. */
export type AuthErrorCode =
  | 'unauthenticated'
  | 'reauthentication_required'
  | 'csrf_rejected'
  | 'conflict'
  | 'not_found'
  | 'invalid_credentials'
  | 'password_rejected'
  | 'too_many_attempts'
  | 'invalid_request'
  | 'invalid_grant'
  | 'invalid_client'
  | 'invalid_scope'
  | 'invalid_token'
  | 'insufficient_scope'
  | 'transaction_missing'
  | 'callback_rejected'
  | 'access_denied'
  | 'provider_error'
  | 'link_refused'
  | 'reconnect_required'
  | 'destination_refused'
  | 'delegation_refused'
  | 'unavailable'

/**
 * By class. A framework that bundles each route apart has this module many times in one process, and what one copy throws
 * another must know; so a class knows its errors by a mark, not by being the very same class.
 */
const marks = new Map<object, symbol>()

/** The sentence for people that belongs to a code, whatever an error itself says to logs; `undefined`: no code of this copy. */
export function sentenceOf(code: string): string | undefined {
  return Object.hasOwn(codes, code) ? codes[code as AuthErrorCode][1] : undefined
}

// An app without types may have a code of its own in mind.
function unknownCode(code: unknown): string {
  return `AuthError: unknown code ${String(code)}; known are ${Object.keys(codes).join(', ')}`
}

/**
 * Everything that can go wrong at run time; apps throw it too. Status and text follow from the code.
 *
 * @example
 * ```ts
 * if (!user || !ok) throw new AuthError('invalid_credentials')
 * ```
 */
export class AuthError extends Error {
  override readonly name: string = 'AuthError'
  /** Stable, snake_case. */
  readonly code: AuthErrorCode
  /** The HTTP status that belongs to the code. */
  readonly status: number
  /** More about it (reasons, nextStep, retryAfterSeconds …); safe to send. */
  readonly details: Readonly<Record<string, unknown>>

  constructor(code: AuthErrorCode, details: Readonly<Record<string, unknown>> = {}, options?: ErrorOptions) {
    if (!Object.hasOwn(codes, code)) throw new TypeError(unknownCode(code))
    const [status, message] = codes[code]
    super(message, options)
    this.code = code
    this.status = status
    this.details = details
  }

  /** `instanceof` holds for errors of another copy of this module too. */
  static override [Symbol.hasInstance](value: unknown): boolean {
    const mark = marks.get(this)
    if (mark === undefined) return Function.prototype[Symbol.hasInstance].call(this, value)
    return typeof value === 'object' && value !== null && mark in value
  }
}

/** A provider's own error answer (RFC 6749 §5.2). Its text is for logs, never for people. */
export class OAuthResponseError extends AuthError {
  override readonly name: string = 'OAuthResponseError'
  /** The peer's `error`. */
  readonly error: string
  /** The peer's `error_description`; untrusted text. */
  readonly errorDescription: string | null

  constructor(error: string, errorDescription: string | null = null, code: AuthErrorCode = 'provider_error') {
    super(code)
    this.error = error
    this.errorDescription = errorDescription
  }
}

/**
 * The store did not answer, or not in time: "cannot know" is not "signed out". Code `unavailable`, `cause` kept. Its text
 * is for logs, never for people.
 */
export class StoreError extends AuthError {
  override readonly name: string = 'StoreError'

  constructor(message: string, options?: ErrorOptions) {
    super('unavailable', {}, options)
    this.message = message
  }
}

/** A bad option, at construction only. The message names the option, what was expected and the type received. */
export class ConfigError extends Error {
  override readonly name: string = 'ConfigError'
}

for (const [name, type] of Object.entries({ AuthError, OAuthResponseError, StoreError })) {
  const mark = Symbol.for(`@tessera-auth/core/${name}`)
  marks.set(type, mark)
  Object.defineProperty(type.prototype, mark, { value: true })
}
