/** Tokens for APIs: a session cookie in, a token pair out; refresh, revocation, introspection, keys, and one API. */
import { AuthError, type KeyRing, type TokenIssuer } from '@tessera-auth/core'
import type { FastifyInstance, FastifyPluginAsync, FastifyReply, FastifyRequest } from 'fastify'
import { appErrorOf, foreignFirst } from './answer-errors.ts'
import { optionalTextField, textField } from './body.ts'
import type { Door } from './door.ts'
import { takeForms } from './parsers.ts'

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
export function tokenRoutes(parts: TokenParts): FastifyPluginAsync {
  const { keys, door } = parts
  return async (app) => {
    app.get('/.well-known/jwks.json', async (_request, reply) => {
      const set = await keys.jwks()
      return reply.header('Cache-Control', keys.jwksCacheControl).send(set)
    })
    app.get('/api/profile', async (request) => {
      const { sub, scope, client_id, exp } = await door.getAuth(request).requireScope('profile')
      return { sub, scope, client_id, exp }
    })
    await app.register(async (scope) => issuing(scope, parts), { prefix: '/auth/token' })
    await app.register(async (scope) => oauthForms(scope, parts), { prefix: '/auth/token' })
  }
}

function issuing(app: FastifyInstance, { door, tokens }: TokenParts): void {
  app.setErrorHandler(async (error, request, reply) =>
    asOAuthError(await foreignFirst(door.getAuth, request, error), request, reply),
  )
  app.post('', async (request) => {
    const session = await door.getAuth(request).requireSession()
    return tokens.issue({ session, scope: askedScope(request.body) })
  })
}

async function oauthForms(app: FastifyInstance, { door, tokens, introspection }: TokenParts): Promise<void> {
  app.setErrorHandler(asOAuthError)
  await takeForms(app, { only: false })
  app.post('/refresh', async (request) => tokens.refresh(textField(request.body, 'refresh_token')))
  app.post('/revoke', async (request, reply) => {
    await tokens.revoke(textField(request.body, 'token'))
    return reply.code(200).send()
  })
  if (!introspection) return
  app.post('/introspect', async (request) => {
    await door.getAuth(request).requireClient({ [introspection.client]: introspection.secret })
    return tokens.introspect(textField(request.body, 'token'))
  })
}

/** Scopes of this API, with one space between them; all where none is named. */
function askedScope(body: unknown): string {
  const asked = optionalTextField(body, 'scope') ?? scopes.join(' ')
  const names = asked.split(' ')
  if (!names.every((name) => scopes.includes(name))) throw new AuthError('invalid_scope')
  return [...new Set(names)].join(' ')
}

/** OAuth clients expect RFC 6749 §5.2 bodies: what our parsers refuse is answered in that form too. */
export function asOAuthError(error: unknown, _request: FastifyRequest, reply: FastifyReply): FastifyReply {
  if (error instanceof AuthError) {
    throw error.code === 'invalid_request' ? new AuthError('invalid_request', { form: 'oauth' }) : error
  }
  const { status, message } = appErrorOf(error)
  if (status >= 500 || status === 405) throw error
  return reply.code(status).send({ error: 'invalid_request', error_description: message })
}
