import { methods } from '../../../methods.ts'
import { sessionBody, userBody } from '../../../session-body.ts'

export const { GET, HEAD, POST, PUT, PATCH, DELETE, OPTIONS } = methods(
  {
    async POST(call) {
      const { user, session } = await call.app.services.accounts.signUp(call)
      return Response.json({ user: userBody(user), session: sessionBody(session, session.id) }, { status: 201 })
    },
  },
  { guard: 'always' },
)
