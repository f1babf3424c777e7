/** The authorization request (RFC 6749 §4.1.1): every parameter in one place, sent by URL or pushed (RFC 9126). */
import { encodeBase64urlNoPadding } from '@oslojs/encoding'
import * as wire from 'oauth4webapi'
import { AuthError } from '../errors.js'
import type { Platform } from '../platform.js'
import type { ProviderDefinition } from './provider.js'
import type { ProviderClient } from './provider-client.js'

/** What one attempt asks for. */
export interface AuthorizationRequest {
  readonly redirectUri: string
  readonly responseType: 'code' | 'code id_token'
  readonly responseMode: 'query' | 'form_post'
  readonly scope: string
  readonly state: string
  readonly nonce: string
  /** PKCE's secret; only its SHA-256 is sent. */
  readonly verifier: string
  readonly resource: string | null
  readonly maxAgeSeconds: number | null
  /** The app's own: prompt, login_hint … */
  readonly parameters: Readonly<Record<string, string>>
}

/** Decided by the protocol; an app that sets one of these would undo a defence. */
const reserved = new Set([
  'client_id',
  'client_secret',
  'code_challenge',
  'code_challenge_method',
  'max_age',
  'nonce',
  'redirect_uri',
  'request',
  'request_uri',
  'resource',
  'response_mode',
  'response_type',
  'scope',
  'state',
])

/** The app's own parameters, unless one is the protocol's. Throws 'invalid_request'. */
export function checkParameters(parameters: Readonly<Record<string, string>>): Readonly<Record<string, string>> {
  for (const [name, value] of Object.entries(parameters)) {
    if (reserved.has(name) || typeof value !== 'string') throw new AuthError('invalid_request', { parameter: name })
  }
  return parameters
}

/** The URL to send the browser to. With `push` the parameters go there first, and only a reference to the browser. */
export async function authorizationUrl(
  client: ProviderClient,
  request: AuthorizationRequest,
  push: boolean,
): Promise<string> {
  const { definition, platform } = client
  const metadata = await client.metadata()
  if (!metadata.authorization_endpoint) throw new AuthError('provider_error', { reason: 'no_authorization_endpoint' })
  const url = new URL(metadata.authorization_endpoint)
  const parameters = requestParameters(definition, request, platform)
  const pushed = push || metadata.require_pushed_authorization_requests === true
  const shown = pushed
    ? { client_id: definition.clientId, request_uri: await pushRequest(client, parameters) }
    : parameters
  for (const [name, value] of Object.entries(shown)) url.searchParams.set(name, value)
  return url.href
}

function requestParameters(
  definition: ProviderDefinition,
  request: AuthorizationRequest,
  platform: Platform,
): Record<string, string> {
  const { scope, parameters } = withOfflineAccess(definition, request.scope)
  const optional = {
    ...(request.resource !== null && { resource: request.resource }),
    ...(request.maxAgeSeconds !== null && { max_age: String(request.maxAgeSeconds) }),
    ...(request.responseMode !== 'query' && { response_mode: request.responseMode }),
    ...(scope !== '' && { scope }),
    ...(definition.identity.from === 'id_token' && { nonce: request.nonce }),
  }
  return {
    ...definition.authorizationParameters,
    ...parameters,
    ...request.parameters,
    client_id: definition.clientId,
    redirect_uri: request.redirectUri,
    response_type: request.responseType,
    state: request.state,
    code_challenge: encodeBase64urlNoPadding(platform.sha256(request.verifier)),
    code_challenge_method: 'S256',
    ...optional,
  }
}

/** `offline_access` is OpenID's word for "a refresh token, please"; some providers have another, or parameters. */
function withOfflineAccess(
  { deviations }: ProviderDefinition,
  scope: string,
): { scope: string; parameters: Readonly<Record<string, string>> } {
  const { offlineScope, offlineParameters } = deviations
  const scopes = scope.split(' ')
  if (!scopes.includes('offline_access') || !(offlineScope ?? offlineParameters)) return { scope, parameters: {} }
  const own = offlineScope === undefined ? [] : [offlineScope]
  const rest = scopes.filter((name) => name !== 'offline_access')
  return { scope: [...rest, ...own].join(' '), parameters: offlineParameters ?? {} }
}

function pushRequest(client: ProviderClient, parameters: Record<string, string>): Promise<string> {
  return client.exchange(async ({ server, client: identity, authentication, options }) => {
    const response = await wire.pushedAuthorizationRequest(server, identity, authentication, parameters, options)
    return (await wire.processPushedAuthorizationResponse(server, identity, response)).request_uri
  })
}
