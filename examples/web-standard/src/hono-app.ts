/** The same app on Hono: one middleware of eight lines, no adapter. */
import { errorResponse, type RequestAuth } from '@tessera-auth/core'
import { Hono } from 'hono'
import { type Auth, callbackPath } from './auth.ts'

/** What the middleware leaves for the routes. */
export interface Variables {
  readonly auth: RequestAuth
}

/** Makes it. */
export function createHonoApp({ authenticator, flow, identities, tokens }: Auth): Hono<{ Variables: Variables }> {
  const app = new Hono<{ Variables: Variables }>()
  app.use(async (context, next) => {
    const headers = new Headers()
    context.set('auth', authenticator.bind(context.req.raw, headers))
    await next()
    for (const [name, value] of headers) {
      if (name === 'set-cookie' || !context.res.headers.has(name)) context.header(name, value, { append: true })
    }
  })
  app.onError((error) => {
    const answer = errorResponse(error)
    if (!answer) throw error
    return new Response(answer.body, answer)
  })
  app.get('/sign-in', async ({ var: { auth }, redirect }) => redirect(await flow.begin(auth, { returnTo: '/me' }), 303))
  app.get(callbackPath, async ({ var: { auth }, redirect }) => {
    const login = await flow.finish(auth)
    await auth.signIn(await identities.resolve(login, await auth.session()), login)
    return redirect(login.returnTo, 303)
  })
  app.get('/me', async ({ var: { auth }, json }) => {
    const { userId, methods } = await auth.requireSession()
    return json({ userId, methods: [...methods] })
  })
  app.post('/sign-out', async ({ var: { auth }, body }) => {
    await auth.signOut()
    return body(null, 204)
  })
  app.post('/token', async ({ var: { auth }, json }) => {
    const session = await auth.requireSession()
    return json(await tokens.issue({ session, scope: 'profile' }))
  })
  app.get('/api/profile', async ({ var: { auth }, json }) => {
    const { sub, scope } = await auth.requireScope('profile')
    return json({ sub, scope })
  })
  return app
}
