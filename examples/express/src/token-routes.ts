/** Tokens for APIs: a session cookie in, a token pair out; refresh, revocation, introspection, keys, and one API. */
import { AuthError, type KeyRing, type TokenIssuer } from '@tessera-auth/core'
import { type ErrorRequestHandler, Router } from 'express'
import { allow, AppError, exactly, foreignFirst } from './app-error.ts'
import { optionalTextField, textField } from './body.ts'
import type { Door } from './door.ts'
import { jsonBody, jsonOrFormBody } from './read-body.ts'

/** What these routes are made of. */
export interface TokenParts {
  readonly door: Door
  readonly tokens: TokenIssuer
  readonly keys: KeyRing
  /** Who may introspect; `null`: nobody, and there is no such route. */
  readonly introspection: { readonly client: string; readonly secret: string } | null
}

const scopes = ['profile', 'orders:read']

/** The routes `/auth/token*`, `/api/profile` and `/.well-known/jwks.json`. */
export function tokenRoutes({ door: { getAuth }, tokens, keys, introspection }: TokenParts): Router {
  const router = Router(exactly)
  router
    .route('/auth/token')
    .post(jsonBody, async (request, response) => {
      const session = await getAuth(request).requireSession()
      response.json(await tokens.issue({ session, scope: askedScope(request.body) }))
    })
    .all(allow('POST'))
  router
    .route('/auth/token/refresh')
    .post(jsonOrFormBody, async (request, response) => {
      response.json(await tokens.refresh(textField(request.body, 'refresh_token')))
    })
    .all(allow('POST'))
  router
    .route('/auth/token/revoke')
    .post(jsonOrFormBody, async (request, response) => {
      await tokens.revoke(textField(request.body, 'token'))
      response.status(200).end()
    })
    .all(allow('POST'))
  if (introspection) {
    router
      .route('/auth/token/introspect')
      .post(jsonOrFormBody, async (request, response) => {
        await getAuth(request).requireClient({ [introspection.client]: introspection.secret })
        response.json(await tokens.introspect(textField(request.body, 'token')))
      })
      .all(allow('POST'))
  }
  router.use('/auth/token', foreignFirst(getAuth), asOAuthError)
  router
    .route('/.well-known/jwks.json')
    .get(async (_request, response) => {
      const set = await keys.jwks()
      response.set('Cache-Control', keys.jwksCacheControl).json(set)
    })
    .all(allow('GET'))
  router
    .route('/api/profile')
    .get(async (request, response) => {
      const { sub, scope, client_id, exp } = await getAuth(request).requireScope('profile')
      response.json({ sub, scope, client_id, exp })
    })
    .all(allow('GET'))
  return router
}

/** Scopes of this API, with one space between them; all where none is named. */
function askedScope(body: unknown): string {
  const asked = optionalTextField(body, 'scope') ?? scopes.join(' ')
  const names = asked.split(' ')
  if (!names.every((name) => scopes.includes(name))) throw new AuthError('invalid_scope')
  return [...new Set(names)].join(' ')
}

/** OAuth clients expect RFC 6749 §5.2 bodies: what our parsers refuse is answered in that form too. */
export const asOAuthError: ErrorRequestHandler = (error: unknown, _request, response, next) => {
  if (error instanceof AuthError) {
    return next(error.code === 'invalid_request' ? new AuthError('invalid_request', { form: 'oauth' }) : error)
  }
  const { status } = (error ?? {}) as { status?: unknown }
  if (typeof status !== 'number' || status < 400 || status > 499 || status === 405) return next(error)
  const { message } = error instanceof AppError ? error : new AppError('invalid_request')
  response.status(status).json({ error: 'invalid_request', error_description: message })
}
