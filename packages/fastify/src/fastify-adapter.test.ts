import { Readable } from 'node:stream'
import { setImmediate } from 'node:timers/promises'
import websocket from '@fastify/websocket'
import { ConfigError, createAuthenticator, createSessions, memoryStore } from '@tessera-auth/core'
import { describeAdapter, loginAs } from '@tessera-auth/testing'
import Fastify, { type FastifyInstance, type FastifyReply, type FastifyRequest } from 'fastify'
import { afterEach, describe, expect, test } from 'vitest'
import WebSocket from 'ws'
import { fastifyAdapter } from './index.js'

const open: FastifyInstance[] = []
afterEach(async () => {
  for (const app of open.splice(0)) await app.close()
})

const newAuthenticator = () =>
  createAuthenticator({ origin: 'http://localhost', sessions: createSessions({ store: memoryStore() }) })

async function serve(app: FastifyInstance): Promise<string> {
  open.push(app)
  return app.listen({ host: '127.0.0.1', port: 0 })
}

describeAdapter('Fastify 5', async (authenticator, routes) => {
  const { plugin, errorHandler, getAuth } = fastifyAdapter(authenticator)
  const app = Fastify()
  await app.register(plugin)
  app.setErrorHandler((_error, _request, reply) => reply.code(500).send({ error: 'the app’s own' }))
  for (const { method, path, run } of routes) {
    const [prefix, rest] = path
    await app.register(
      async (scope) => {
        scope.setErrorHandler(errorHandler)
        scope.route({
          method,
          url: rest,
          async handler(request, reply) {
            const { status, headers, body } = await run(() => getAuth(request))
            return reply.code(status).headers(headers).send(body)
          },
        })
      },
      { prefix },
    )
  }
  return { origin: await app.listen({ host: '127.0.0.1', port: 0 }), close: () => app.close() }
})

describe('plugin', () => {
  test('reaches routes beside it and inside other plugins', async () => {
    const { plugin, getAuth } = fastifyAdapter(newAuthenticator())
    const app = Fastify()
    await app.register(plugin)
    app.get('/beside', async (request) => ({ user: await getAuth(request).session() }))
    await app.register(async (scope) => {
      scope.get('/inside', async (request) => ({ user: await getAuth(request).session() }))
    })
    for (const url of ['/beside', '/inside']) expect((await app.inject(url)).json()).toEqual({ user: null })
    await app.close()
  })

  test('registered inside a scope, it stays there', async () => {
    const { plugin, getAuth } = fastifyAdapter(newAuthenticator())
    const app = Fastify()
    await app.register(async (scope) => {
      await scope.register(plugin)
    })
    const thrown: unknown[] = []
    app.setErrorHandler((error, _request, reply) => {
      thrown.push(error)
      return reply.code(500).send()
    })
    app.get('/', async (request) => getAuth(request).session())
    expect((await app.inject('/')).statusCode).toBe(500)
    expect(thrown).toEqual([expect.any(ConfigError)])
    await app.close()
  })

  test('lets a preHandler of the app guard, and leaves bodies to Fastify', async () => {
    const authenticator = newAuthenticator()
    const { plugin, errorHandler, getAuth } = fastifyAdapter(authenticator)
    const app = Fastify()
    await app.register(plugin)
    app.setErrorHandler(errorHandler)
    app.post('/', {
      preHandler: async (request) => {
        await getAuth(request).requireSession()
      },
      schema: { body: { type: 'object', required: ['name'], properties: { name: { type: 'string' } } } },
      handler: async (request) => request.body,
    })
    const { headers } = await loginAs(authenticator, 'user-1')
    const post = (body: object, sent: object) =>
      app.inject({ method: 'POST', url: '/', payload: body, headers: { ...sent } })
    expect((await post({ name: 'Ada' }, headers)).json()).toEqual({ name: 'Ada' })
    expect((await post({}, headers)).statusCode).toBe(400)
    expect((await post({ name: 'Ada' }, {})).statusCode).toBe(401)
    await app.close()
  })
})

describe('the cookie of a sign-in', () => {
  const late = 'ERR_HTTP_HEADERS_SENT'

  interface Route {
    readonly request: FastifyRequest
    readonly reply: FastifyReply
    /** Signs in, and says how that went. */
    signIn(): Promise<string>
  }

  async function answerOf(run: (route: Route) => unknown) {
    const { plugin, getAuth } = fastifyAdapter(newAuthenticator())
    const app = Fastify()
    await app.register(plugin)
    const outcome = Promise.withResolvers<string>()
    app.get('/', async (request, reply) => {
      const signIn = async (): Promise<string> => {
        const auth = getAuth(request)
        const session = auth.signIn(await auth.beginLogin('user-1'))
        outcome.resolve(
          await session.then(
            ({ userId }) => userId ?? '',
            (error: { code: string }) => error.code,
          ),
        )
        return outcome.promise
      }
      return run({ request, reply, signIn })
    })
    const response = await fetch(await serve(app))
    const text = await response.text()
    const { headers } = response
    return {
      outcome: await outcome.promise,
      cookies: headers.getSetCookie(),
      text,
      caching: headers.get('cache-control'),
    }
  }

  test.each<[string, (route: Route) => unknown]>([
    [
      'after the reply was sent',
      ({ reply, signIn }) => {
        void reply.send('sent').then(signIn, signIn)
        return reply
      },
    ],
    [
      'after the reply was hijacked',
      async ({ reply, signIn }) => {
        reply.hijack()
        await signIn()
        reply.raw.end('by hand')
      },
    ],
    [
      'after headers were sent by hand',
      async ({ reply, signIn }) => {
        reply.raw.write('begun')
        await signIn()
        reply.raw.end()
        return reply.hijack()
      },
    ],
    [
      'in a stream that has written something',
      ({ signIn }) =>
        Readable.from(
          (async function* () {
            yield 'begun'
            await setImmediate()
            yield await signIn()
          })(),
        ),
    ],
  ])('is an error, not a loss, %s', async (_, run) => {
    const { outcome, cookies } = await answerOf(run)
    expect([outcome, cookies]).toEqual([late, []])
  })

  test.each<[string, (route: Route) => unknown]>([
    [
      'a stream',
      ({ reply, signIn }) => {
        void reply.header('Set-Cookie', 'theme=dark')
        return Readable.from(
          (async function* () {
            await setImmediate()
            yield await signIn()
          })(),
        )
      },
    ],
    [
      'a web stream',
      ({ reply, signIn }) => {
        void reply.header('Set-Cookie', 'theme=dark')
        return new ReadableStream({
          async pull(controller) {
            controller.enqueue(new TextEncoder().encode(await signIn()))
            controller.close()
          },
        })
      },
    ],
    [
      'a reply',
      async ({ reply, signIn }) => {
        const text = await signIn()
        return reply.header('Set-Cookie', 'theme=dark').send(text)
      },
    ],
  ])('goes out once, beside the app’s own, while %s has written nothing', async (_, run) => {
    const { outcome, cookies, text, caching } = await answerOf(run)
    expect([outcome, text, caching]).toEqual(['user-1', 'user-1', 'no-store'])
    expect(cookies.map((line) => line.split('=', 1)[0]).toSorted()).toEqual(['session', 'theme'])
  })

  test('does not keep a stream from asking who it is', async () => {
    const { plugin, getAuth } = fastifyAdapter(newAuthenticator())
    const app = Fastify()
    await app.register(plugin)
    app.get('/', async (request) =>
      Readable.from(
        (async function* () {
          yield 'for '
          await setImmediate()
          yield (await getAuth(request).session())?.userId ?? 'nobody'
        })(),
      ),
    )
    expect(await (await fetch(await serve(app))).text()).toBe('for nobody')
  })
})

describe('fastifyAdapter', () => {
  test('without an authenticator is a ConfigError', () => {
    expect(() => fastifyAdapter({} as never)).toThrow(ConfigError)
  })
})

describe('a WebSocket', () => {
  async function openSocket(headers: Record<string, string>, authenticator = newAuthenticator()): Promise<string> {
    const { plugin, getAuth } = fastifyAdapter(authenticator)
    const app = Fastify()
    await app.register(plugin)
    await app.register(websocket)
    app.get('/socket', { websocket: true }, async (socket, request) => {
      const session = await getAuth(request)
        .session()
        .catch((error: { code: string }) => ({ userId: error.code }))
      socket.send(session?.userId ?? 'nobody')
    })
    const address = await serve(app)
    const socket = new WebSocket(`${address.replace('http', 'ws')}/socket`, { headers })
    return new Promise((resolve, reject) => {
      socket.once('message', (data: Buffer) => {
        socket.close()
        resolve(data.toString())
      })
      socket.once('error', reject)
    })
  }

  test('is opened as whoever is signed in, from our own pages', async () => {
    const authenticator = newAuthenticator()
    const { headers } = await loginAs(authenticator, 'user-1')
    expect(await openSocket({ cookie: headers.cookie, origin: headers.origin }, authenticator)).toBe('user-1')
  })

  test('that another site opens does not speak for the user', async () => {
    const authenticator = newAuthenticator()
    const { headers } = await loginAs(authenticator, 'user-1')
    const sent = { cookie: headers.cookie, origin: 'https://evil.example' }
    expect(await openSocket(sent, authenticator)).toBe('csrf_rejected')
  })

  test('without a cookie is nobody’s', async () => {
    expect(await openSocket({})).toBe('nobody')
  })
})
