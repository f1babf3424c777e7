/** Signing in with the identity provider, calling its API for the user, and hearing of its logouts. */
import {
  AuthError,
  type AuthorizationCodeFlow,
  type Identities,
  type Sessions,
  StoreError,
  type TokenVault,
} from '@tessera-auth/core'
import type { FastifyPluginAsync, FastifyReply, FastifyRequest } from 'fastify'
import { AppError } from './app-error.ts'
import { textField } from './body.ts'
import type { Cart } from './cart.ts'
import type { Door } from './door.ts'
import { takeForms } from './parsers.ts'
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
export function oauthRoutes(parts: OAuthParts): FastifyPluginAsync {
  const { sessions, flow, vault } = parts
  const { getAuth } = parts.door
  return async (app) => {
    await takeForms(app, { only: false })
    app.head('/auth/oauth/idp', noAnswer)
    app.get<{ Querystring: Record<string, unknown> }>('/auth/oauth/idp', async (request, reply) => {
      try {
        const { returnTo, reauthenticate } = request.query
        const again = reauthenticate === undefined ? {} : { maxAgeSeconds: 0 }
        return reply.redirect(await flow.begin(getAuth(request), { returnTo, ...again }), 303)
      } catch (error) {
        if (!(error instanceof AuthError) || error instanceof StoreError || error.code === 'csrf_rejected') throw error
        return reply.redirect(`/?error=${error.code}`, 303)
      }
    })
    const callback = callbackHandler(parts)
    app.head(callbackPath, noAnswer)
    app.get(callbackPath, callback)
    app.post(callbackPath, callback)
    app.get('/api/upstream', async (request) => {
      const { userId } = await getAuth(request).requireSession()
      const upstream = await vault.userinfo(userId, providerName).catch(asUpstreamError)
      if (!upstream.ok) throw new AppError('try_again')
      return upstream.json()
    })
    await app.register(async (scope) => {
      scope.setErrorHandler(asOAuthError)
      scope.post('/auth/backchannel-logout', async (request, reply) => {
        const token = textField(request.body, 'logout_token')
        await sessions.revokeProviderLogin(await flow.verifyLogoutToken(token).catch(asLogoutError))
        return reply.code(200).send()
      })
    })
  }
}

/** A preview of a link must not use it up. */
async function noAnswer(_request: FastifyRequest, reply: FastifyReply): Promise<FastifyReply> {
  return reply.code(204).send()
}

function callbackHandler({ door, flow, identities, vault }: OAuthParts) {
  return async (request: FastifyRequest, reply: FastifyReply): Promise<FastifyReply> => {
    const auth = door.getAuth(request)
    try {
      const login = await flow.finish(auth, request.body)
      const session = await auth.signIn(await identities.resolve(login, await auth.session()), login)
      await vault.save(session.userId, login)
      return reply.redirect(login.returnTo, 303)
    } catch (error) {
      if (!(error instanceof AuthError) || error instanceof StoreError) throw error
      // Of two tabs that bring the same answer one is signed in; the other goes on as it is.
      const { returnTo } = error.details
      return reply.redirect(typeof returnTo === 'string' ? returnTo : `/?error=${error.code}`, 303)
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
