/** Who am I, where am I signed in, and what is in my cart. */
import type { Sessions } from '@tessera-auth/core'
import type { FastifyPluginAsync } from 'fastify'
import type { Accounts } from './accounts.ts'
import { textListField } from './body.ts'
import { type Cart, etagOf, requireMatch } from './cart.ts'
import type { Door } from './door.ts'
import { cart as cartSchema, sessionList, signedIn } from './schemas.ts'
import { sessionBody, userBody } from './session-body.ts'

/** What these routes are made of. */
export interface SessionParts {
  readonly door: Door
  readonly accounts: Accounts
  readonly sessions: Sessions<Cart>
}

/** The routes `/me`, `/sessions` and `/cart`. */
export function sessionRoutes({ door: { getAuth }, accounts, sessions }: SessionParts): FastifyPluginAsync {
  return async (app) => {
    app.get('/me', { schema: { response: { 200: signedIn } } }, async (request) => {
      const { user, session } = await accounts.whoami(getAuth(request))
      return { user: userBody(user), session: sessionBody(session, session.id) }
    })
    app.get('/sessions', { schema: { response: { 200: sessionList } } }, async (request) => {
      const { id, userId } = await getAuth(request).requireSession()
      return { sessions: (await sessions.list(userId)).map((session) => sessionBody(session, id)) }
    })
    app.delete('/sessions', async (request) => ({ revoked: await accounts.endOtherSessions(getAuth(request)) }))
    app.delete<{ Params: { id: string } }>('/sessions/:id', async (request, reply) => {
      await accounts.endSession(getAuth(request), request.params.id)
      return reply.code(204).send()
    })
    app.get('/cart', { schema: { response: { 200: cartSchema } } }, async (request, reply) => {
      const cart = await getAuth(request).data()
      return reply.header('ETag', etagOf(cart)).send(cart)
    })
    app.put('/cart', { schema: { body: cartSchema, response: { 200: cartSchema } } }, async (request, reply) => {
      const items = textListField(request.body, 'items')
      const cart = await getAuth(request).updateData((current) => {
        requireMatch(current, request.headers['if-match'])
        return { items }
      })
      return reply.header('ETag', etagOf(cart)).send(cart)
    })
  }
}
