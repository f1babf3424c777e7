import { empty, methods } from '../../../methods.ts'

export const { GET, HEAD, POST, PUT, PATCH, DELETE, OPTIONS } = methods({
  async POST({ auth }) {
    await auth.signOut()
    return empty(204)
  },
})
