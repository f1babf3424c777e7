/** Signing in with the identity provider, calling its API for the user, and hearing of its logouts. */
import {
  AuthError,
  type AuthorizationCodeFlow,
  type Identities,
  type Sessions,
  StoreError,
  type TokenVault,
} from '@tessera-auth/core'
import { type RequestHandler, Router } from 'express'
import { allow, AppError, exactly } from './app-error.ts'
import { textField } from './body.ts'
import type { Cart } from './cart.ts'
import type { Door } from './door.ts'
import { jsonOrFormBody } from './read-body.ts'
import { callbackPath, providerName } from './services.ts'
import { asOAuthError } from './token-routes.ts'

/** What these routes are made of. */
export interface OAuthParts {
  readonly door: Door
  readonly sessions: Sessions<Cart>
  readonly flow: AuthorizationCodeFlow
  readonly identities: Identities
  readonly vault: TokenVault
}

/** The routes `/auth/oauth/idp*`, `/api/upstream` and `/auth/backchannel-logout`. */
export function oauthRoutes(parts: OAuthParts): Router {
  const { door, sessions, flow, vault } = parts
  const { getAuth } = door
  const router = Router(exactly)
  router
    .route('/auth/oauth/idp')
    .head(noAnswer)
    .get(async (request, response) => {
      try {
        const { returnTo, reauthenticate } = request.query
        const again = reauthenticate === undefined ? {} : { maxAgeSeconds: 0 }
        response.redirect(303, await flow.begin(getAuth(request), { returnTo, ...again }))
      } catch (error) {
        if (!(error instanceof AuthError) || error instanceof StoreError || error.code === 'csrf_rejected') throw error
        response.redirect(303, `/?error=${error.code}`)
      }
    })
    .all(allow('GET'))
  const callback = callbackHandler(parts)
  router.route(callbackPath).head(noAnswer).get(callback).post(jsonOrFormBody, callback).all(allow('GET', 'POST'))
  router
    .route('/api/upstream')
    .get(async (request, response) => {
      const { userId } = await getAuth(request).requireSession()
      const upstream = await vault.userinfo(userId, providerName).catch(asUpstreamError)
      if (!upstream.ok) throw new AppError('try_again')
      response.json(await upstream.json())
    })
    .all(allow('GET'))
  router
    .route('/auth/backchannel-logout')
    .post(jsonOrFormBody, async (request, response) => {
      const token = textField(request.body, 'logout_token')
      const logout = await flow.verifyLogoutToken(token).catch(asLogoutError)
      await sessions.revokeProviderLogin(logout)
      response.status(200).end()
    })
    .all(allow('POST'))
  router.use('/auth/backchannel-logout', asOAuthError)
  return router
}

/** A preview of a link must not use it up. */
const noAnswer: RequestHandler = (_request, response) => void response.status(204).end()

function callbackHandler({ door, flow, identities, vault }: OAuthParts): RequestHandler {
  return async (request, response) => {
    const auth = door.getAuth(request)
    try {
      const login = await flow.finish(auth, request.body)
      const session = await auth.signIn(await identities.resolve(login, await auth.session()), login)
      await vault.save(session.userId, login)
      response.redirect(303, login.returnTo)
    } catch (error) {
      if (!(error instanceof AuthError) || error instanceof StoreError) throw error
      // Of two tabs that bring the same answer one is signed in; the other goes on as it is.
      const { returnTo } = error.details
      response.redirect(303, typeof returnTo === 'string' ? returnTo : `/?error=${error.code}`)
    }
  }
}

/** OpenID Connect Back-Channel Logout 1.0 §2.8: 400 for whatever kept it from being done, in the form of OAuth. */
function asLogoutError(error: unknown): never {
  if (!(error instanceof AuthError) || error instanceof StoreError) throw error
  throw new AuthError('invalid_request', { form: 'oauth' })
}

/** The bridge's own words for what the vault says. */
function asUpstreamError(error: unknown): never {
  if (!(error instanceof AuthError) || error instanceof StoreError) throw error
  if (error.details['reason'] === 'not_connected') throw new AppError('not_connected')
  throw error.code === 'unavailable' ? new AppError('try_again') : error
}
