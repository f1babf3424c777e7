/** The app, without a socket: what it is made of comes as an argument, so that tests can build it. */
import { systemPlatform } from '@tessera-auth/core/http'
import { expressAdapter } from '@tessera-auth/express'
import express, { type Express, type Request, type RequestHandler } from 'express'
import { allow, answerErrors, foreignFirst, notFound } from './app-error.ts'
import { authRoutes } from './auth-routes.ts'
import { createDoor } from './door.ts'
import { oauthRoutes } from './oauth-routes.ts'
import type { SignedInVisitor } from './page.ts'
import { pageRoutes } from './page-routes.ts'
import { isOddPath } from './path-spelling.ts'
import { type AppParts, createServices, type Services } from './services.ts'
import { sessionRoutes } from './session-routes.ts'
import { tokenRoutes } from './token-routes.ts'
import type { Users } from './users.ts'

/** The app, and its services for whoever tests it. */
export interface BuiltApp {
  readonly app: Express
  readonly services: Services
}

/** Builds the app. Throws `ConfigError` for what cannot work. */
export function buildApp(parts: AppParts): BuiltApp {
  const { shared, users, config } = parts
  const services = createServices(parts)
  const { middleware, errorHandler, getAuth } = expressAdapter(services.authenticator)
  const door = createDoor(getAuth)
  const visitor = visitorOf({ ...services, users }, { ...parts.shared, getAuth })

  const app = express()
  app.disable('x-powered-by')
  app.enable('case sensitive routing').enable('strict routing')
  app.disable('etag') // the cart has its own; elsewhere nothing may be kept
  app.set('trust proxy', config.trustProxy)
  app.use(protect(shared.origin), noStore, ownSpelling, middleware)
  app.route('/healthz').get(health(services, users)).all(allow('GET'))
  app.use(
    authRoutes(services.accounts, door),
    sessionRoutes({ ...services, door }),
    tokenRoutes({ ...services, door, introspection: config.introspection }),
    oauthRoutes({ ...services, door }),
    pageRoutes({ ...services, door, visitor }),
  )
  app.use(notFound, foreignFirst(getAuth), errorHandler, answerErrors)
  return { app, services }
}

/** What depends on who asks is for nobody else. The few routes that do not, say so themselves. */
const noStore: RequestHandler = (request, response, next) => {
  response.set('Cache-Control', 'no-store')
  delete request.headers['if-none-match'] // Express would answer 304 to `*`, though nothing was kept
  next()
}

const ownSpelling: RequestHandler = (request, response, next) =>
  isOddPath(request.path) ? notFound(request, response, next) : next()

/** Headers that keep browsers from doing what no page here needs. */
function protect(origin: string): RequestHandler {
  const policy = [
    "default-src 'none'",
    "style-src 'self'",
    'img-src data:',
    "form-action 'self'",
    "base-uri 'none'",
    "frame-ancestors 'none'",
  ]
  const headers = {
    'Content-Security-Policy': policy.join('; '),
    'X-Content-Type-Options': 'nosniff',
    // `no-referrer` would make browsers send `Origin: null` with our own forms.
    'Referrer-Policy': 'same-origin',
    'Cross-Origin-Opener-Policy': 'same-origin',
    ...(origin.startsWith('https:') ? { 'Strict-Transport-Security': 'max-age=31536000' } : {}),
  }
  return (_request, response, next) => {
    response.set(headers)
    next()
  }
}

function health({ sessions }: Services, users: Users): RequestHandler {
  return async (_request, response) => {
    const reads = Promise.all([sessions.beginLogin(null), users.byId('nobody')])
    const healthy = await reads.then(
      () => true,
      () => false,
    )
    response.status(healthy ? 200 : 503).set(healthy ? {} : { 'Retry-After': '5' })
    response.json({ status: healthy ? 'ok' : 'unavailable' })
  }
}

/** What the page shows of who is signed in. */
function visitorOf(
  { users, sessions, tokens }: Services & { readonly users: Users },
  { getAuth, origin, platform = systemPlatform }: AppParts['shared'] & Pick<ReturnType<typeof createDoor>, 'getAuth'>,
): (request: Request) => Promise<SignedInVisitor | null> {
  return async (request) => {
    const current = await getAuth(request).session()
    const user = current && (await users.byId(current.userId))
    if (!current || !user) return null
    const { access_token } = await tokens.issueAccessToken({ session: current, scope: 'profile orders:read' })
    const command = `curl -H 'Authorization: Bearer ${access_token}' ${origin}/api/profile`
    return { user, current, command, sessions: await sessions.list(user.id), now: platform.now() }
  }
}
