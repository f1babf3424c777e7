import { methods } from '../../../methods.ts'

export const { GET, HEAD, POST, PUT, PATCH, DELETE, OPTIONS } = methods({
  async GET({ app: { services } }) {
    const set = await services.keys.jwks()
    return Response.json(set, { headers: { 'Cache-Control': services.keys.jwksCacheControl } })
  },
})
