/** The Fastify servers under measurement. */
import Fastify, { type FastifyInstance, type FastifyReply } from 'fastify'
import { fastifyAdapter } from '@tessera-auth/fastify'
import {
  benchSecret,
  type Found,
  handJwt,
  handMemory,
  handRedis,
  newRedis,
  type HandWritten,
  type Ready,
  tessera,
  tesseraJwt,
  userId,
} from './variants.ts'

declare module 'fastify' {
  interface FastifyRequest {
    /** What the hand-written check found. */
    found: Found | null
  }
}

/** Makes one server and signs somebody in. */
export type MakeFastify = () => Promise<Ready & { readonly app: FastifyInstance }>

function answer(reply: FastifyReply, found: { userId: string | null } | null | undefined): unknown {
  return found?.userId ? { id: found.userId } : reply.code(401).send({ error: 'unauthenticated' })
}

async function withTessera(made: ReturnType<typeof tessera>) {
  const { authenticator, headers } = await made
  const { plugin, errorHandler, getAuth } = fastifyAdapter(authenticator)
  const app = Fastify()
  await app.register(plugin)
  app.setErrorHandler(errorHandler)
  app.get('/', async (request, reply) => answer(reply, await getAuth(request).requireSession()))
  return { app, headers }
}

// As one writes it: a hook before the routes, and no cache may keep what it lets through.
function withHandWritten({ field, check, headers }: HandWritten) {
  const app = Fastify().decorateRequest('found', null)
  app.addHook('onRequest', async (request, reply) => {
    reply.header('Cache-Control', 'no-store')
    request.found = await check(request.headers[field])
  })
  app.get('/', async (request, reply) => answer(reply, request.found))
  return { app, headers }
}

async function cookiesOf(app: FastifyInstance): Promise<Ready['headers']> {
  const { cookies } = await app.inject({ method: 'POST', url: '/sign-in' })
  return { cookie: cookies.map(({ name, value }) => `${name}=${encodeURIComponent(value)}`).join('; ') }
}

async function withFastifySession(options: object) {
  const [{ default: cookie }, { default: session }] = await Promise.all([
    import('@fastify/cookie'),
    import('@fastify/session'),
  ])
  const app = Fastify()
  await app.register(cookie)
  await app.register(session, { secret: benchSecret, cookie: { secure: false }, saveUninitialized: false, ...options })
  app.post('/sign-in', async (request) => {
    Object.assign(request.session, { userId })
    return {}
  })
  app.get('/', async (request, reply) => answer(reply, request.session as unknown as { userId: string }))
  return { app, headers: await cookiesOf(app) }
}

/** By name; `bare` checks nothing and is what the others are measured over. */
export const fastifyServers: Readonly<Record<string, MakeFastify>> = {
  async bare() {
    const app = Fastify()
    app.get('/', async (_request, reply) => answer(reply, { userId }))
    return { app, headers: {} }
  },
  'by hand, Map': async () => withHandWritten(handMemory()),
  'by hand, Redis GET': async () => withHandWritten(await handRedis()),
  'by hand, fast-jwt with its cache': async () => withHandWritten(handJwt()),
  'Tessera, cached over Redis': () => withTessera(tessera(true)),
  'Tessera, Redis': () => withTessera(tessera(false)),
  async 'Tessera, JWT seen before'() {
    const { authenticator, headers } = await tesseraJwt()
    const { plugin, errorHandler, getAuth } = fastifyAdapter(authenticator)
    const app = Fastify()
    await app.register(plugin)
    app.setErrorHandler(errorHandler)
    app.get('/', async (request, reply) =>
      answer(reply, { userId: (await getAuth(request).requireScope('profile')).sub }),
    )
    return { app, headers }
  },
  '@fastify/session, memory': () => withFastifySession({}),
  async '@fastify/session, Redis'() {
    const redis = newRedis()
    type Callback = (error: Error | null, found?: unknown) => void
    return withFastifySession({
      store: {
        set: (id: string, session: unknown, done: Callback) =>
          void redis.set(`bench:fs:${id}`, JSON.stringify(session), 'EX', 600).then(() => done(null), done),
        get: (id: string, done: Callback) =>
          void redis.get(`bench:fs:${id}`).then((found) => done(null, found === null ? null : JSON.parse(found)), done),
        destroy: (id: string, done: Callback) => void redis.del(`bench:fs:${id}`).then(() => done(null), done),
      },
    })
  },
  async '@fastify/secure-session'() {
    const { default: secureSession } = await import('@fastify/secure-session')
    const app = Fastify()
    await app.register(secureSession, { key: Buffer.from(benchSecret, 'base64url'), cookie: { path: '/' } })
    app.post('/sign-in', async (request) => {
      request.session.set('userId' as never, userId as never)
      return {}
    })
    app.get('/', async (request, reply) =>
      answer(reply, { userId: request.session.get('userId' as never) as unknown as string }),
    )
    return { app, headers: await cookiesOf(app) }
  },
  async '@fastify/jwt, with its cache'() {
    const { default: jwt } = await import('@fastify/jwt')
    const app = Fastify()
    await app.register(jwt, { secret: benchSecret, verify: { cache: true } })
    app.get('/', async (request, reply) => answer(reply, { userId: (await request.jwtVerify<{ sub: string }>()).sub }))
    await app.ready()
    return { app, headers: { authorization: `Bearer ${app.jwt.sign({ sub: userId }, { expiresIn: '1h' })}` } }
  },
}
