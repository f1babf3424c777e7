import { textField } from '../../../body.ts'
import { empty, methods } from '../../../methods.ts'

export const { GET, HEAD, POST, PUT, PATCH, DELETE, OPTIONS } = methods(
  {
    async POST({ app, body }) {
      const { flow, sessions } = app.services
      await sessions.revokeProviderLogin(await flow.verifyLogoutToken(textField(body, 'logout_token')))
      return empty(200)
    },
  },
  // OpenID Connect Back-Channel Logout 1.0 §2.8: 400, in the form of OAuth.
  { takes: ['form', 'json'], errors: 'oauth', guard: 'none' },
)
