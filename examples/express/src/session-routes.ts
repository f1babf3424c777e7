/** Who am I, where am I signed in, and what is in my cart. */
import type { Sessions } from '@tessera-auth/core'
import { Router } from 'express'
import type { Accounts } from './accounts.ts'
import { allow, exactly } from './app-error.ts'
import { textListField } from './body.ts'
import { type Cart, etagOf, requireMatch } from './cart.ts'
import type { Door } from './door.ts'
import { jsonBody } from './read-body.ts'
import { sessionBody, userBody } from './session-body.ts'

/** What these routes are made of. */
export interface SessionParts {
  readonly door: Door
  readonly accounts: Accounts
  readonly sessions: Sessions<Cart>
}

/** The routes `/me`, `/sessions` and `/cart`. */
export function sessionRoutes({ door: { getAuth }, accounts, sessions }: SessionParts): Router {
  const router = Router(exactly)
  router
    .route('/me')
    .get(async (request, response) => {
      const { user, session } = await accounts.whoami(getAuth(request))
      response.json({ user: userBody(user), session: sessionBody(session, session.id) })
    })
    .all(allow('GET'))
  router
    .route('/sessions')
    .get(async (request, response) => {
      const { id, userId } = await getAuth(request).requireSession()
      response.json({ sessions: (await sessions.list(userId)).map((session) => sessionBody(session, id)) })
    })
    .delete(jsonBody, async (request, response) => {
      response.json({ revoked: await accounts.endOtherSessions(getAuth(request)) })
    })
    .all(allow('GET', 'DELETE'))
  router
    .route('/sessions/:id')
    .delete(jsonBody, async (request, response) => {
      await accounts.endSession(getAuth(request), String(request.params['id']))
      response.status(204).end()
    })
    .all(allow('DELETE'))
  router
    .route('/cart')
    .get(async (request, response) => {
      const cart = await getAuth(request).data()
      response.set('ETag', etagOf(cart)).json(cart)
    })
    .put(jsonBody, async (request, response) => {
      const next = { items: textListField(request.body, 'items') }
      const cart = await getAuth(request).updateData((current) => {
        requireMatch(current, request.get('If-Match'))
        return next
      })
      response.set('ETag', etagOf(cart)).json(cart)
    })
    .all(allow('GET', 'PUT'))
  return router
}
