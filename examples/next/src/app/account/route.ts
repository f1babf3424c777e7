import { empty, methods } from '../../methods.ts'

export const { GET, HEAD, POST, PUT, PATCH, DELETE, OPTIONS } = methods({
  async DELETE({ auth, app }) {
    await app.services.accounts.remove(auth)
    return empty(204)
  },
})
