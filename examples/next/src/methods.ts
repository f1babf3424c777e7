/** The methods of a path: what it has, and what it answers to all others. */
import { AuthError, type RequestAuth } from '@tessera-auth/core'
import type { NextRequest } from 'next/server'
import type { AccountRequest } from './accounts.ts'
import { AppError } from './app-error.ts'
import { type App, openApp } from './auth.ts'
import type { Cart } from './cart.ts'
import { addressOf } from './client-address.ts'
import { type BodyType, readBody } from './request-body.ts'

/** One request to a route, with all that answering it takes. */
export interface Call extends AccountRequest {
  readonly app: App
  readonly auth: RequestAuth<Cart>
  readonly request: NextRequest
  readonly params: Readonly<Record<string, string>>
}

/** How a path takes bodies, and how it says what is wrong with them. */
export interface PathOptions {
  /** Default: JSON only. */
  readonly takes?: readonly BodyType[]
  /** OAuth clients expect RFC 6749 §5.2 bodies. */
  readonly errors?: 'oauth'
}

type Method = 'GET' | 'HEAD' | 'POST' | 'PUT' | 'PATCH' | 'DELETE' | 'OPTIONS'
type Answer = (call: Call) => Response | Promise<Response>
type NextHandler = (request: NextRequest, context: { params: Promise<object> }) => Promise<Response>

/**
 * The exports of a `route.ts`: for the methods named, and 405 with `Allow` for the others. What a route answers is
 * `no-store` unless it says otherwise.
 *
 * @example
 * ```ts
 * export const { GET, HEAD, POST, PUT, PATCH, DELETE, OPTIONS } = methods({ GET: ({ auth }) => … })
 * ```
 */
export function methods(
  answers: Partial<Record<Method, Answer>>,
  options: PathOptions = {},
): Record<Method, NextHandler> {
  const known = { ...(answers.GET ? { HEAD: answers.GET } : {}), ...answers }
  const allow = [...Object.keys(known), 'OPTIONS'].toSorted().join(', ')
  const refuse = async (): Promise<Response> => appErrorAnswer(new AppError('method_not_allowed'), { Allow: allow })
  const tell = async (): Promise<Response> => new Response(null, { status: 204, headers: { Allow: allow } })
  const of = (method: Method): NextHandler => {
    const answer = known[method]
    return answer ? handlerOf(answer, options) : refuse
  }
  return {
    GET: of('GET'),
    HEAD: of('HEAD'),
    POST: of('POST'),
    PUT: of('PUT'),
    PATCH: of('PATCH'),
    DELETE: of('DELETE'),
    OPTIONS: tell,
  }
}

/** A redirect with `303 See Other`: to be followed by GET. */
export function seeOther(location: string): Response {
  return new Response(null, { status: 303, headers: { Location: location } })
}

/** For HEAD where GET has an effect: a preview of a link must not use it up. */
export function noAnswer(): Response {
  return empty(204)
}

/** An answer without a body. */
export function empty(status: 200 | 204): Response {
  return new Response(null, { status })
}

/** Known by its name: each bundle has a class of its own. */
export function isAppError(error: unknown): error is AppError {
  return error instanceof Error && error.name === 'AppError'
}

function handlerOf(answer: Answer, { takes = ['json'], errors }: PathOptions): NextHandler {
  return async (request, context) => {
    const app = await openApp()
    const handler = app.route<Record<string, string>>(async (_request, auth, params) => {
      try {
        const body = isSafe(request) ? undefined : await readBody(request, takes)
        return noStore(await answer({ app, auth, request, params, body, address: addressOf(request.headers) }))
      } catch (error) {
        return errorAnswer(error, errors)
      }
    })
    return handler(request, { params: context.params as Promise<Record<string, string>> })
  }
}

function isSafe({ method }: Request): boolean {
  return method === 'GET' || method === 'HEAD'
}

function noStore(response: Response): Response {
  if (!response.headers.has('Cache-Control')) response.headers.set('Cache-Control', 'no-store')
  return response
}

/** The library's errors are answered by `route`; what has a digest is Next's own; the rest is logged. */
function errorAnswer(error: unknown, form: PathOptions['errors']): Response {
  if (error instanceof AuthError) {
    throw form && error.code === 'invalid_request' ? new AuthError('invalid_request', { form }) : error
  }
  if (isAppError(error)) return form ? oauthAnswer(error) : appErrorAnswer(error)
  if (error instanceof Error && 'digest' in error) throw error
  console.error(error)
  return appErrorAnswer(new AppError('internal_error'))
}

function appErrorAnswer({ code, message, status, details }: AppError, headers: HeadersInit = {}): Response {
  const all = new Headers(headers)
  all.set('Cache-Control', 'no-store')
  if (status === 503) all.set('Retry-After', '5')
  return Response.json({ error: { ...details, code, message } }, { status, headers: all })
}

function oauthAnswer({ status, message }: AppError): Response {
  return noStore(Response.json({ error: 'invalid_request', error_description: message }, { status }))
}
