import { AuthError, StoreError } from '@tessera-auth/core'
import { methods, noAnswer, seeOther } from '../../../../methods.ts'

export const { GET, HEAD, POST, PUT, PATCH, DELETE, OPTIONS } = methods({
  HEAD: noAnswer,
  async GET({ auth, app, request }) {
    try {
      const query = request.nextUrl.searchParams
      const again = query.has('reauthenticate') ? { maxAgeSeconds: 0 } : {}
      return seeOther(await app.services.flow.begin(auth, { returnTo: query.get('returnTo'), ...again }))
    } catch (error) {
      if (!(error instanceof AuthError) || error instanceof StoreError || error.code === 'csrf_rejected') throw error
      return seeOther(`/?error=${error.code}`)
    }
  },
})
