import { empty, methods } from '../../../methods.ts'

export const { GET, HEAD, POST, PUT, PATCH, DELETE, OPTIONS } = methods({
  async DELETE({ auth, app, params }) {
    await app.services.accounts.endSession(auth, params['id'] ?? '')
    return empty(204)
  },
})
