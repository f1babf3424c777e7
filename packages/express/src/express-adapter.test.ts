import type { AddressInfo } from 'node:net'
import { createServer, type Server } from 'node:http'
import { AuthError, ConfigError, createAuthenticator, createSessions, memoryStore } from '@tessera-auth/core'
import { type AdapterRoute, describeAdapter, loginAs, type StartedAdapter } from '@tessera-auth/testing'
import express, { type ErrorRequestHandler, type Express, Router } from 'express'
import { afterEach, describe, expect, test } from 'vitest'
import { type ExpressAdapter, expressAdapter } from './index.js'

const quiet: ErrorRequestHandler = (_error, _request, response, next) => {
  if (response.headersSent) next(new Error('headers sent'))
  else response.status(500).json({ error: 'the app’s own' })
}

describeAdapter('Express 5', async (authenticator, routes) => {
  const { middleware, errorHandler, getAuth } = expressAdapter(authenticator)
  const app = express().use(middleware)
  for (const route of routes) app.use(route.path[0], routerOf(route, getAuth))
  return listen(app.use(errorHandler).use(quiet))
})

const started: StartedAdapter[] = []
afterEach(async () => {
  for (const one of started.splice(0)) await one.close()
})

describe('getAuth', () => {
  test('throws ConfigError naming the middleware when it is not mounted', async () => {
    const { getAuth } = expressAdapter(newAuthenticator())
    const thrown: unknown[] = []
    const { origin } = await serve(
      express()
        .get('/', (request) => void getAuth(request))
        .use(((error, _request, response, _next) => {
          thrown.push(error)
          response.sendStatus(500)
        }) satisfies ErrorRequestHandler),
    )
    await fetch(origin)
    expect(thrown).toEqual([expect.any(ConfigError)])
    expect(String(thrown[0])).toContain('app.use(middleware)')
  })

  test('of two adapters does not mix their requests', async () => {
    const one = expressAdapter(newAuthenticator())
    const other = expressAdapter(newAuthenticator())
    const { origin } = await serve(
      express()
        .use(one.middleware)
        .get('/', (request) => void other.getAuth(request))
        .use(quiet),
    )
    expect((await fetch(origin)).status).toBe(500)
  })

  test('is the same door after the middleware was mounted twice', async () => {
    const authenticator = newAuthenticator()
    const { middleware, errorHandler, getAuth } = expressAdapter(authenticator)
    const app = express().use(middleware)
    app.use(async (request, _response, next) => {
      await getAuth(request).signOut()
      next()
    })
    app.use(
      '/inner',
      express()
        .use(middleware)
        .post('/', async (request, response) => {
          response.json({ id: (await getAuth(request).session())?.userId ?? null })
        }),
    )
    const { origin } = await serve(app.use(errorHandler))
    const { headers } = await loginAs(authenticator, 'user-1')
    expect(await (await fetch(`${origin}/inner`, { method: 'POST', headers })).json()).toEqual({ id: null })
  })
})

describe('errorHandler', () => {
  test('drops headers that described the answer of the route', async () => {
    const { middleware, errorHandler } = expressAdapter(newAuthenticator())
    const app = express().use(middleware)
    app.get('/', (_request, response) => {
      response.set({
        ETag: '"1"',
        'Content-Encoding': 'br',
        'Content-Length': '3',
        'Cache-Control': 'public, max-age=9',
      })
      throw new AuthError('not_found')
    })
    const response = await fetch((await serve(app.use(errorHandler))).origin)
    expect(response.status).toBe(404)
    expect(await response.json()).toMatchObject({ error: { code: 'not_found' } })
    expect(response.headers.get('etag')).toBeNull()
    expect(response.headers.get('content-encoding')).toBeNull()
    expect(response.headers.get('cache-control')).toBe('no-store')
  })

  test('passes on an AuthError that comes after the headers, so that the connection is cut', async () => {
    const { middleware, errorHandler, getAuth } = expressAdapter(newAuthenticator())
    const app = express().set('env', 'test').use(middleware)
    app.get('/', async (request, response) => {
      response.write('half')
      await getAuth(request).requireSession()
    })
    const response = await fetch((await serve(app.use(errorHandler))).origin)
    await expect(response.text()).rejects.toThrow()
  })

  test('passes on what Express and its body parsers throw', async () => {
    const { middleware, errorHandler } = expressAdapter(newAuthenticator())
    const seen: unknown[] = []
    const app = express().use(express.json(), middleware, errorHandler)
    app.use(((error: { status?: number }, _request, response, _next) => {
      seen.push(error.status)
      response.sendStatus(error.status ?? 500)
    }) satisfies ErrorRequestHandler)
    const { origin } = await serve(app)
    await fetch(origin, { method: 'POST', headers: { 'content-type': 'application/json' }, body: '{' })
    expect(seen).toEqual([400])
  })
})

describe('the headers of the answer', () => {
  test('lets a route ask who it is after the headers were sent', async () => {
    const authenticator = newAuthenticator()
    const { middleware, getAuth } = expressAdapter(authenticator)
    const app = express().use(middleware)
    app.get('/', async (request, response) => {
      response.write('for ')
      response.end((await getAuth(request).session())?.userId)
    })
    const { headers } = await loginAs(authenticator, 'user-1')
    expect(await (await fetch((await serve(app)).origin, { headers })).text()).toBe('for user-1')
  })

  test('leaves a Cache-Control alone that the route set before it asked', async () => {
    const { middleware, getAuth } = expressAdapter(newAuthenticator())
    const app = express().use(middleware)
    app.get('/', async (request, response) => {
      response.set('Cache-Control', 'private, max-age=5')
      response.json(await getAuth(request).session())
    })
    const { headers } = await fetch((await serve(app)).origin)
    expect(headers.get('cache-control')).toBe('private, max-age=5')
  })

  test('makes a sign-in fail whose cookie could not be sent any more', async () => {
    const { middleware, getAuth } = expressAdapter(newAuthenticator())
    const app = express().use(middleware)
    app.get('/', async (request, response) => {
      response.write('late: ')
      const auth = getAuth(request)
      await auth
        .signIn(await auth.beginLogin('user-1'))
        .then(() => response.end('signed in'))
        .catch((error: NodeJS.ErrnoException) => response.end(error.code))
    })
    expect(await (await fetch((await serve(app)).origin)).text()).toBe('late: ERR_HTTP_HEADERS_SENT')
  })

  test('does not trust the Host header for the origin', async () => {
    const authenticator = newAuthenticator()
    const { middleware, errorHandler, getAuth } = expressAdapter(authenticator)
    const app = express().set('trust proxy', true).use(middleware)
    app.post('/', async (request, response) => {
      await getAuth(request).requireSession()
      response.json({})
    })
    const { origin } = await serve(app.use(errorHandler))
    const { headers } = await loginAs(authenticator, 'user-1')
    const forged = { cookie: headers.cookie, origin: 'https://evil.example', 'x-forwarded-host': 'evil.example' }
    expect((await fetch(origin, { method: 'POST', headers: forged })).status).toBe(403)
  })
})

describe('expressAdapter', () => {
  test('throws ConfigError for what is no authenticator', () => {
    // @ts-expect-error: what a caller without types may pass
    expect(() => expressAdapter({})).toThrow(ConfigError)
  })
})

function newAuthenticator(): ReturnType<typeof createAuthenticator> {
  return createAuthenticator({ origin: 'http://localhost:3000', sessions: createSessions({ store: memoryStore() }) })
}

function routerOf({ method, path, run }: AdapterRoute, getAuth: ExpressAdapter['getAuth']): Router {
  const router = Router()
  router[method === 'GET' ? 'get' : 'post'](path[1], async (request, response) => {
    const { status, headers, body } = await run(() => getAuth(request))
    for (const [name, value] of Object.entries(headers)) {
      if (name === 'set-cookie') response.append(name, value)
      else response.set(name, value)
    }
    response.status(status).json(body)
  })
  return router
}

async function serve(app: Express): Promise<StartedAdapter> {
  const one = await listen(app)
  started.push(one)
  return one
}

async function listen(app: Express): Promise<StartedAdapter> {
  const server: Server = createServer(app)
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  return {
    origin: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    async close() {
      server.closeAllConnections()
      await new Promise((resolve) => server.close(resolve))
    },
  }
}
