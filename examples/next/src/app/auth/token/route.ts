import { AuthError } from '@tessera-auth/core'
import { optionalTextField } from '../../../body.ts'
import { methods } from '../../../methods.ts'

const scopes = ['profile', 'orders:read']

export const { GET, HEAD, POST, PUT, PATCH, DELETE, OPTIONS } = methods(
  {
    async POST({ auth, app, body }) {
      const session = await auth.requireSession()
      return Response.json(await app.services.tokens.issue({ session, scope: askedScope(body) }))
    },
  },
  { errors: 'oauth' },
)

/** Scopes of this API, with one space between them; all where none is named. */
function askedScope(body: unknown): string {
  const asked = optionalTextField(body, 'scope') ?? scopes.join(' ')
  const names = asked.split(' ')
  if (!names.every((name) => scopes.includes(name))) throw new AuthError('invalid_scope')
  return [...new Set(names)].join(' ')
}
