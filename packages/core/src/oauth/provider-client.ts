/** The port to a provider: oauth4webapi speaks the wire protocol behind it, and its types and errors end here. */
import * as wire from 'oauth4webapi'
import { AuthError, ConfigError, OAuthResponseError } from '../errors.js'
import type { JsonWebKey } from '../json-web-key.js'
import { type Platform, systemPlatform } from '../platform.js'
import { requestApi } from './api-request.js'
import { createClientAuthentication } from './client-authentication.js'
import { type IdTokenExpectation, type JwtContext, verifyIdToken } from './id-token.js'
import { createDpopHandles, type DpopHandles } from './dpop.js'
import { createKeyFinder } from './provider-keys.js'
import { type Claims, definitionOf, type ProviderDefinition } from './provider.js'
import { createMetadataReader, type ServerMetadata } from './server-metadata.js'
import { readTokenAnswer, type TokenAnswer } from './token-answer.js'
import { askableUrl, boundedAnswer, readJson, timeoutSignal } from './upstream.js'

/** One request to the provider, as oauth4webapi takes it. */
export interface Wire {
  readonly server: wire.AuthorizationServer
  readonly client: wire.Client
  readonly authentication: wire.ClientAuth
  readonly options: WireOptions
  readonly dpopHandles: DpopHandles
}

/** Options of every request: our network, our timeout, what they may reach, and how much of an answer is read. */
export interface WireOptions {
  readonly [wire.customFetch]: (url: string, init: object) => Promise<Response>
  readonly [wire.allowInsecureRequests]: boolean
  readonly signal: AbortSignal
}

/** A provider that can be asked. Every method throws 'provider_error', and `OAuthResponseError` for its own refusals. */
export interface ProviderClient {
  readonly definition: ProviderDefinition
  readonly platform: Platform
  metadata(): Promise<ServerMetadata>
  /** Runs one exchange of the wire protocol, its errors translated. */
  exchange<Answer>(run: (wire: Wire) => Promise<Answer>, signal?: AbortSignal): Promise<Answer>
  /** One request to the token endpoint; with a key, bound to it by DPoP (RFC 9449). */
  grant(type: string, parameters: Readonly<Record<string, string>>, options?: GrantRequest): Promise<TokenAnswer>
  /** The claims of an ID token; see `verifyIdToken`. */
  verifyIdToken(token: unknown, expectation: IdTokenExpectation): Promise<Claims>
  /** What the checks of other JWTs of the provider need. */
  jwtContext(): Promise<JwtContext>
  /** A JSON document of the provider's API, asked for with an access token. */
  readProfile(url: string, token: BoundToken, method?: 'GET' | 'POST'): Promise<unknown>
}

/** An access token, and the private JWK that it is bound to, if any. */
export interface BoundToken {
  readonly accessToken: string
  readonly dpopKey?: JsonWebKey | null
}

/** What a token request may come with. */
export interface GrantRequest {
  /** A private JWK (P-256) that the tokens are bound to. */
  readonly dpopKey?: JsonWebKey | null
  readonly signal?: AbortSignal
}

/** Makes the port to one provider. Throws `ConfigError` for what is not a provider. */
export function createProviderClient(provider: unknown, platform: Platform): ProviderClient {
  const definition = definitionOf(provider)
  const metadata = createMetadataReader(definition, platform)
  const keys = createKeyFinder(definition, metadata, platform)
  const authenticate = createClientAuthentication(definition, platform)
  const dpopHandles = createDpopHandles({ client_id: definition.clientId }, platform)

  const client: ProviderClient = {
    definition,
    platform,
    metadata,
    exchange: (run, signal) =>
      translated(async () => {
        const server = await metadata()
        const options = wireOptions(definition, platform, signal)
        // oauth4webapi reads the runtime's clock; it is told by how much ours differs.
        const skew = platform.now() - systemPlatform.now()
        const identity = { client_id: definition.clientId, [wire.clockSkew]: skew }
        const authentication = await authenticate(server)
        return run({ server: { ...server }, client: identity, authentication, options, dpopHandles })
      }),
    grant: (type, parameters, options = {}) => requestTokens(client, { type, parameters }, options),
    verifyIdToken: async (token, expectation) => verifyIdToken(await client.jwtContext(), token, expectation),
    jwtContext: async () => ({ definition, platform, keys, metadata: await metadata() }),
    readProfile: (url, token, method = 'GET') => readProfile(client, token, { url, method }),
  }
  return client
}

async function requestTokens(
  client: ProviderClient,
  { type, parameters }: { type: string; parameters: Readonly<Record<string, string>> },
  { dpopKey, signal }: GrantRequest,
): Promise<TokenAnswer> {
  const { definition, platform } = client
  return client.exchange(async ({ server, client: identity, authentication, options, dpopHandles }) => {
    const DPoP = dpopKey ? await dpopHandles(dpopKey) : null
    const bound = DPoP ? { ...options, DPoP } : options
    const now = platform.now()
    const send = async (): Promise<TokenAnswer> => {
      const response = await wire.genericTokenEndpointRequest(
        server,
        identity,
        authentication,
        type,
        { ...parameters },
        bound,
      )
      return readTokenAnswer({ definition, server, identity, now }, response)
    }
    try {
      return await send()
    } catch (error) {
      // The server wants its own nonce in the proof (RFC 9449 §8); the handle has kept it.
      if (DPoP && wire.isDPoPNonceError(error)) return send()
      throw error
    }
  }, signal)
}

async function readProfile(
  client: ProviderClient,
  token: BoundToken,
  { url, method }: { readonly url: string; readonly method: 'GET' | 'POST' },
): Promise<unknown> {
  const { definition } = client
  return client.exchange(async (connection) => {
    const address = askableUrl(url, definition.allowPrivateNetwork)
    if (!address) throw new AuthError('provider_error', { reason: 'address_refused' })
    const headers = new Headers({ accept: 'application/json', ...definition.deviations.apiHeaders })
    const response = await requestApi(connection, token, { url: address, method, headers, body: null })
    if (response.status === 200) return readJson(response)
    await response.body?.cancel()
    throw new AuthError('provider_error')
  })
}

/**
 * Runs `call` and turns whatever it throws into ours. Neither the error of the wire library nor its cause is kept: they
 * hold answers, claims and tokens.
 */
export async function translated<Answer>(call: () => Promise<Answer>): Promise<Answer> {
  try {
    return await call()
  } catch (error) {
    throw asOwnError(error)
  }
}

function asOwnError(error: unknown): Error {
  // A key that cannot be used is ours to mend: told as the provider's failure, it would be looked for there.
  if (error instanceof AuthError || error instanceof ConfigError) return error
  if (error instanceof wire.ResponseBodyError)
    return new OAuthResponseError(error.error, error.error_description ?? null)
  if (error instanceof wire.WWWAuthenticateChallengeError) {
    const [challenge] = error.cause
    return new OAuthResponseError(challenge?.parameters.error ?? 'invalid_client')
  }
  const code = error instanceof wire.OperationProcessingError ? error.code : undefined
  return new AuthError('provider_error', code ? { reason: code.replace(/^OAUTH_/, '').toLowerCase() } : {})
}

function wireOptions(definition: ProviderDefinition, platform: Platform, signal?: AbortSignal): WireOptions {
  return {
    [wire.customFetch]: async (url, init) => {
      const address = askableUrl(url, definition.allowPrivateNetwork)
      if (!address) throw new AuthError('provider_error', { reason: 'address_refused' })
      return boundedAnswer(await platform.fetch(url, init))
    },
    [wire.allowInsecureRequests]: definition.allowPrivateNetwork,
    signal: timeoutSignal(signal),
  }
}
