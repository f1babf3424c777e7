/** The methods of a path: what it has, and what it answers to all others. */
import { AuthError, type RequestAuth } from '@tessera-auth/core'
import type { NextRequest } from 'next/server'
import type { AccountRequest } from './accounts.ts'
import { appErrorAnswer, errorAnswer } from './answer-errors.ts'
import { AppError } from './app-error.ts'
import { type App, openApp } from './auth.ts'
import type { Cart } from './cart.ts'
import { addressOf } from './client-address.ts'
import { otherMethod } from './front.ts'
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
  /**
   * Which unsafe requests of other sites are refused whatever their body is: those with a cookie of ours, or, where the
   * answer would set one, all; or none, where no cookie speaks.
   */
  readonly guard?: 'cookie' | 'always' | 'none'
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
  const tell = async (): Promise<Response> => noStore(new Response(null, { status: 204, headers: { Allow: allow } }))
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
    OPTIONS: (request) => (request.headers.has(otherMethod) ? refuse() : tell()),
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

function handlerOf(answer: Answer, options: PathOptions): NextHandler {
  const { takes = ['json'], errors, guard = 'cookie' } = options
  return async (request, context) => {
    const app = await openApp()
    const handler = app.route<Record<string, string>>(async (_request, auth, params) => {
      try {
        const body = isSafe(request) ? undefined : await readBody(request, takes)
        return noStore(await answer({ app, auth, request, params, body, address: addressOf(request.headers) }))
      } catch (error) {
        return errorAnswer(await foreignFirst(error, auth, guard), errors)
      }
    })
    return handler(request, { params: context.params as Promise<Record<string, string>> })
  }
}

/** What another site sends is refused as such, also where its body alone would have been reason enough. */
async function foreignFirst(error: unknown, auth: Call['auth'], guard: PathOptions['guard']): Promise<unknown> {
  const { status } = (error ?? {}) as { status?: unknown }
  if (guard === 'none' || ![400, 413, 415].includes(Number(status))) return error
  try {
    await (guard === 'always' ? auth.beginLogin(null) : auth.session())
  } catch (rejection) {
    if (rejection instanceof AuthError && rejection.code === 'csrf_rejected') return rejection
  }
  return error
}

function isSafe({ method }: Request): boolean {
  return method === 'GET' || method === 'HEAD'
}

function noStore(response: Response): Response {
  if (!response.headers.has('Cache-Control')) response.headers.set('Cache-Control', 'no-store')
  return response
}
