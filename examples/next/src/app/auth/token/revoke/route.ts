import { textField } from '../../../../body.ts'
import { empty, methods } from '../../../../methods.ts'

export const { GET, HEAD, POST, PUT, PATCH, DELETE, OPTIONS } = methods(
  {
    async POST({ app, body }) {
      await app.services.tokens.revoke(textField(body, 'token'))
      return empty(200)
    },
  },
  { takes: ['json', 'form'], errors: 'oauth', guard: 'none' },
)
