/** Revocation (RFC 7009) and introspection (RFC 7662, RFC 9701) as routes to mount: who may ask is handed over as a function. */
import type { RequestView } from '../cookie/request-view.js'
import { AuthError, ConfigError } from '../errors.js'
import { expected, requireMethods } from '../internal/options.js'
import type { TokenIssuer } from '../token/token-issuer.js'
import { type ErrorAnswer, errorResponse } from './error-response.js'
import { type BodyChunks, isForm, readForm } from './form-body.js'
import { type NodeRequest, nodeRequestView } from './node-request.js'

/**
 * Who sends this request, by its headers or its form: `null`, or a thrown `AuthError`, is answered with 401, or with what the
 * error says. Called for each request, before the token is looked at.
 */
export type CallerOf<Caller> = (request: RequestView, form: URLSearchParams) => Caller | null | Promise<Caller | null>

/** Options of {@link createRevocationEndpoint}. */
export interface RevocationEndpointOptions {
  /** What `createTokenIssuer` returned. */
  readonly tokens: Pick<TokenIssuer, 'revoke'>
  /** The `client_id` of the caller; it can revoke what was issued to it. */
  readonly authenticate: CallerOf<string>
}

/** An API that asks about tokens. */
export interface IntrospectionClient {
  /** Its `client_id`, to which a signed answer is addressed. */
  readonly clientId: string
  /** The APIs that it is, by their identifiers: only access tokens for one of them are active to it. */
  readonly apis: readonly string[]
}

/** Options of {@link createIntrospectionEndpoint}. */
export interface IntrospectionEndpointOptions {
  /** What `createTokenIssuer` returned. */
  readonly tokens: Pick<TokenIssuer, 'introspect' | 'introspectSigned'>
  /** Who asks, and for which APIs. */
  readonly authenticate: CallerOf<IntrospectionClient>
}

/** The part of `ServerResponse` that is written. */
export interface NodeResponse {
  /** The HTTP status. */
  statusCode: number
  /** Replaces a header field. */
  setHeader(name: string, value: string): unknown
  /** Sends the body, and with it the answer. */
  end(body?: string): unknown
}

/** A request of node:http whose body nobody has read yet. */
export type UnreadNodeRequest = NodeRequest & AsyncIterable<Uint8Array> & { readonly body?: unknown }

/** One endpoint; both methods need no `this`. They reject with what is not an `AuthError`: that is the app's. */
export interface TokenEndpoint {
  /** Answers a web request: as a route handler of Next, in Hono, on Bun, Deno, workerd. */
  fetch(request: Request): Promise<Response>
  /** Answers a request of node:http, and so of Express, before its body parsers. Throws `ConfigError` when the body was read. */
  node(request: UnreadNodeRequest, response: NodeResponse): Promise<void>
}

type Answer<Caller> = (caller: Caller, token: string, request: RequestView) => Promise<ErrorAnswer>

const signedType = 'application/token-introspection+jwt'
const unsaved = { 'Cache-Control': 'no-store', 'X-Content-Type-Options': 'nosniff' }

/**
 * Makes the endpoint that clients revoke their tokens at (RFC 7009). Throws `ConfigError`.
 *
 * @example
 * ```ts
 * const revocation = createRevocationEndpoint({
 *   tokens,
 *   authenticate: (request) => authenticator.bindReadonly(request).requireClient(secrets),
 * })
 * app.post('/oauth/revoke', revocation.node)
 * ```
 */
export function createRevocationEndpoint({ tokens, authenticate }: RevocationEndpointOptions): TokenEndpoint {
  requireMethods('tokens', tokens, ['revoke'])
  return createEndpoint(authenticate, async (clientId, token) => {
    await tokens.revoke(token, { clientId })
    return { status: 200, headers: { ...unsaved }, body: '' }
  })
}

/**
 * Makes the endpoint that APIs ask about tokens (RFC 7662). The answer is signed where the caller asks for
 * `application/token-introspection+jwt` (RFC 9701). Throws `ConfigError`.
 *
 * @example
 * ```ts
 * const introspection = createIntrospectionEndpoint({
 *   tokens,
 *   authenticate: async (request) => ({
 *     clientId: await authenticator.bindReadonly(request).requireClient(secrets),
 *     apis: ['https://api.example'],
 *   }),
 * })
 * export const POST = introspection.fetch
 * ```
 */
export function createIntrospectionEndpoint({ tokens, authenticate }: IntrospectionEndpointOptions): TokenEndpoint {
  requireMethods('tokens', tokens, ['introspect', 'introspectSigned'])
  return createEndpoint(authenticate, async ({ clientId, apis }, token, { headers }) => {
    if (!Array.isArray(apis)) throw expected('authenticate', 'to name the caller’s apis, as a list', apis)
    if (!isSignedAsked(headers.get('accept'))) {
      const body = JSON.stringify(await tokens.introspect(token, { apis }))
      return { status: 200, headers: { ...unsaved, 'Content-Type': 'application/json; charset=utf-8' }, body }
    }
    const body = await tokens.introspectSigned(token, { audience: clientId, apis })
    return { status: 200, headers: { ...unsaved, 'Content-Type': signedType }, body }
  })
}

function createEndpoint<Caller>(authenticate: CallerOf<Caller>, answer: Answer<Caller>): TokenEndpoint {
  if (typeof authenticate !== 'function') throw expected('authenticate', 'a function', authenticate)

  async function respond(request: RequestView, chunks: BodyChunks | null): Promise<ErrorAnswer> {
    if (request.method !== 'POST') return refusal(405, { Allow: 'POST' })
    const form = await readForm(request, chunks)
    if (form === 'too_large') return refusal(413)
    if (form === 'malformed') return refusal(400)
    try {
      const caller = await authenticate(request, form)
      if (!caller) throw new AuthError('invalid_client')
      const token = form.get('token')
      return token ? await answer(caller, token, request) : refusal(400)
    } catch (error) {
      const known = error instanceof AuthError ? errorResponse(inOAuthForm(error)) : null
      if (!known) throw error
      return known
    }
  }

  return {
    async fetch(request) {
      if (request.bodyUsed && isForm(request)) throw new ConfigError('body: expected to be unread')
      const reader = request.bodyUsed ? undefined : request.body?.getReader()
      const { body, ...rest } = await respond(request, reader ? { next: async () => reader.read() } : null)
      void reader?.cancel().catch(() => {})
      return new Response(body === '' ? null : body, rest)
    },
    async node(request, response) {
      const view = nodeRequestView(request)
      // Of another type it may have been read by a parser for that type: the client sent what is no form.
      if (request.body !== undefined && isForm(view)) {
        throw new ConfigError('body: expected to be unread; mount the endpoint before the body parsers')
      }
      const { status, headers, body } = await respond(view, request[Symbol.asyncIterator]())
      response.statusCode = status
      for (const [name, value] of Object.entries(headers)) response.setHeader(name, value)
      // What is left of the body is not read: the connection is of no further use.
      if (status === 413) response.setHeader('Connection', 'close')
      response.end(body)
    },
  }
}

/** `invalid_request` (RFC 6749 §5.2). */
function refusal(status: number, headers: Readonly<Record<string, string>> = {}): ErrorAnswer {
  const answer = errorResponse(new AuthError('invalid_request', { form: 'oauth' }))
  return { body: '', ...answer, status, headers: { ...answer?.headers, ...headers } }
}

function inOAuthForm({ code, details }: AuthError): AuthError {
  return new AuthError(code, { ...details, form: 'oauth' })
}

/** Whether a signed answer is asked for by name (RFC 9701 §4), and a plain one is not preferred to it. */
function isSignedAsked(accept: string | null): boolean {
  const weights = new Map<string, number>()
  for (const range of (accept ?? '').toLowerCase().split(',')) {
    const [type = '', ...parameters] = range.split(';').map((part) => part.trim())
    const quality = parameters.find((parameter) => parameter.startsWith('q='))
    weights.set(type, quality === undefined ? 1 : Number(quality.slice(2)))
  }
  const signed = weights.get(signedType) ?? 0
  return signed > 0 && signed >= (weights.get('application/json') ?? 0)
}
