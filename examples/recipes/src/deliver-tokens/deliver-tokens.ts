/** Three ways to let a client in, in one app: a cookie, a backend for the frontend, and a token pair. */
import {
  AuthError,
  createAuthenticator,
  createKeyRing,
  createSessions,
  createTokenIssuer,
  createTokenVerifier,
  type Shared,
} from '@tessera-auth/core'
import { expressAdapter } from '@tessera-auth/express'
import express, { type Express } from 'express'

/** Checks credentials the app's way; `null`: they are wrong. */
export type CheckCredentials = (body: unknown) => Promise<string | null>

/** What the app is told. */
export interface DeliveryOptions {
  readonly shared: Shared
  /** An API of our own elsewhere; its tokens are for it alone. */
  readonly ordersUrl: string
  readonly userIdOf: (body: unknown) => string | null
  readonly check: CheckCredentials
}

/** The app; its own API is at `/api/cart`. */
export function deliveryApp({ shared, ordersUrl, userIdOf, check }: DeliveryOptions): Express {
  const keys = createKeyRing(shared)
  const sessions = createSessions(shared)
  const audience = shared.origin
  const tokens = createTokenIssuer({ ...shared, keys, audience })
  const verifier = createTokenVerifier({ ...shared, keys, issuer: shared.origin, audience })
  const { middleware, errorHandler, getAuth } = expressAdapter(createAuthenticator({ ...shared, sessions, verifier }))
  const app = express().use(express.json(), middleware)
  app.get('/.well-known/jwks.json', async (_request, response) => {
    response.json(await keys.jwks())
  })

  // 1. A browser on our own site: the cookie is all it gets.
  app.post('/sign-in', async (request, response) => {
    const auth = getAuth(request)
    const attempt = await auth.beginLogin(userIdOf(request.body))
    if ((await check(request.body)) === null) throw new AuthError('invalid_credentials')
    await auth.signIn(attempt, { methods: ['pwd'] })
    response.sendStatus(204)
  })
  app.get('/cart', async (request, response) => {
    response.json({ of: (await getAuth(request).requireSession()).userId })
  })

  // 2. The same browser, an API elsewhere: the token is made here, sent there, and never leaves this server otherwise.
  app.get('/orders', async (request, response) => {
    const session = await getAuth(request).requireSession()
    const { access_token } = await tokens.issueAccessToken({ session, scope: 'orders:read', audience: ordersUrl })
    const answer = await fetch(`${ordersUrl}/orders`, { headers: { authorization: `Bearer ${access_token}` } })
    response.status(answer.status).json(await answer.json())
  })

  // 3. A native app: no cookie, a token pair that is a login of its own.
  app.post('/token', async (request, response) => {
    const attempt = await sessions.beginLogin(userIdOf(request.body))
    if ((await check(request.body)) === null) throw new AuthError('invalid_credentials')
    response.set('Cache-Control', 'no-store').json(await tokens.issue({ attempt, clientId: 'app', scope: 'cart' }))
  })
  app.post('/token/refresh', async (request, response) => {
    response.set('Cache-Control', 'no-store').json(await tokens.refresh(request.body?.refresh_token))
  })
  app.get('/api/cart', async (request, response) => {
    response.json({ of: (await getAuth(request).requireScope('cart')).sub })
  })
  app.post('/sign-out-everywhere', async (request, response) => {
    const { sub } = await getAuth(request).requireScope('cart')
    response.json({ ended: await sessions.revokeAll(sub) })
  })
  return app.use(errorHandler)
}
