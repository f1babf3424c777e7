/** The Express servers under measurement. */
import express, { type Express } from 'express'
import { expressAdapter } from '@tessera-auth/express'
import {
  benchSecret,
  type Found,
  handJwt,
  handMemory,
  handRedis,
  type HandWritten,
  type Ready,
  reply,
  signInAt,
  tessera,
  tesseraJwt,
  userId,
} from './variants.ts'

/** Makes one server and signs somebody in. */
export type MakeExpress = () => Promise<Ready & { readonly app: Express }>

const password = 'a long enough password'
const email = 'ada@example.com'

async function withTessera(made: ReturnType<typeof tessera>) {
  const { authenticator, headers } = await made
  const { middleware, errorHandler, getAuth } = expressAdapter(authenticator)
  const app = express().use(middleware)
  app.get('/', async (request, response) => reply(response, await getAuth(request).requireSession()))
  return { app: app.use(errorHandler), headers }
}

// As one writes it: a middleware before the routes, and no cache may keep what it lets through.
function withHandWritten({ field, check, headers }: HandWritten) {
  const app = express()
  app.use(async (request, response, next) => {
    response.set('Cache-Control', 'no-store')
    response.locals['user'] = await check(request.headers[field])
    next()
  })
  app.get('/', (_request, response) => reply(response, response.locals['user'] as Found | null))
  return { app, headers }
}

async function withExpressSession(options: object) {
  const { default: session } = await import('express-session')
  const app = express().use(session({ secret: benchSecret, resave: false, saveUninitialized: false, ...options }))
  app.post('/sign-in', (request, response) => {
    Object.assign(request.session, { userId })
    response.sendStatus(204)
  })
  app.get('/', (request, response) => reply(response, request.session as unknown as { userId: string }))
  return { app, headers: await signInAt(app) }
}

async function withBetterAuth(options: object) {
  const [{ betterAuth }, { toNodeHandler, fromNodeHeaders }, { memoryAdapter }] = await Promise.all([
    import('better-auth'),
    import('better-auth/node'),
    import('better-auth/adapters/memory'),
  ])
  const auth = betterAuth({
    secret: benchSecret,
    baseURL: 'http://localhost',
    database: memoryAdapter({ user: [], session: [], account: [], verification: [] }),
    emailAndPassword: { enabled: true },
    rateLimit: { enabled: false },
    logger: { disabled: true },
    telemetry: { enabled: false },
    ...options,
  })
  const answer = await auth.api.signUpEmail({ body: { email, password, name: 'Ada' }, asResponse: true })
  const app = express().all('/api/auth/{*any}', toNodeHandler(auth))
  app.get('/', async (request, response) => {
    const found = await auth.api.getSession({ headers: fromNodeHeaders(request.headers) })
    reply(response, found && { userId: found.user.id })
  })
  return {
    app,
    headers: {
      cookie: answer.headers
        .getSetCookie()
        .map((line) => line.split(';')[0])
        .join('; '),
    },
  }
}

/** By name; `bare` checks nothing and is what the others are measured over. */
export const expressServers: Readonly<Record<string, MakeExpress>> = {
  async bare() {
    const app = express()
    app.get('/', (_request, response) => reply(response, { userId }))
    return { app, headers: {} }
  },
  'by hand, Map': async () => withHandWritten(handMemory()),
  'by hand, Redis GET': async () => withHandWritten(await handRedis()),
  'by hand, fast-jwt with its cache': async () => withHandWritten(handJwt()),
  'Tessera, cached over Redis': () => withTessera(tessera(true)),
  'Tessera, Redis': () => withTessera(tessera(false)),
  async 'Tessera, JWT seen before'() {
    const { authenticator, headers } = await tesseraJwt()
    const { middleware, errorHandler, getAuth } = expressAdapter(authenticator)
    const app = express().use(middleware)
    app.get('/', async (request, response) =>
      reply(response, { userId: (await getAuth(request).requireScope('profile')).sub }),
    )
    return { app: app.use(errorHandler), headers }
  },
  'express-session, memory': () => withExpressSession({}),
  async 'express-session, connect-redis'() {
    const [{ RedisStore }, { createClient }] = await Promise.all([import('connect-redis'), import('redis')])
    const client = createClient({ url: process.env['TEST_REDIS_URL'] ?? 'redis://127.0.0.1:6379' })
    await client.connect()
    return withExpressSession({ store: new RedisStore({ client, prefix: 'bench:express-session:', ttl: 600 }) })
  },
  async 'iron-session'() {
    const { getIronSession } = await import('iron-session')
    const options = { password: benchSecret, cookieName: 'iron', cookieOptions: { secure: false } }
    const app = express()
    app.post('/sign-in', async (request, response) => {
      const session = await getIronSession<{ userId: string }>(request, response, options)
      session.userId = userId
      await session.save()
      response.sendStatus(204)
    })
    app.get('/', async (request, response) => {
      const { userId: found } = await getIronSession<{ userId?: string }>(request, response, options)
      reply(response, { userId: found ?? null })
    })
    return { app, headers: await signInAt(app) }
  },
  'better-auth, memory': () => withBetterAuth({}),
  'better-auth, cookie cache': () => withBetterAuth({ session: { cookieCache: { enabled: true, maxAge: 600 } } }),
  async 'express-jwt'() {
    const [{ expressjwt }, { default: jsonwebtoken }] = await Promise.all([
      import('express-jwt'),
      import('jsonwebtoken'),
    ])
    const token = jsonwebtoken.sign({ sub: userId }, benchSecret, { algorithm: 'HS256', expiresIn: 3600 })
    const app = express().use(expressjwt({ secret: benchSecret, algorithms: ['HS256'] }))
    app.get('/', (request, response) =>
      reply(response, { userId: (request as unknown as { auth: { sub: string } }).auth.sub }),
    )
    return { app, headers: { authorization: `Bearer ${token}` } }
  },
}
