/** Where a provider answers: OpenID Connect Discovery 1.0 and RFC 8414, cached, the issuer compared to the byte. */
import { AuthError } from '../errors.js'
import type { Platform } from '../platform.js'
import type { ProviderDefinition } from './provider.js'
import { askableUrl, readJsonObject, timeoutSignal } from './upstream.js'

/** The members that are used, under their registered names; whatever else was published stays unread. */
export interface ServerMetadata {
  readonly issuer: string
  readonly authorization_endpoint?: string
  readonly token_endpoint?: string
  readonly jwks_uri?: string
  readonly userinfo_endpoint?: string
  readonly revocation_endpoint?: string
  readonly end_session_endpoint?: string
  readonly pushed_authorization_request_endpoint?: string
  readonly device_authorization_endpoint?: string
  readonly backchannel_authentication_endpoint?: string
  readonly require_pushed_authorization_requests?: boolean
  readonly authorization_response_iss_parameter_supported?: boolean
  readonly token_endpoint_auth_methods_supported?: string[]
  readonly id_token_signing_alg_values_supported?: string[]
  readonly grant_types_supported?: string[]
}

/** Endpoints that this server calls itself, so that their addresses matter. */
const called = [
  'token_endpoint',
  'jwks_uri',
  'userinfo_endpoint',
  'revocation_endpoint',
  'pushed_authorization_request_endpoint',
  'device_authorization_endpoint',
  'backchannel_authentication_endpoint',
] as const
/** Endpoints that the browser is sent to. */
const visited = ['authorization_endpoint', 'end_session_endpoint'] as const
const flags = ['require_pushed_authorization_requests', 'authorization_response_iss_parameter_supported'] as const
const lists = [
  'token_endpoint_auth_methods_supported',
  'id_token_signing_alg_values_supported',
  'grant_types_supported',
] as const

const cacheSeconds = 3600

/**
 * Makes the reader of one provider's metadata: from its data, or discovered and kept for an hour; callers share one
 * request. The reader throws 'provider_error' when the provider cannot be reached, names another issuer, or has an
 * endpoint at an address that may not be asked.
 */
export function createMetadataReader(
  definition: ProviderDefinition,
  platform: Platform,
): () => Promise<ServerMetadata> {
  const { endpoints, issuer } = definition
  if (endpoints) {
    const fixed: ServerMetadata = { issuer, ...endpoints }
    return async () => fixed
  }
  let kept: { readonly metadata: Promise<ServerMetadata>; readonly since: number } | null = null
  return () => {
    const now = platform.monotonic()
    if (kept && now - kept.since < cacheSeconds * 1000) return kept.metadata
    const reading = { metadata: discover(definition, platform), since: now }
    kept = reading
    reading.metadata.catch(() => {
      if (kept === reading) kept = null
    })
    return reading.metadata
  }
}

async function discover(definition: ProviderDefinition, platform: Platform): Promise<ServerMetadata> {
  for (const address of addresses(definition)) {
    const url = askableUrl(address, definition.allowPrivateNetwork)
    if (!url) throw new AuthError('provider_error', { reason: 'address_refused' })
    const found = await ask(platform, url)
    if (found) return decodeMetadata(found, definition)
  }
  throw new AuthError('provider_error')
}

/** OpenID appends the well-known path to the issuer, RFC 8414 §3.1 puts it before the issuer's own path. */
function addresses({ issuer, deviations }: ProviderDefinition): string[] {
  if (deviations.metadataUrl !== undefined) return [deviations.metadataUrl]
  const { origin, pathname } = new URL(issuer)
  const path = pathname.replace(/\/$/, '')
  return [
    `${origin}${path}/.well-known/openid-configuration`,
    `${origin}/.well-known/oauth-authorization-server${path}`,
  ]
}

/** The document; `null`: there is none at this address. A body that breaks off is the provider's failure too. */
async function ask(platform: Platform, url: URL): Promise<Record<string, unknown> | null> {
  try {
    const headers = { accept: 'application/json' }
    const response = await platform.fetch(url.href, { headers, redirect: 'manual', signal: timeoutSignal() })
    if (response.status === 200) return await readJsonObject(response)
    await response.body?.cancel()
    if (response.status === 404) return null
  } catch {
    // Said below: whatever happened, there is no document.
  }
  throw new AuthError('provider_error')
}

function decodeMetadata(found: Record<string, unknown>, definition: ProviderDefinition): ServerMetadata {
  if (found.issuer !== definition.issuer) throw new AuthError('provider_error', { reason: 'issuer_mismatch' })
  const allowPrivate = definition.allowPrivateNetwork
  const metadata: Record<string, unknown> = { issuer: definition.issuer }
  for (const name of [...called, ...visited]) {
    if (found[name] === undefined || found[name] === null) continue
    // A browser may be sent into a private network that this server must not ask; it is still never a script.
    const url = askableUrl(found[name], allowPrivate || visited.some((other) => other === name))
    if (!url || (url.protocol === 'http:' && !allowPrivate)) {
      throw new AuthError('provider_error', { reason: 'address_refused' })
    }
    metadata[name] = url.href
  }
  for (const name of flags) if (found[name] === true) metadata[name] = true
  for (const name of lists) if (isTextList(found[name])) metadata[name] = found[name]
  return metadata as unknown as ServerMetadata
}

function isTextList(value: unknown): value is string[] {
  return Array.isArray(value) && value.every((item) => typeof item === 'string')
}
