import { textField } from '../../../../body.ts'
import { methods } from '../../../../methods.ts'

export const { GET, HEAD, POST, PUT, PATCH, DELETE, OPTIONS } = methods(
  {
    async POST({ app, body }) {
      return Response.json(await app.services.tokens.refresh(textField(body, 'refresh_token')))
    },
  },
  { takes: ['json', 'form'], errors: 'oauth', guard: 'none' },
)
