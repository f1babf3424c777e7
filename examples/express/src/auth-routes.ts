/** Signing up, in and out, proving it again, and the account itself. */
import { Router } from 'express'
import type { Accounts } from './accounts.ts'
import { allow, exactly } from './app-error.ts'
import type { Door } from './door.ts'
import { jsonBody } from './read-body.ts'
import { sessionBody, userBody } from './session-body.ts'

/** The routes under `/auth` that need no token, and `/account`. */
export function authRoutes(accounts: Accounts, { getAuth, accountRequest }: Door): Router {
  const router = Router(exactly)
  router
    .route('/auth/sign-up')
    .post(jsonBody, async (request, response) => {
      const { user, session } = await accounts.signUp(accountRequest(request))
      response.status(201).json({ user: userBody(user), session: sessionBody(session, session.id) })
    })
    .all(allow('POST'))
  router
    .route('/auth/sign-in')
    .post(jsonBody, async (request, response) => {
      const { user, session } = await accounts.signIn(accountRequest(request))
      response.json({ user: userBody(user), session: sessionBody(session, session.id) })
    })
    .all(allow('POST'))
  router
    .route('/auth/sign-out')
    .post(jsonBody, async (request, response) => {
      await getAuth(request).signOut()
      response.status(204).end()
    })
    .all(allow('POST'))
  router
    .route('/auth/reauthenticate')
    .post(jsonBody, async (request, response) => {
      const session = await accounts.reauthenticate(accountRequest(request))
      response.json({ session: sessionBody(session, session.id) })
    })
    .all(allow('POST'))
  router
    .route('/auth/change-password')
    .post(jsonBody, async (request, response) => {
      await accounts.changePassword(accountRequest(request))
      response.status(204).end()
    })
    .all(allow('POST'))
  router
    .route('/account')
    .delete(jsonBody, async (request, response) => {
      await accounts.remove(getAuth(request))
      response.status(204).end()
    })
    .all(allow('DELETE'))
  return router
}
