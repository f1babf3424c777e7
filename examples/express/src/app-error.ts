/** Errors that are the app's own, and how errors become answers. The library's are answered by its error handler. */
import { AuthError } from '@tessera-auth/core'
import type { ErrorRequestHandler, Request, RequestHandler } from 'express'
import { notFoundPage } from './page.ts'

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

/** For every router: `/me/` and `/ME` are not `/me`. */
export const exactly = { caseSensitive: true, strict: true } as const

/** Ends a route: every other method is 405, and OPTIONS tells which there are. */
export function allow(...methods: string[]): RequestHandler {
  const allowed = [...(methods.includes('GET') ? ['HEAD'] : []), 'OPTIONS', ...methods].toSorted().join(', ')
  return (request, response, next) => {
    response.set('Allow', allowed)
    if (request.method === 'OPTIONS') response.status(204).end()
    else next(new AppError('method_not_allowed'))
  }
}

/** Comes after all routes: a page for a person, JSON for a program. */
export const notFound: RequestHandler = (request, response, next) => {
  if (request.accepts(['json', 'html']) === 'html') response.status(404).type('html').send(notFoundPage())
  else next(new AppError('not_found'))
}

/** No cookie speaks there, so there is nothing to guard. */
const unguarded = /^\/(auth\/(token\/|oauth\/|backchannel-logout)|api\/)/

/** Where an answer sets a cookie, another site is refused without one too. */
const givesCookie = /^\/(auth\/sign-(in|up)|page\/sign-(in|up)|cart)(\?|$)/

/** What asks the guard, and nothing else. */
interface Guarded {
  session(): Promise<unknown>
  beginLogin(userId: null): Promise<unknown>
}

/** What another site sends is refused as such, also where its body alone would have been reason enough. */
export function foreignFirst(getAuth: (request: Request) => Guarded): ErrorRequestHandler {
  // Throws for the guard; Express goes on with what an error handler throws.
  return async (error: unknown, request, _response, _next) => {
    const { status } = (error ?? {}) as { status?: unknown }
    if (![400, 413, 415].includes(Number(status)) || unguarded.test(request.originalUrl)) throw error
    try {
      const auth = getAuth(request)
      await (givesCookie.test(request.originalUrl) ? auth.beginLogin(null) : auth.session())
    } catch (rejection) {
      if (rejection instanceof AuthError && rejection.code === 'csrf_rejected') throw rejection
    }
    throw error
  }
}

/** Comes last: answers the app's errors, those of Express and its body parsers, and logs what nobody expected. */
export const answerErrors: ErrorRequestHandler = (error: unknown, _request, response, next) => {
  if (response.headersSent) return next(error)
  const known = error instanceof AppError ? error : new AppError(codeOf(error))
  if (known.status === 500) console.error(error)
  const { code, message, status, details } = known
  if (status === 503) response.set('Retry-After', '5')
  response.status(status).json({ error: { ...details, code, message } })
}

/** Express and its body parsers say by a status what a client did wrong. */
function codeOf(error: unknown): AppErrorCode {
  const { status } = (error ?? {}) as { status?: unknown }
  if (status === 413) return 'payload_too_large'
  if (status === 415) return 'unsupported_media_type'
  return typeof status === 'number' && status >= 400 && status < 500 ? 'invalid_request' : 'internal_error'
}
