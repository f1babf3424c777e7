/** An app as one function from Request to Response: for Bun, Deno, workerd, and whatever else speaks the web's own types. */
import { AuthError, type RequestAuth } from '@tessera-auth/core'
import { type Auth, callbackPath } from './auth.ts'

type Handler = (request: Request, auth: RequestAuth) => Response | Promise<Response>

/**
 * Makes it.
 *
 * @example
 * ```ts
 * export default { fetch: createFetchApp(createAuth(settings)) }
 * ```
 */
export function createFetchApp(auth: Auth): (request: Request) => Promise<Response> {
  const routes = routesOf(auth)
  return (request) => {
    const handler = routes[`${request.method} ${new URL(request.url).pathname}`]
    // Cookies, `no-store` and error bodies are applied to what the handler returns.
    return auth.authenticator.respond(request, (door) => {
      if (!handler) throw new AuthError('not_found')
      return handler(request, door)
    })
  }
}

function routesOf({ flow, identities, tokens }: Auth): Readonly<Record<string, Handler>> {
  return {
    'GET /sign-in': async (_request, auth) => seeOther(await flow.begin(auth, { returnTo: '/me' })),
    [`GET ${callbackPath}`]: async (_request, auth) => {
      const login = await flow.finish(auth)
      await auth.signIn(await identities.resolve(login, await auth.session()), login)
      return seeOther(login.returnTo)
    },
    'GET /me': async (_request, auth) => {
      const { userId, methods } = await auth.requireSession()
      return Response.json({ userId, methods })
    },
    'POST /sign-out': async (_request, auth) => {
      await auth.signOut()
      return new Response(null, { status: 204 })
    },
    'POST /token': async (_request, auth) => {
      const session = await auth.requireSession()
      return Response.json(await tokens.issue({ session, scope: 'profile' }))
    },
    'GET /api/profile': async (_request, auth) => {
      const { sub, scope } = await auth.requireScope('profile')
      return Response.json({ sub, scope })
    },
  }
}

function seeOther(location: string): Response {
  return new Response(null, { status: 303, headers: { location } })
}
