import { methods } from '../../methods.ts'

export const { GET, HEAD, POST, PUT, PATCH, DELETE, OPTIONS } = methods({
  async GET({ app: { services, users } }) {
    const reads = Promise.all([services.sessions.beginLogin(null), users.byId('nobody')])
    const healthy = await reads.then(
      () => true,
      () => false,
    )
    return Response.json({ status: healthy ? 'ok' : 'unavailable' }, { status: healthy ? 200 : 503 })
  },
})
