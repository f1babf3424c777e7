/** How errors become answers, but for those of the library that its own adapter answers. */
import { AuthError } from '@tessera-auth/core'
import { AppError } from './app-error.ts'

/** Known by its name: each bundle has a class of its own. */
export function isAppError(error: unknown): error is AppError {
  return error instanceof Error && error.name === 'AppError'
}

/** What has a digest is Next's own, and goes on to it; what nobody expected is logged. `oauth`: a body of RFC 6749 §5.2. */
export function errorAnswer(error: unknown, form?: 'oauth'): Response {
  if (error instanceof AuthError) {
    throw form && error.code === 'invalid_request' ? new AuthError('invalid_request', { form }) : error
  }
  if (isAppError(error)) return form ? oauthAnswer(error) : appErrorAnswer(error)
  if (error instanceof Error && 'digest' in error) throw error
  console.error(error)
  return appErrorAnswer(new AppError('internal_error'))
}

/** The answer of an error of the app. */
export function appErrorAnswer({ code, message, status, details }: AppError, headers: HeadersInit = {}): Response {
  const all = new Headers(headers)
  all.set('Cache-Control', 'no-store')
  if (status === 503) all.set('Retry-After', '5')
  return Response.json({ error: { ...details, code, message } }, { status, headers: all })
}

function oauthAnswer({ status, message }: AppError): Response {
  const headers = { 'Cache-Control': 'no-store' }
  return Response.json({ error: 'invalid_request', error_description: message }, { status, headers })
}
