/** Where an endpoint goes in each framework. In a route handler of Next: `export const POST = revocation.fetch`. */
import type { TokenEndpoint } from '@tessera-auth/core'
import type { RequestHandler } from 'express'
import type { FastifyPluginCallback } from 'fastify'

/** For Express, before `express.json()` and its like: `app.use('/oauth/revoke', onExpress(revocation))`. */
export function onExpress(endpoint: TokenEndpoint): RequestHandler {
  return (request, response) => endpoint.node(request, response)
}

/** For Fastify: `app.register(onFastify(revocation), { prefix: '/oauth/revoke' })`. Its parsers leave the body alone here. */
export function onFastify(endpoint: TokenEndpoint): FastifyPluginCallback {
  return (scope, _options, done) => {
    scope.removeAllContentTypeParsers()
    scope.addContentTypeParser('*', (_request, _body, parsed) => parsed(null))
    scope.all('/', async ({ raw }, reply) => {
      await endpoint.node(raw, {
        set statusCode(status: number) {
          reply.code(status)
        },
        setHeader: (name, value) => reply.header(name, value),
        end: (body) => reply.send(body),
      })
      return reply
    })
    done()
  }
}
