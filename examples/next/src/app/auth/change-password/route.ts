import { empty, methods } from '../../../methods.ts'

export const { GET, HEAD, POST, PUT, PATCH, DELETE, OPTIONS } = methods({
  async POST(call) {
    await call.app.services.accounts.changePassword(call)
    return empty(204)
  },
})
