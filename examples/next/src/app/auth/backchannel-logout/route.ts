import { AuthError, StoreError } from '@tessera-auth/core'
import { textField } from '../../../body.ts'
import { empty, methods } from '../../../methods.ts'

export const { GET, HEAD, POST, PUT, PATCH, DELETE, OPTIONS } = methods(
  {
    async POST({ app, body }) {
      const { flow, sessions } = app.services
      const logout = await flow.verifyLogoutToken(textField(body, 'logout_token')).catch(asInvalid)
      await sessions.revokeProviderLogin(logout)
      return empty(200)
    },
  },
  // OpenID Connect Back-Channel Logout 1.0 §2.8: 400, in the form of OAuth.
  { takes: ['form', 'json'], errors: 'oauth', guard: 'none' },
)

/** For whatever kept it from being done. */
function asInvalid(error: unknown): never {
  if (!(error instanceof AuthError) || error instanceof StoreError) throw error
  throw new AuthError('invalid_request')
}
