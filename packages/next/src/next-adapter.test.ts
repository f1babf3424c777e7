import { createServer, type IncomingMessage } from 'node:http'
import { text } from 'node:stream/consumers'
import { AuthError, ConfigError, createAuthenticator, createSessions, memoryStore } from '@tessera-auth/core'
import { describeAdapter, loginAs } from '@tessera-auth/testing'
import { NextRequest, NextResponse } from 'next/server.js'
import { describe, expect, test } from 'vitest'
import { nextAdapter } from './index.js'

const origin = 'http://localhost'
const newAuthenticator = () => createAuthenticator({ origin, sessions: createSessions({ store: memoryStore() }) })

async function requestOf(request: IncomingMessage): Promise<NextRequest> {
  const body = await text(request)
  const headers = new Headers()
  for (let index = 0; index < request.rawHeaders.length; index += 2) {
    headers.append(request.rawHeaders[index] ?? '', request.rawHeaders[index + 1] ?? '')
  }
  const { method = 'GET', url = '/' } = request
  return new NextRequest(new URL(url, origin), { method, headers, ...(body === '' ? {} : { body }) })
}

// Route handlers over real HTTP, without Next around them; with it: next-app.built.test.ts.
describeAdapter('Next.js 16 route handlers', async (authenticator, routes) => {
  const { route } = nextAdapter(authenticator)
  const handlers = new Map(
    routes.map(({ method, path, run }) => [
      `${method} ${path.join('')}`,
      route(async (_request, auth) => {
        const { status, headers, body } = await run(() => auth)
        return Response.json(body ?? null, { status, headers })
      }),
    ]),
  )
  const server = createServer(async (request, response) => {
    const method = request.method === 'HEAD' ? 'GET' : request.method // as Next does
    const handler = handlers.get(`${method} ${request.url?.split('?', 1)[0]}`)
    const answered = handler?.(await requestOf(request), { params: Promise.resolve({}) })
    const answer = await (answered ?? Promise.reject(new Error('no route'))).catch(() =>
      Response.json({ error: 'the app’s own' }, { status: 500 }),
    )
    response.statusCode = answer.status
    for (const [name, value] of answer.headers) response.appendHeader(name, value)
    response.end(await answer.text())
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const address = server.address()
  return {
    origin: `http://127.0.0.1:${typeof address === 'object' && address ? address.port : 0}`,
    close: async () => void server.close(),
  }
})

describe('nextAdapter', () => {
  test.each([undefined, null, {}, 'authenticator'])('refuses %j as an authenticator', (given) => {
    expect(() => nextAdapter(given as never)).toThrow(ConfigError)
  })
})

describe('route', () => {
  const call = { params: Promise.resolve({ id: 'seven' }) }

  test('hands the path’s parameters over', async () => {
    const handler = nextAdapter(newAuthenticator()).route<{ id: string }>((_request, _auth, { id }) => new Response(id))
    expect(await (await handler(new NextRequest(origin), call)).text()).toBe('seven')
  })

  test('leaves what is no AuthError to Next', async () => {
    const handler = nextAdapter(newAuthenticator()).route(() => {
      throw new TypeError('mine')
    })
    await expect(handler(new NextRequest(origin), call)).rejects.toThrow('mine')
  })

  test('adds cookies to an answer whose headers cannot be changed', async () => {
    const handler = nextAdapter(newAuthenticator()).route(async (_request, auth) => {
      await auth.signIn(await auth.beginLogin('ada'))
      return Response.redirect(`${origin}/next`, 303)
    })
    const request = new NextRequest(origin, { method: 'POST', headers: { 'sec-fetch-site': 'same-origin' } })
    const answer = await handler(request, call)
    expect([answer.status, answer.headers.get('location')]).toEqual([303, `${origin}/next`])
    expect(answer.headers.getSetCookie()).toEqual([expect.stringMatching(/^session=.*; SameSite=Lax$/)])
  })

  test('puts no cookie on an answer that the app gives to others too', async () => {
    const shared = new Response(null, { status: 204 })
    const handler = nextAdapter(newAuthenticator()).route(async (request, auth) => {
      if (request.method === 'POST') await auth.signIn(await auth.beginLogin('ada'))
      else await auth.session()
      return shared
    })
    const headers = { 'sec-fetch-site': 'same-origin' }
    const signedIn = await handler(new NextRequest(origin, { method: 'POST', headers }), call)
    expect(signedIn.headers.getSetCookie()).toHaveLength(1)
    const other = await handler(new NextRequest(origin), call)
    expect([...other.headers]).toEqual([['cache-control', 'no-store']])
  })

  test('an answer that asked who it is for is no-store, also where its headers cannot be changed', async () => {
    const handler = nextAdapter(newAuthenticator()).route(async (_request, auth) => {
      await auth.session()
      return Response.redirect(`${origin}/next`, 303)
    })
    const answer = await handler(new NextRequest(origin), call)
    expect([answer.status, answer.headers.get('cache-control')]).toEqual([303, 'no-store'])
  })

  test('makes a sign-in fail whose cookie could not be sent any more', async () => {
    const handler = nextAdapter(newAuthenticator()).route((_request, auth) => {
      const signIn = async (): Promise<string> => {
        const session = auth.signIn(await auth.beginLogin('ada'))
        return session.then(
          ({ userId }) => userId ?? '',
          ({ code }) => code,
        )
      }
      const body = new ReadableStream(
        {
          async pull(controller) {
            controller.enqueue(new TextEncoder().encode(await signIn()))
            controller.close()
          },
        },
        { highWaterMark: 0 },
      )
      return new Response(body)
    })
    const answer = await handler(new NextRequest(origin), call)
    expect([await answer.text(), answer.headers.getSetCookie()]).toEqual(['ERR_HTTP_HEADERS_SENT', []])
  })

  test('a header of Next’s own middleware is no proof of anything', async () => {
    const handler = nextAdapter(newAuthenticator()).route(async (_request, auth) =>
      Response.json(await auth.requireSession()),
    )
    const headers = { 'x-middleware-subrequest': 'proxy:proxy:proxy:proxy:proxy', 'x-forwarded-host': 'localhost' }
    expect((await handler(new NextRequest(origin, { headers }), call)).status).toBe(401)
  })
})

describe('proxy', () => {
  const page = `${origin}/page`

  test('lets a request go on that nothing was said about', async () => {
    const { proxy } = nextAdapter(newAuthenticator())
    const answer = await proxy(() => undefined)(new NextRequest(page))
    expect(answer.headers.get('x-middleware-next')).toBe('1')
    expect(answer.headers.getSetCookie()).toEqual([])
  })

  test('shows a cookie that it sets to the page of the same request, in place of the older one', async () => {
    const { proxy } = nextAdapter(newAuthenticator())
    const answer = await proxy(async (_request, auth) => {
      await auth.signIn(await auth.beginLogin('ada'))
      return undefined
    })(new NextRequest(page, { headers: { cookie: 'theme=dark; session=old.old' } }))
    const [line = ''] = answer.headers.getSetCookie()
    expect(answer.headers.get('x-middleware-request-cookie')).toBe(`theme=dark; ${line.split(';', 1)[0]}`)
  })

  test('shows no cookie to the page that it deletes', async () => {
    const authenticator = newAuthenticator()
    const { headers } = await loginAs(authenticator, 'ada')
    const { proxy } = nextAdapter(authenticator)
    const answer = await proxy(async (_request, auth) => {
      await auth.signOut()
      return undefined
    })(new NextRequest(page, { headers: { ...headers, cookie: `${headers.cookie};theme=dark` } }))
    expect(answer.headers.getSetCookie()).toEqual([expect.stringMatching(/^session=;/)])
    expect(answer.headers.get('x-middleware-request-cookie')).toBe('theme=dark')
  })

  describe('an answer by which the handler lets the request go on', () => {
    const sent = { cookie: 'theme=dark; session=old.old', accept: 'text/html' }

    /** The answer, and what Next makes of the request's headers by it. */
    async function answerOf(made: (request: NextRequest) => Response) {
      const { proxy } = nextAdapter(newAuthenticator())
      const { headers } = await proxy(async (request, auth) => {
        await auth.signIn(await auth.beginLogin('ada'))
        return made(request)
      })(new NextRequest(page, { headers: sent }))
      const names = headers.get('x-middleware-override-headers')?.split(',') ?? []
      const seen = names.map((name) => [name, headers.get(`x-middleware-request-${name}`)])
      return { headers, seen: Object.fromEntries(seen), pair: headers.getSetCookie()[0]?.split(';', 1)[0] }
    }

    test.each<[string, () => Response]>([
      ['next', () => NextResponse.next()],
      ['rewrite', () => NextResponse.rewrite(`${origin}/elsewhere`)],
      ['next with a list of no headers', () => NextResponse.next({ request: { headers: new Headers() } })],
    ])('shows the page a cookie that is set: %s', async (_, made) => {
      const { headers, seen, pair } = await answerOf(made)
      expect(seen).toEqual({ ...sent, cookie: `theme=dark; ${pair}` })
      expect(headers.get('x-middleware-rewrite')).toBe(made().headers.get('x-middleware-rewrite'))
      expect(headers.get('x-middleware-next')).toBe(made().headers.get('x-middleware-next'))
    })

    test('keeps what the handler changed of the request, its cookies among it', async () => {
      const { seen, pair } = await answerOf((request) => {
        const headers = new Headers(request.headers)
        headers.delete('accept')
        headers.set('x-own', 'yes')
        headers.set('cookie', 'theme=light; session=old.old')
        return NextResponse.next({ request: { headers } })
      })
      expect(seen).toEqual({ 'x-own': 'yes', cookie: `theme=light; ${pair}` })
    })

    test('shows nothing but that cookie where the handler took the cookies out', async () => {
      const { seen, pair } = await answerOf(() =>
        NextResponse.rewrite(page, { request: { headers: new Headers({ accept: 'text/plain' }) } }),
      )
      expect(seen).toEqual({ accept: 'text/plain', cookie: pair })
    })

    test('that goes nowhere changes no request', async () => {
      const { seen, pair } = await answerOf(() => NextResponse.redirect(page))
      expect([seen, pair]).toEqual([{}, expect.stringMatching(/^session=/)])
    })

    test('stays the app’s own where no cookie is set', async () => {
      const own = NextResponse.next()
      expect(await nextAdapter(newAuthenticator()).proxy(() => own)(new NextRequest(page))).toBe(own)
    })
  })

  test('makes a sign-in fail whose cookie could not be sent any more', async () => {
    const { proxy } = nextAdapter(newAuthenticator())
    let late: (() => Promise<unknown>) | undefined
    await proxy((_request, auth) => {
      late = async () => auth.signIn(await auth.beginLogin('ada'))
      return undefined
    })(new NextRequest(page))
    await expect(late?.()).rejects.toMatchObject({ code: 'ERR_HTTP_HEADERS_SENT' })
  })

  test('answers an AuthError itself: what was refused goes nowhere', async () => {
    const { proxy } = nextAdapter(newAuthenticator())
    const answer = await proxy(() => {
      throw new AuthError('not_found')
    })(new NextRequest(page))
    expect([answer.status, answer.headers.has('x-middleware-next')]).toEqual([404, false])
  })

  test('knows who is signed in', async () => {
    const authenticator = newAuthenticator()
    const { headers } = await loginAs(authenticator, 'ada')
    const { proxy } = nextAdapter(authenticator)
    const answer = await proxy(async (_request, auth) => new Response((await auth.session())?.userId))(
      new NextRequest(page, { headers }),
    )
    expect(await answer.text()).toBe('ada')
  })
})
