/** Tessera for Fastify 5: translation, no policy. */
import type { IncomingMessage } from 'node:http'
import {
  applyErrorHeaders,
  type Authenticator,
  ConfigError,
  nodeDoors,
  type RequestAuth,
} from '@tessera-auth/core/http'
import type { FastifyPluginCallback, FastifyReply, FastifyRequest } from 'fastify'

/** What {@link fastifyAdapter} makes of an authenticator. */
export interface FastifyAdapter<Data = null> {
  /** Register it before the routes. It reads nothing by itself and takes over no body parsing. */
  readonly plugin: FastifyPluginCallback
  /** For `setErrorHandler`: answers every `AuthError` with its status and body; everything else goes to the next error handler out. */
  errorHandler(error: unknown, request: FastifyRequest, reply: FastifyReply): unknown
  /**
   * The door of this request, or of the upgrade request of a WebSocket; free until a method of it is called. Throws
   * `ConfigError` where the plugin does not reach.
   */
  getAuth(request: { readonly raw: IncomingMessage }): RequestAuth<Data>
}

/**
 * Adapts an authenticator to Fastify. The origin comes from its options, never from `Host`, so `trustProxy` does not
 * matter to it.
 *
 * @example
 * ```ts
 * const { plugin, errorHandler, getAuth } = fastifyAdapter(authenticator)
 * await app.register(plugin)
 * app.setErrorHandler(errorHandler)
 * app.get('/me', async (request) => ({ id: (await getAuth(request).requireSession()).userId }))
 * ```
 */
export function fastifyAdapter<Data>(authenticator: Authenticator<Data>): FastifyAdapter<Data> {
  const doors = nodeDoors(authenticator, append)

  // onRequest is the first hook: whatever comes after it, a parser or a guard of the app, may ask who it is.
  const plugin: FastifyPluginCallback = (instance, _options, done) => {
    instance.addHook('onRequest', (request, reply, next) => {
      doors.open(request.raw, reply)
      next()
    })
    done()
  }

  return {
    plugin: visibleToSiblings(plugin),
    errorHandler(error, _request, reply) {
      const answer = reply.sent ? null : applyErrorHeaders(errorTarget(reply), error)
      if (!answer) throw error
      return reply.code(answer.status).send(answer.body)
    },
    getAuth({ raw }) {
      const auth = doors.of(raw)
      if (!auth) throw new ConfigError('plugin: expected to be registered before the routes that call getAuth')
      return auth
    },
  }
}

/** Fastify's own marks for a plugin whose hooks hold where it is registered, not only inside itself. */
function visibleToSiblings(plugin: FastifyPluginCallback): FastifyPluginCallback {
  return Object.assign(plugin, {
    [Symbol.for('skip-override')]: true,
    [Symbol.for('fastify.display-name')]: '@tessera-auth/fastify',
    [Symbol.for('plugin-meta')]: { name: '@tessera-auth/fastify', fastify: '5.x' },
  })
}

// `reply.header` appends Set-Cookie and replaces everything else, at any time.
function append(reply: FastifyReply, name: string, value: string): void {
  if (name.toLowerCase() === 'set-cookie') return appendCookie(reply, value)
  const isTaken = name === 'Cache-Control' && (reply.sent || reply.raw.headersSent || reply.hasHeader(name))
  if (!isTaken) void reply.header(name, value)
}

// A cookie that comes too late is an error, not a loss. So it goes on Node's response too, which throws once headers are sent,
// and takes it, with what keeps it from caches, where a stream was begun but has written nothing. Until then what Fastify
// holds replaces both there.
function appendCookie(reply: FastifyReply, line: string): void {
  if (reply.sent && !reply.raw.headersSent) {
    throw Object.assign(new Error('Cannot set a cookie: the reply is hijacked'), { code: 'ERR_HTTP_HEADERS_SENT' })
  }
  reply.raw.appendHeader('Set-Cookie', line)
  const caching = reply.getHeader('Cache-Control')
  if (caching !== undefined && !reply.raw.hasHeader('Cache-Control')) reply.raw.setHeader('Cache-Control', caching)
  void reply.header('Set-Cookie', line)
}

function errorTarget(reply: FastifyReply): Parameters<typeof applyErrorHeaders>[0] {
  return {
    setHeader: (name, value) => reply.header(name, value),
    removeHeader: (name) => reply.removeHeader(name),
  }
}
