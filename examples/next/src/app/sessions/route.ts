import { methods } from '../../methods.ts'
import { sessionBody } from '../../session-body.ts'

export const { GET, HEAD, POST, PUT, PATCH, DELETE, OPTIONS } = methods({
  async GET({ auth, app }) {
    const { id, userId } = await auth.requireSession()
    const sessions = await app.services.sessions.list(userId)
    return Response.json({ sessions: sessions.map((session) => sessionBody(session, id)) })
  },
  async DELETE({ auth, app }) {
    return Response.json({ revoked: await app.services.accounts.endOtherSessions(auth) })
  },
})
