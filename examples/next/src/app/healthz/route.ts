import { methods } from '../../methods.ts'

export const { GET, HEAD, POST, PUT, PATCH, DELETE, OPTIONS } = methods({
  async GET({ app: { services, users } }) {
    const reads = Promise.all([services.sessions.beginLogin(null), users.byId('nobody')])
    const healthy = await reads.then(
      () => true,
      () => false,
    )
    if (healthy) return Response.json({ status: 'ok' })
    return Response.json({ status: 'unavailable' }, { status: 503, headers: { 'Retry-After': '5' } })
  },
})
