import { AuthError, StoreError } from '@tessera-auth/core'
import { AppError } from '../../../app-error.ts'
import { methods } from '../../../methods.ts'
import { providerName } from '../../../services.ts'

export const { GET, HEAD, POST, PUT, PATCH, DELETE, OPTIONS } = methods({
  async GET({ auth, app }) {
    const { userId } = await auth.requireSession()
    const upstream = await app.services.vault.userinfo(userId, providerName).catch(asUpstreamError)
    if (!upstream.ok) throw new AppError('try_again')
    return Response.json(await upstream.json())
  },
})

/** The bridge's own words for what the vault says. */
function asUpstreamError(error: unknown): never {
  if (!(error instanceof AuthError) || error instanceof StoreError) throw error
  if (error.details['reason'] === 'not_connected') throw new AppError('not_connected')
  throw error.code === 'unavailable' ? new AppError('try_again') : error
}
