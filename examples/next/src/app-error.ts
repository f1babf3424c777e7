/** Errors that are the app's own. The library's are answered by its error handler. */

const codes = {
  email_taken: [409, 'There is an account with this e-mail address already.'],
  not_found: [404, 'There is nothing here.'],
  method_not_allowed: [405, 'This cannot be done here.'],
  payload_too_large: [413, 'This is too large.'],
  unsupported_media_type: [415, 'The body has a type that is not understood here.'],
  invalid_request: [400, 'The request is missing something or has something in the wrong form.'],
  not_connected: [404, 'You have not signed in with the identity provider here.'],
  try_again: [503, 'The identity provider does not answer right now. Try again in a moment.'],
  internal_error: [500, 'Something went wrong on our side.'],
} as const

/** What went wrong, as a stable code. */
export type AppErrorCode = keyof typeof codes

/** An error with an answer. Its details are sent. */
export class AppError extends Error {
  override readonly name = 'AppError'
  readonly code: AppErrorCode
  readonly status: number
  readonly details: Readonly<Record<string, unknown>>

  constructor(code: AppErrorCode, details: Readonly<Record<string, unknown>> = {}) {
    const [status, message] = codes[code]
    super(message)
    this.code = code
    this.status = status
    this.details = details
  }
}
