/** The app, without a socket: what it is made of comes as an argument, so that tests can build and `inject` it. */
import { systemPlatform } from '@tessera-auth/core/http'
import { fastifyAdapter } from '@tessera-auth/fastify'
import Fastify, { type FastifyInstance, type FastifyReply, type FastifyRequest } from 'fastify'
import { answerErrors, answerNotFound, foreignFirst } from './answer-errors.ts'
import { authRoutes } from './auth-routes.ts'
import { refuseUnreadable } from './client-errors.ts'
import { createDoor, type Door } from './door.ts'
import { watchMethods } from './methods.ts'
import { oauthRoutes } from './oauth-routes.ts'
import type { SignedInVisitor } from './page.ts'
import { pageRoutes } from './page-routes.ts'
import { bodyLimit, takeJson } from './parsers.ts'
import { isOddPath } from './path-spelling.ts'
import { type AppParts, createServices, type Services } from './services.ts'
import { sessionRoutes } from './session-routes.ts'
import { tokenRoutes } from './token-routes.ts'
import type { Users } from './users.ts'

/** The app, and its services for whoever tests it. */
export interface BuiltApp {
  readonly app: FastifyInstance
  readonly services: Services
}

/** Builds the app. Throws `ConfigError` for what cannot work. */
export async function buildApp(parts: AppParts): Promise<BuiltApp> {
  const { shared, config } = parts
  const services = createServices(parts)
  const { plugin, errorHandler, getAuth } = fastifyAdapter(services.authenticator)

  const safety = safetyHeaders(shared.origin)
  const app = Fastify({
    bodyLimit,
    // As proxies ask, RFC 9112 §3.2.2.
    rewriteUrl: ({ url = '/' }) => url.replace(/^https?:\/\/[^/?]*\/?/i, '/'),
    // A long id is an unknown one: 404, as any other.
    routerOptions: { maxParamLength: 16_384 },
    trustProxy: config.trustProxy.length > 0 ? [...config.trustProxy] : false,
    // What is on its way when the app is told to stop is still answered.
    return503OnClosing: false,
    // A body is what it is: nothing is turned into something else, or taken away, to make it fit.
    ajv: { customOptions: { coerceTypes: false, removeAdditional: false } },
    logger: { level: 'error', stream: process.stderr },
    // What the router cannot read is answered like anything else that a client got wrong.
    frameworkErrors: (error, request, reply) => answerErrors(error, request, reply.headers(safety)),
    clientErrorHandler: refuseUnreadable,
  })
  takeJson(app)
  app.setErrorHandler(answerErrors)
  app.setNotFoundHandler(answerNotFound)
  app.addHook('onRequest', async (_request, reply) => void reply.headers(safety))
  app.addHook('onRequest', beforeBody)
  await app.register(plugin)
  const answerOtherMethods = watchMethods(app)
  await app.register(async (scope) => {
    scope.setErrorHandler(async (error, request, reply) =>
      errorHandler(await foreignFirst(getAuth, request, error), request, reply),
    )
    await registerRoutes(scope, { ...parts, services, door: createDoor(getAuth) })
    answerOtherMethods(scope)
  })
  return { app, services }
}

/** Where nothing is, no body is read; and one that is not there has no type. */
async function beforeBody(request: FastifyRequest, reply: FastifyReply): Promise<FastifyReply | undefined> {
  if (request.is404 || isOddPath(request.url.split('?', 1)[0] ?? '')) return answerNotFound(request, reply)
  const { headers } = request
  if (headers['transfer-encoding'] === undefined && Number(headers['content-length'] ?? 0) === 0) {
    delete headers['content-type']
  }
  return undefined
}

type RouteParts = AppParts & { readonly services: Services; readonly door: Door }

async function registerRoutes(app: FastifyInstance, parts: RouteParts): Promise<void> {
  const { services, door, users, config } = parts
  // What depends on who asks is for nobody else. The few routes that do not, say so themselves.
  app.addHook('onRequest', async (_request, reply) => void reply.header('Cache-Control', 'no-store'))
  app.get('/healthz', health(services, users))
  await app.register(authRoutes(services.accounts, door))
  await app.register(sessionRoutes({ ...services, door }))
  await app.register(tokenRoutes({ ...services, door, introspection: config.introspection }))
  await app.register(oauthRoutes({ ...services, door }))
  await app.register(pageRoutes({ ...services, door, visitor: visitorOf(parts) }))
}

/** Headers that keep browsers from doing what no page here needs. */
function safetyHeaders(origin: string): Readonly<Record<string, string>> {
  const policy = [
    "default-src 'none'",
    "style-src 'self'",
    'img-src data:',
    "form-action 'self'",
    "base-uri 'none'",
    "frame-ancestors 'none'",
  ]
  return {
    'Content-Security-Policy': policy.join('; '),
    'X-Content-Type-Options': 'nosniff',
    // `no-referrer` would make browsers send `Origin: null` with our own forms.
    'Referrer-Policy': 'same-origin',
    'Cross-Origin-Opener-Policy': 'same-origin',
    ...(origin.startsWith('https:') ? { 'Strict-Transport-Security': 'max-age=31536000' } : {}),
  }
}

function health({ sessions }: Services, users: Users) {
  return async (_request: FastifyRequest, reply: FastifyReply): Promise<FastifyReply> => {
    const reads = Promise.all([sessions.beginLogin(null), users.byId('nobody')])
    const healthy = await reads.then(
      () => true,
      () => false,
    )
    if (!healthy) reply.header('Retry-After', '5')
    return reply.code(healthy ? 200 : 503).send({ status: healthy ? 'ok' : 'unavailable' })
  }
}

/** What the page shows of who is signed in. */
function visitorOf({ services, users, door, shared }: RouteParts) {
  const { sessions, tokens } = services
  const { origin, platform = systemPlatform } = shared
  return async (request: FastifyRequest): Promise<SignedInVisitor | null> => {
    const current = await door.getAuth(request).session()
    const user = current && (await users.byId(current.userId))
    if (!current || !user) return null
    const { access_token } = await tokens.issueAccessToken({ session: current, scope: 'profile orders:read' })
    const command = `curl -H 'Authorization: Bearer ${access_token}' ${origin}/api/profile`
    return { user, current, command, sessions: await sessions.list(user.id), now: platform.now() }
  }
}
