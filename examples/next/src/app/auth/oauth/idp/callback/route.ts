import { AuthError, StoreError } from '@tessera-auth/core'
import { type Call, methods, noAnswer, seeOther } from '../../../../../methods.ts'

export const { GET, HEAD, POST, PUT, PATCH, DELETE, OPTIONS } = methods(
  { HEAD: noAnswer, GET: finish, POST: finish },
  { takes: ['form', 'json'], guard: 'none' },
)

async function finish({ auth, app, body }: Call): Promise<Response> {
  const { flow, identities, vault } = app.services
  try {
    const login = await flow.finish(auth, body)
    const session = await auth.signIn(await identities.resolve(login, await auth.session()), login)
    await vault.save(session.userId, login)
    return seeOther(login.returnTo)
  } catch (error) {
    if (!(error instanceof AuthError) || error instanceof StoreError) throw error
    // Of two tabs that bring the same answer one is signed in; the other goes on as it is.
    const { returnTo } = error.details
    return seeOther(typeof returnTo === 'string' ? returnTo : `/?error=${error.code}`)
  }
}
