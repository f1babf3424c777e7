/** Sign-in and connection by authorization code with PKCE (RFC 6749 §4.1, RFC 7636, RFC 9700): two calls. */
import type { Exchange } from '../cookie/request-view.js'
import { AuthError, ConfigError } from '../errors.js'
import { randomText } from '../internal/opaque-token.js'
import { returnToPath } from '../internal/return-to.js'
import { authorizationUrl, checkParameters } from './authorization.js'
import { finishAttempt } from './finish-attempt.js'
import { checkScope, createFlowContext, type FlowContext } from './flow-context.js'
import type { AuthorizationCodeFlowOptions, LoginExchange } from './flow-options.js'
import type { Identity, ProviderTokens } from './identity.js'
import { verifyLogoutToken } from './logout-token.js'
import type { ProviderClient } from './provider-client.js'
import { transactionSeconds } from './transaction.js'

/** What `begin` may be told. */
export interface BeginOptions {
  /** Straight from the query; anything but a path of this origin becomes `/`. */
  readonly returnTo?: unknown
  /** Instead of the flow's scope, for this attempt. */
  readonly scope?: string
  /** The API that the access token is for (RFC 8707). */
  readonly resource?: string
  /**
   * The oldest authentication that will do, in seconds; the provider asks for another one then. Checked against `auth_time`,
   * so only where there are ID tokens.
   */
  readonly maxAgeSeconds?: number
  /** `prompt`, `login_hint` …; the protocol's own are refused. */
  readonly parameters?: Readonly<Record<string, string>>
}

/** A finished login. Goes as it is into `signIn`, `identities.resolve` and `vault.save`. */
export interface OAuthLogin {
  /** Who it is, at the provider. */
  readonly identity: Identity
  /** What the provider's API is called with. */
  readonly tokens: ProviderTokens
  /** A path of this origin. */
  readonly returnTo: string
  /** `fed`, and the ID token's `amr` (RFC 8176). */
  readonly methods: readonly string[]
  /**
   * The ID token's `auth_time`, in epoch seconds, never in the future: when the user authenticated at the provider. Absent
   * where the provider does not say; the login counts as proven now then.
   */
  readonly authenticatedAt?: number
  /** By which the provider's back-channel logout names this login. */
  readonly providerLogin: {
    readonly issuer: string
    readonly subject: string
    readonly providerSessionId: string | null
    /** The ID token's `iat`, in epoch seconds. */
    readonly issuedAt: number
  }
}

/** What a logout token names: a session at the provider, or all sessions of a subject. */
export interface LogoutTokenClaims {
  /** The issuer. */
  readonly issuer: string
  /** The subject, if named. */
  readonly subject: string | null
  /** The provider's `sid`, if named. */
  readonly providerSessionId: string | null
  /** The token's `iat`, in epoch seconds. */
  readonly issuedAt: number
}

/** One provider's authorization code flow. */
export interface AuthorizationCodeFlow {
  /**
   * The URL to redirect to with 303; sets the attempt's cookie. Throws 'csrf_rejected' when another site sent the browser
   * here, 'invalid_request' for a parameter that is the protocol's own and for `maxAgeSeconds` at a provider without ID
   * tokens, 'provider_error'.
   */
  begin(exchange: LoginExchange, options?: BeginOptions): Promise<string>
  /**
   * The login behind the provider's answer. `form`: the parsed body, for `form_post`. Throws 'transaction_missing',
   * 'callback_rejected', 'access_denied', 'provider_error'. With a store an answer is taken once, atomically, before the
   * code is sent; the loser gets 'transaction_missing' with `returnTo` in its details.
   */
  finish(exchange: LoginExchange, form?: unknown): Promise<OAuthLogin>
  /**
   * What a back-channel logout token names (OpenID Connect Back-Channel Logout 1.0 §2.6). With a store each
   * is taken once: when `sessions.revokeProviderLogin` has ended it. Throws 'invalid_request' for any other, 'provider_error'.
   */
  verifyLogoutToken(token: unknown): Promise<LogoutTokenClaims>
  /** Where the browser signs out at the provider (RP-Initiated Logout 1.0); `null`: the provider has no such page. */
  logoutUrl(options?: { readonly idTokenHint?: string; readonly returnTo?: string }): Promise<string | null>
}

const secretBytes = 32
const mostSeconds = 31_536_000

/**
 * Makes the flow of one provider: `begin` sends the browser there, `finish` reads what it brings back. Between the two
 * everything is in a sealed cookie per attempt, so no store is needed. Throws `ConfigError`.
 *
 * @example
 * ```ts
 * const flow = createAuthorizationCodeFlow({ ...shared, provider, redirectPath: '/auth/google/callback' })
 * app.get('/auth/google', async (req, res) => res.redirect(303, await flow.begin(getAuth(req))))
 * ```
 */
export function createAuthorizationCodeFlow(options: AuthorizationCodeFlowOptions): AuthorizationCodeFlow {
  const flow = createFlowContext(options)
  refuseImpossible(flow)
  return {
    begin: (exchange, begin = {}) => audited(flow, 'oauth.started', () => beginAttempt(flow, exchange, begin)),
    finish: (exchange, form) => audited(flow, 'oauth.finished', () => finishAttempt(flow, exchange, form)),
    verifyLogoutToken: (token) =>
      audited(flow, null, async () => verifyLogoutToken(await flow.client.jwtContext(), token, flow.taken)),
    logoutUrl: (logout = {}) => audited(flow, null, () => logoutUrl(flow, logout)),
  }
}

/** What such a provider never answers is said now, and not to the first user. */
function refuseImpossible({ client: { definition }, responseType, pushedRequest }: FlowContext): void {
  if (responseType !== 'code' && definition.identity.from === 'profile') {
    throw new ConfigError("responseType: expected 'code', as this provider has no ID tokens")
  }
  if (pushedRequest && definition.endpoints) {
    throw new ConfigError('pushedRequest: expected false, as this provider has no endpoint for it (RFC 9126)')
  }
}

async function beginAttempt(flow: FlowContext, exchange: LoginExchange, options: BeginOptions): Promise<string> {
  const { client, platform, redirectUri, responseMode, responseType } = flow
  await refuseForeignStart(exchange)
  const parameters = checkParameters(options.parameters ?? {})
  const request = {
    nonce: randomText(platform, secretBytes),
    verifier: randomText(platform, secretBytes),
    scope: options.scope === undefined ? flow.scope : checkedScope(options.scope),
    maxAgeSeconds: checkMaxAge(client, options.maxAgeSeconds),
    resource: checkResource(options.resource),
  }
  const state = randomText(platform, secretBytes)
  const url = await authorizationUrl(
    client,
    { ...request, state, redirectUri, responseMode, responseType, parameters },
    flow.pushedRequest,
  )
  await flow.transactions.keep(exchange, state, {
    ...request,
    flow: flow.id,
    returnTo: returnToPath(options.returnTo, flow.origin),
    sessionId: (await exchange.session?.())?.id ?? null,
    expiresAt: platform.now() + transactionSeconds,
  })
  return url
}

/** Nobody signs a visitor in, or links accounts, from another site (login CSRF, RFC 6749 §10.12). */
async function refuseForeignStart({ request }: Exchange): Promise<void> {
  const site = (await request).headers.get('sec-fetch-site')
  if (site !== null && site !== 'same-origin' && site !== 'none') throw new AuthError('csrf_rejected')
}

function checkedScope(scope: unknown): string {
  try {
    return checkScope(scope)
  } catch {
    throw new AuthError('invalid_request', { parameter: 'scope' })
  }
}

/** Only an ID token says when somebody authenticated: elsewhere the promise could not be kept. */
function checkMaxAge({ definition }: ProviderClient, maxAge: number | undefined): number | null {
  if (maxAge === undefined) return null
  if (definition.identity.from === 'profile') {
    throw new AuthError('invalid_request', { parameter: 'maxAgeSeconds', reason: 'provider_without_id_token' })
  }
  if (Number.isSafeInteger(maxAge) && maxAge >= 0 && maxAge <= mostSeconds) return maxAge
  throw new AuthError('invalid_request', { parameter: 'maxAgeSeconds' })
}

/** An absolute URI without fragment (RFC 8707 §2). */
function checkResource(resource: string | undefined): string | null {
  if (resource === undefined) return null
  if (URL.canParse(resource) && !resource.includes('#')) return resource
  throw new AuthError('invalid_request', { parameter: 'resource' })
}

async function logoutUrl(
  { client, origin }: FlowContext,
  { idTokenHint, returnTo }: { readonly idTokenHint?: string; readonly returnTo?: string },
): Promise<string | null> {
  const { end_session_endpoint: endpoint } = await client.metadata()
  if (endpoint === undefined) return null
  const url = new URL(endpoint)
  url.searchParams.set('client_id', client.definition.clientId)
  if (idTokenHint !== undefined) url.searchParams.set('id_token_hint', idTokenHint)
  if (returnTo !== undefined) url.searchParams.set('post_logout_redirect_uri', origin + returnToPath(returnTo, origin))
  return url.href
}

/** Tells the audit stream how it went; `null`: only of failures. The reason is a word of ours, never the provider's text. */
async function audited<Result>(
  { emit }: FlowContext,
  type: 'oauth.started' | 'oauth.finished' | null,
  run: () => Promise<Result>,
): Promise<Result> {
  try {
    const result = await run()
    if (type) emit(type)
    return result
  } catch (error) {
    if (error instanceof AuthError) {
      const { reason } = error.details
      emit('oauth.refused', { reason: typeof reason === 'string' ? reason : error.code })
    }
    throw error
  }
}
