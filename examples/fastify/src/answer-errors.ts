/** How errors become answers: the app's own, and those of Fastify and its parsers. */
import { AuthError } from '@tessera-auth/core'
import type { FastifyError, FastifyReply, FastifyRequest } from 'fastify'
import { AppError, type AppErrorCode } from './app-error.ts'
import { notFoundPage } from './page.ts'

/** The outermost error handler; logs what nobody expected. */
export function answerErrors(error: unknown, request: FastifyRequest, reply: FastifyReply): FastifyReply {
  const known = appErrorOf(error)
  if (known.status === 500) request.log.error(error)
  const { code, message, status, details } = known
  reply.header('Cache-Control', 'no-store')
  if (status === 503) reply.header('Retry-After', '5')
  return reply.code(status).send({ error: { ...details, code, message } })
}

/** A page for a person, JSON for a program. */
export function answerNotFound(request: FastifyRequest, reply: FastifyReply): FastifyReply {
  if (prefersHtml(request.headers.accept ?? '')) {
    return reply.code(404).header('Cache-Control', 'no-store').type('text/html; charset=utf-8').send(notFoundPage())
  }
  return answerErrors(new AppError('not_found'), request, reply)
}

/** Of a page and JSON, which comes first in an Accept header (RFC 9110 §12.5.1); JSON where it names neither. */
function prefersHtml(accept: string): boolean {
  const weightOf = (type: string): number => {
    const range = accept.split(',').find((one) => one.split(';', 1)[0]?.trim().toLowerCase() === type)
    return range === undefined ? 0 : Number(/;\s*q=([\d.]+)/i.exec(range)?.[1] ?? 1)
  }
  const [html, json] = [weightOf('text/html'), weightOf('application/json')]
  const place = (type: string): number => accept.toLowerCase().indexOf(type)
  return html > json || (html > 0 && html === json && place('text/html') < place('application/json'))
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
export async function foreignFirst(
  getAuth: (request: FastifyRequest) => Guarded,
  request: FastifyRequest,
  error: unknown,
): Promise<unknown> {
  const { statusCode, status = statusCode } = (error ?? {}) as { status?: unknown; statusCode?: unknown }
  if (![400, 413, 415].includes(Number(status)) || unguarded.test(request.url)) return error
  const auth = getAuth(request)
  const asked = givesCookie.test(request.url) ? auth.beginLogin(null) : auth.session()
  const guarded: unknown = await asked.catch((reason: unknown) => reason)
  return guarded instanceof AuthError && guarded.code === 'csrf_rejected' ? guarded : error
}

/** Fastify says by a status what a client did wrong. */
export function appErrorOf(error: unknown): AppError {
  return error instanceof AppError ? error : new AppError(codeOf(error as Partial<FastifyError>))
}

function codeOf({ statusCode = 500 }: Partial<FastifyError>): AppErrorCode {
  if (statusCode === 413) return 'payload_too_large'
  if (statusCode === 415) return 'unsupported_media_type'
  return statusCode >= 400 && statusCode < 500 ? 'invalid_request' : 'internal_error'
}
