/** The token endpoint's answer (RFC 6749 §5), known deviations evened out before the strict reader sees it. */
import * as wire from 'oauth4webapi'
import type { Claims, ProviderDefinition } from './provider.js'
import { isObject, readText } from './upstream.js'

/** Tokens as a provider gave them. */
export interface TokenAnswer {
  readonly accessToken: string
  /** Lower case: 'bearer' or 'dpop'. */
  readonly tokenType: string
  readonly refreshToken: string | null
  /** Epoch seconds, counted from before the request; `null`: the provider does not say. */
  readonly expiresAt: number | null
  /** `null`: as it was asked for. */
  readonly scope: string | null
  /** Not validated yet. */
  readonly idToken: string | null
  /** The whole answer, for what stands only there. */
  readonly answer: Claims
}

interface AnswerContext {
  readonly definition: ProviderDefinition
  readonly server: wire.AuthorizationServer
  readonly identity: wire.Client
  /** Epoch seconds before the request. */
  readonly now: number
}

/** Reads an answer. Throws the wire library's errors, to be translated by the port. */
export async function readTokenAnswer(context: AnswerContext, response: Response): Promise<TokenAnswer> {
  const { definition, server, identity, now } = context
  const answer = parse(await readText(response))
  // The ID token has a door of its own; here it would be judged by another clock, another issuer rule and other algorithms.
  const { id_token: idToken, ...plain } = answer
  const scope = scopeText(definition, plain.scope)
  const { scope: _raw, ...rest } = plain
  const failed = definition.deviations.errorsWith200 && typeof plain.error === 'string'
  const even = new Response(JSON.stringify(scope === null ? named(rest) : { ...named(rest), scope }), {
    status: failed && response.status === 200 ? 400 : response.status,
    headers: response.headers,
  })
  const read = await wire.processGenericTokenEndpointResponse(server, identity, even)
  return {
    accessToken: read.access_token,
    tokenType: read.token_type,
    refreshToken: read.refresh_token ?? null,
    expiresAt: read.expires_in === undefined ? null : now + Math.floor(read.expires_in),
    scope,
    idToken: typeof idToken === 'string' && idToken !== '' ? idToken : null,
    answer,
  }
}

/** What cannot be read becomes an empty object, which the strict reader refuses with the right words. */
function parse(text: string): Record<string, unknown> {
  try {
    const value: unknown = JSON.parse(text)
    return isObject(value) ? value : {}
  } catch {
    return {}
  }
}

/** Servers whose serializer writes every member say `null` or '' for none; the tokens beside it are good all the same. */
function named(answer: Record<string, unknown>): Record<string, unknown> {
  return Object.fromEntries(Object.entries(answer).filter(([, value]) => value !== null && value !== ''))
}

function scopeText({ deviations }: ProviderDefinition, scope: unknown): string | null {
  if (deviations.scopeFormat === 'array' && Array.isArray(scope)) return scope.filter(isText).join(' ')
  if (typeof scope !== 'string') return null
  return deviations.scopeFormat === 'comma' ? scope.split(',').join(' ') : scope
}

function isText(value: unknown): value is string {
  return typeof value === 'string'
}
