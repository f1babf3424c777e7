import { methods } from '../../methods.ts'
import { sessionBody, userBody } from '../../session-body.ts'

export const { GET, HEAD, POST, PUT, PATCH, DELETE, OPTIONS } = methods({
  async GET({ auth, app }) {
    const { user, session } = await app.services.accounts.whoami(auth)
    return Response.json({ user: userBody(user), session: sessionBody(session, session.id) })
  },
})
