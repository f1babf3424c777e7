/** What the options of the code flow are made into, once. */
import { ConfigError } from '../errors.js'
import { createEmit, type Emit } from '../events.js'
import { expected, optionalFlag, optionalFunction, requireMethods } from '../internal/options.js'
import { checkOrigin } from '../internal/origin.js'
import { type Platform, sha256Text, systemPlatform } from '../platform.js'
import type { Shared } from '../shared.js'
import { boundedStore } from '../store/bounded-store.js'
import { createRecords, type Records } from '../store/records.js'
import type { AuthorizationCodeFlowOptions } from './flow-options.js'
import { createProviderClient, type ProviderClient } from './provider-client.js'
import { createTransactions, type Transactions } from './transaction.js'

/** One flow, ready to run. */
export interface FlowContext {
  readonly client: ProviderClient
  readonly platform: Platform
  readonly emit: Emit
  readonly transactions: Transactions
  /** Where an answer is taken once; `null`: no store was given. */
  readonly taken: Records<true> | null
  /** Names this flow in its transactions. */
  readonly id: string
  readonly origin: string
  readonly redirectUri: string
  readonly scope: string
  readonly responseMode: 'query' | 'form_post'
  readonly responseType: 'code' | 'code id_token'
  readonly dpop: boolean
  readonly pushedRequest: boolean
}

/** How long one call of the store may take, in seconds. */
export const storeTimeoutSeconds = 5
const storeMethods = ['get', 'insert', 'replace', 'remove', 'listByOwner', 'removeExpired']

/** Checks the options. Throws `ConfigError`. */
export function createFlowContext(options: AuthorizationCodeFlowOptions): FlowContext {
  const platform = options.platform ?? systemPlatform
  optionalFunction('onEvent', options.onEvent)
  const client = createProviderClient(options.provider, platform)
  const { definition } = client
  const origin = checkOrigin('origin', options.origin)
  const redirectUri = origin + checkPath(options.redirectPath)
  const responseType = checkResponseType(options.responseType ?? 'code')
  const responseMode = checkResponseMode(responseType, options.responseMode, definition.responseMode)
  const crossSite = responseMode === 'form_post'
  const secure = origin.startsWith('https:')
  return {
    client,
    platform,
    emit: createEmit(options.onEvent, platform),
    transactions: createTransactions(platform, { secrets: options.secrets, secure, crossSite }),
    taken: options.store === undefined ? null : takenRecords(options.store, platform),
    id: sha256Text(platform, JSON.stringify([definition.name, definition.issuer, definition.clientId, redirectUri])),
    origin,
    redirectUri,
    scope: checkScope(options.scope ?? definition.scope),
    responseMode,
    responseType,
    dpop: optionalFlag('dpop', options.dpop),
    pushedRequest: optionalFlag('pushedRequest', options.pushedRequest),
  }
}

/** Scope tokens of RFC 6749 §3.3, one space between them. Throws `ConfigError`. */
export function checkScope(scope: unknown): string {
  const shape = /^([\x21\x23-\x5b\x5d-\x7e]+( [\x21\x23-\x5b\x5d-\x7e]+)*)?$/
  if (typeof scope === 'string' && shape.test(scope)) return scope
  throw expected('scope', 'scopes with one space between them', scope)
}

function takenRecords(store: unknown, platform: Platform): Records<true> {
  requireMethods('store', store, storeMethods)
  const bounded = boundedStore(store as Shared['store'], platform, storeTimeoutSeconds)
  return createRecords<true>(bounded, platform, { kind: 'oauth-taken', decode: () => true, unreadable: 'error' })
}

function checkPath(path: unknown): string {
  if (typeof path === 'string' && /^\/(?!\/)[^\s?#\\]*$/.test(path)) return path
  throw expected('redirectPath', "a path such as '/auth/callback', without query", path)
}

function checkResponseType(responseType: unknown): 'code' | 'code id_token' {
  if (responseType === 'code' || responseType === 'code id_token') return responseType
  if (typeof responseType === 'string' && /\b(id_)?token\b/.test(responseType)) {
    throw new ConfigError(
      "responseType: implicit tokens pass through the browser's address and cannot be bound to it (RFC 9700 §2.1.2); use 'code'",
    )
  }
  throw expected('responseType', "'code' or 'code id_token'", responseType)
}

function checkResponseMode(
  responseType: 'code' | 'code id_token',
  responseMode: unknown,
  provided: 'query' | 'form_post',
): 'query' | 'form_post' {
  const hybrid = responseType === 'code id_token'
  if (responseMode === undefined) return hybrid ? 'form_post' : provided
  if (responseMode === 'form_post' || (responseMode === 'query' && !hybrid)) return responseMode
  throw expected('responseMode', hybrid ? "'form_post' for the hybrid flow" : "'query' or 'form_post'", responseMode)
}
