/** A request of node:http and its answer as the library sees them: read when asked, nothing is copied. */
import type { RequestView } from '../cookie/request-view.js'
import { errorResponse } from './error-response.js'

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

/** A view of a node:http request. Building a web `Request` would cost more than the whole check. */
export function nodeRequestView(request: NodeRequest): RequestView {
  return {
    get method() {
      return request.method ?? ''
    },
    get url() {
      return request.originalUrl ?? request.url ?? ''
    },
    headers: {
      get(name) {
        const value = request.headers[name.toLowerCase()]
        return Array.isArray(value) ? value.join(', ') : (value ?? null)
      },
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
