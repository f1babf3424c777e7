/** How errors become answers: the app's own, and those of Fastify and its parsers. */
import type { FastifyError, FastifyReply, FastifyRequest } from 'fastify'
import { AppError, type AppErrorCode } from './app-error.ts'
import { notFoundPage } from './page.ts'

/** The outermost error handler; logs what nobody expected. */
export function answerErrors(error: unknown, request: FastifyRequest, reply: FastifyReply): FastifyReply {
  const known = appErrorOf(error)
  if (known.status === 500) request.log.error(error)
  const { code, message, status, details } = known
  if (status === 503) reply.header('Retry-After', '5')
  return reply.code(status).send({ error: { ...details, code, message } })
}

/** A page for a person, JSON for a program. */
export function answerNotFound(request: FastifyRequest, reply: FastifyReply): FastifyReply {
  const accept = request.headers.accept ?? ''
  const html = accept.indexOf('text/html')
  const json = accept.indexOf('application/json')
  const isPerson = html >= 0 && (json < 0 || html < json)
  if (isPerson) return reply.code(404).type('text/html; charset=utf-8').send(notFoundPage())
  return answerErrors(new AppError('not_found'), request, reply)
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
