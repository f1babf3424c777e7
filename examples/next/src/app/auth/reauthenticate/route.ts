import { methods } from '../../../methods.ts'
import { sessionBody } from '../../../session-body.ts'

export const { GET, HEAD, POST, PUT, PATCH, DELETE, OPTIONS } = methods({
  async POST(call) {
    const session = await call.app.services.accounts.reauthenticate(call)
    return Response.json({ session: sessionBody(session, session.id) })
  },
})
