/** A request of node:http and its answer as the library sees them: read when asked, nothing is copied. */
import type { RequestView, ResponseHeaders } from '../cookie/request-view.js'
import { ConfigError } from '../errors.js'
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

/**
 * A view of a node:http request, and of its headers. Building a web `Request` would cost more than the whole check, and so
 * would a literal with accessors: the engine makes a hidden class of each, which lives on and keeps the request.
 */
class NodeRequestView implements RequestView {
  readonly #request: NodeRequest

  constructor(request: NodeRequest) {
    this.#request = request
  }

  get method(): string {
    return this.#request.method ?? ''
  }

  get url(): string {
    return this.#request.originalUrl ?? this.#request.url ?? ''
  }

  get headers(): RequestView['headers'] {
    return this
  }

  get(name: string): string | null {
    const value = this.#request.headers[name.toLowerCase()]
    return Array.isArray(value) ? value.join(', ') : (value ?? null)
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

/** Adds a header line to an answer of the framework. */
type Append<Answer> = (answer: Answer, name: string, value: string) => unknown

/** A request on its way with its answer, and the door once somebody asked for it: one object, as it is made for every request. */
class NodeExchange<Data, Answer> extends NodeRequestView implements ResponseHeaders {
  readonly #answer: Answer
  readonly #append: Append<Answer>
  auth: RequestAuth<Data> | undefined

  constructor(request: NodeRequest, answer: Answer, append: Append<Answer>) {
    super(request)
    this.#answer = answer
    this.#append = append
    this.auth = undefined
  }

  append(name: string, value: string): void {
    this.#append(this.#answer, name, value)
  }
}

/**
 * Makes the doors of a server of node:http, for an adapter: `append` puts a cookie, or `no-store`, on its framework's answers.
 * Throws `ConfigError` for what is no authenticator.
 */
export function nodeDoors<Data, Answer>(
  authenticator: Authenticator<Data>,
  append: (answer: Answer, name: string, value: string) => unknown,
): NodeDoors<Data, Answer> {
  if (typeof authenticator?.bind !== 'function') {
    throw new ConfigError(`authenticator: expected what createAuthenticator returned, received ${typeof authenticator}`)
  }
  // A symbol, as an entry of a weak map costs the collector more than the whole check (decision 026).
  const key = Symbol('@tessera-auth/exchange')
  type Opened = NodeRequest & { [key]?: NodeExchange<Data, Answer> }
  return {
    open(request: Opened, answer) {
      request[key] ??= new NodeExchange<Data, Answer>(request, answer, append)
    },
    of(request: Opened) {
      const exchange = request[key]
      return exchange && (exchange.auth ??= authenticator.bind(exchange, exchange))
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
