/** Signing up, in and out, proving it again, and the account itself. */
import type { FastifyPluginAsync } from 'fastify'
import type { Accounts } from './accounts.ts'
import type { Door } from './door.ts'
import { credentials, oneSession, signedIn, signInBody, textFields } from './schemas.ts'
import { sessionBody, userBody } from './session-body.ts'

/** The routes under `/auth` that need no token, and `/account`. */
export function authRoutes(accounts: Accounts, { getAuth, accountRequest }: Door): FastifyPluginAsync {
  return async (app) => {
    app.post(
      '/auth/sign-up',
      { schema: { body: credentials, response: { 201: signedIn } } },
      async (request, reply) => {
        const { user, session } = await accounts.signUp(accountRequest(request))
        return reply.code(201).send({ user: userBody(user), session: sessionBody(session, session.id) })
      },
    )
    app.post('/auth/sign-in', { schema: { body: signInBody, response: { 200: signedIn } } }, async (request) => {
      const { user, session } = await accounts.signIn(accountRequest(request))
      return { user: userBody(user), session: sessionBody(session, session.id) }
    })
    app.post('/auth/sign-out', async (request, reply) => {
      await getAuth(request).signOut()
      return reply.code(204).send()
    })
    const reauthenticate = { schema: { body: textFields('password'), response: { 200: oneSession } } }
    app.post('/auth/reauthenticate', reauthenticate, async (request) => {
      const session = await accounts.reauthenticate(accountRequest(request))
      return { session: sessionBody(session, session.id) }
    })
    const change = { schema: { body: textFields('currentPassword', 'newPassword') } }
    app.post('/auth/change-password', change, async (request, reply) => {
      await accounts.changePassword(accountRequest(request))
      return reply.code(204).send()
    })
    app.delete('/account', async (request, reply) => {
      await accounts.remove(getAuth(request))
      return reply.code(204).send()
    })
  }
}
