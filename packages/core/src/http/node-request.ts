/** A request of node:http and its answer as the library sees them: read when asked, nothing is copied. */
import type { RequestView, ResponseHeaders } from '../cookie/request-view.js'
import { ConfigError } from '../errors.js'
import { hiddenField } from '../internal/hidden-field.js'
import type { Authenticator } from './authenticator.js'
import { errorResponse } from './error-response.js'
import type { RequestAuth } from './request-auth.js'

/** The part of `IncomingMessage` that is read. */
export interface NodeRequest {
  /** The HTTP method, in capitals. */
  readonly method?: string | undefined
  /** Path and query, as they came. */
  readonly url?: string | undefined
  /** Express: the URL as it came, also inside a mounted app. */
  readonly originalUrl?: string | undefined
  /** Header fields, names in lower case. */
  readonly headers: Readonly<Record<string, string | string[] | undefined>>
}

/** What writing an error answer needs; `ServerResponse` is one, and so is a Fastify reply behind two lines. */
export interface ErrorTarget {
  /** Replaces a header field. */
  setHeader(name: string, value: string): unknown
  /** Takes a header field out. */
  removeHeader(name: string): unknown
}

/** Headers of the answer that the route meant to give; they do not describe the error that is sent instead. */
const headersOfTheRoute = [
  'content-encoding',
  'content-language',
  'content-length',
  'content-range',
  'etag',
  'last-modified',
]

class NodeHeaders {
  readonly #request: NodeRequest

  constructor(request: NodeRequest) {
    this.#request = request
  }

  get(name: string): string | null {
    const value = this.#request.headers[name.toLowerCase()]
    return Array.isArray(value) ? value.join(', ') : (value ?? null)
  }
}

/**
 * A view of a node:http request. Building a web `Request` would cost more than the whole check, and so would a literal
 * with accessors: the engine makes a hidden class of each, which lives on and keeps the request.
 */
class NodeRequestView implements RequestView {
  readonly #request: NodeRequest
  readonly headers: RequestView['headers']

  constructor(request: NodeRequest) {
    this.#request = request
    this.headers = new NodeHeaders(request)
  }

  get method(): string {
    return this.#request.method ?? ''
  }

  get url(): string {
    return this.#request.originalUrl ?? this.#request.url ?? ''
  }
}

/** A view of a node:http request: read when asked, nothing is copied. */
export function nodeRequestView(request: NodeRequest): RequestView {
  return new NodeRequestView(request)
}

/** The doors of the requests under way, each opened once and made when somebody asks for it. */
export interface NodeDoors<Data, Answer> {
  /** Says which answer belongs to a request. The first one stays: its door may have been used already. */
  open(request: NodeRequest, answer: Answer): void
  /** The door of a request; `undefined`: it was not opened. */
  of(request: NodeRequest): RequestAuth<Data> | undefined
}

/** A request on its way: its answer, and the door once somebody asked for it. */
interface Bound<Data, Answer> {
  readonly answer: Answer
  auth?: RequestAuth<Data>
}

/**
 * Makes the doors of a server of node:http, for an adapter: `headersOf` tells how cookies get on its framework's answers.
 * Throws `ConfigError` for what is no authenticator.
 */
export function nodeDoors<Data, Answer>(
  authenticator: Authenticator<Data>,
  headersOf: (answer: Answer) => ResponseHeaders,
): NodeDoors<Data, Answer> {
  if (typeof authenticator?.bind !== 'function') {
    throw new ConfigError(`authenticator: expected what createAuthenticator returned, received ${typeof authenticator}`)
  }
  const bounds = hiddenField<Bound<Data, Answer>>()
  return {
    open(request, answer) {
      if (!bounds.get(request)) bounds.set(request, { answer })
    },
    of(request) {
      const bound = bounds.get(request)
      return bound && (bound.auth ??= authenticator.bind(nodeRequestView(request), headersOf(bound.answer)))
    },
  }
}

/** Puts the headers of an `AuthError`'s answer on a response; the status and body to send, or `null` for another error. */
export function applyErrorHeaders(target: ErrorTarget, error: unknown): { status: number; body: string } | null {
  const answer = errorResponse(error)
  if (!answer) return null
  for (const name of headersOfTheRoute) target.removeHeader(name)
  for (const [name, value] of Object.entries(answer.headers)) target.setHeader(name, value)
  return { status: answer.status, body: answer.body }
}
