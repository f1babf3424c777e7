import { methods } from '../../../methods.ts'

export const { GET, HEAD, POST, PUT, PATCH, DELETE, OPTIONS } = methods({
  async GET({ auth }) {
    const { sub, scope, client_id, exp } = await auth.requireScope('profile')
    return Response.json({ sub, scope, client_id, exp })
  },
})
