import { AppError } from '../../../../app-error.ts'
import { textField } from '../../../../body.ts'
import { methods } from '../../../../methods.ts'

export const { GET, HEAD, POST, PUT, PATCH, DELETE, OPTIONS } = methods(
  {
    async POST({ auth, app, body }) {
      const { introspection } = app.config
      if (!introspection) throw new AppError('not_found')
      await auth.requireClient({ [introspection.client]: introspection.secret })
      return Response.json(await app.services.tokens.introspect(textField(body, 'token')))
    },
  },
  { takes: ['json', 'form'], errors: 'oauth', guard: 'none' },
)
