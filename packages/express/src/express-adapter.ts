/** Tessera for Express 5: translation, no policy. */
import type { IncomingMessage, ServerResponse } from 'node:http'
import {
  applyErrorHeaders,
  type Authenticator,
  ConfigError,
  nodeDoors,
  type RequestAuth,
} from '@tessera-auth/core/http'
import type { ErrorRequestHandler, RequestHandler } from 'express'

/** What {@link expressAdapter} makes of an authenticator. */
export interface ExpressAdapter<Data = null> {
  /** Goes before the routes. Reads nothing by itself: not the store, not the body, not a cookie. */
  readonly middleware: RequestHandler
  /** Goes after the routes. Answers every `AuthError` with its status and body; passes on everything else. */
  readonly errorHandler: ErrorRequestHandler
  /** The door of this request; free until a method of it is called. Throws `ConfigError` when the middleware is missing. */
  getAuth(request: IncomingMessage): RequestAuth<Data>
}

/**
 * Adapts an authenticator to Express. The origin comes from its options, never from `Host`, so `trust proxy` does not
 * matter to it.
 *
 * @example
 * ```ts
 * const { middleware, errorHandler, getAuth } = expressAdapter(authenticator)
 * const app = express().use(middleware)
 * app.get('/me', async (req, res) => { res.json({ id: (await getAuth(req).requireSession()).userId }) })
 * app.use(errorHandler)
 * ```
 */
export function expressAdapter<Data>(authenticator: Authenticator<Data>): ExpressAdapter<Data> {
  const doors = nodeDoors(authenticator, append)
  return {
    middleware(request, response, next) {
      doors.open(request, response)
      next()
    },
    errorHandler(error: unknown, _request, response, next) {
      if (response.headersSent || !sendError(response, error)) next(error)
    },
    getAuth(request) {
      const auth = doors.of(request)
      if (!auth) throw new ConfigError('middleware: expected before the routes that call getAuth: app.use(middleware)')
      return auth
    },
  }
}

// A cookie that comes too late throws Node's own ERR_HTTP_HEADERS_SENT: a sign-in nobody holds is no success.
function append(response: ServerResponse, name: string, value: string): void {
  if (name !== 'Cache-Control') response.appendHeader(name, value)
  else if (!response.headersSent && !response.hasHeader(name)) response.setHeader(name, value)
}

function sendError(response: ServerResponse, error: unknown): boolean {
  const answer = applyErrorHeaders(response, error)
  if (!answer) return false
  response.statusCode = answer.status
  response.end(answer.body)
  return true
}
