/** What a path answers to the methods it does not have: 405, and OPTIONS tells which there are (RFC 9110 §15.5.6). */
import { METHODS } from 'node:http'
import type { FastifyInstance } from 'fastify'
import { AppError } from './app-error.ts'

/** Watches the routes that are registered from now on. Call what it returns, with their scope, when all are there. */
export function watchMethods(app: FastifyInstance): (scope: FastifyInstance) => void {
  // All that Node reads, so that none of them is taken for a path that is not there. It answers CONNECT by itself.
  const unread = METHODS.filter((method) => method !== 'CONNECT' && !app.supportedMethods.includes(method))
  for (const method of unread) app.addHttpMethod(method)
  const methodsOf = new Map<string, Set<string>>()
  app.addHook('onRoute', ({ url, method }) => {
    const methods = methodsOf.get(url) ?? new Set(['OPTIONS'])
    methodsOf.set(url, methods)
    for (const one of [method].flat()) methods.add(one)
  })
  return (scope) => {
    for (const [url, methods] of [...methodsOf]) {
      const allow = [...methods].toSorted().join(', ')
      const missing = app.supportedMethods.filter((method) => !methods.has(method))
      scope.options(url, (_request, reply) => reply.header('Allow', allow).code(204).send())
      scope.route({
        url,
        method: missing,
        // Before the body is read: it does not matter here.
        onRequest: async (_request, reply) => {
          reply.header('Allow', allow)
          throw new AppError('method_not_allowed')
        },
        handler: () => {},
      })
    }
  }
}
