/** What an issuer is made with, checked once. */
import { ConfigError } from '../errors.js'
import { createEmit, type Emit } from '../events.js'
import { optionalFunction, requireMethods, requireText, seconds } from '../internal/options.js'
import { type Platform, systemPlatform } from '../platform.js'
import type { Shared } from '../shared.js'
import { boundedStore } from '../store/bounded-store.js'
import type { Store } from '../store/store.js'
import { type KeyRing, type KeySource, sourceOf } from './key-ring.js'
import type { RefreshTiming } from './refresh-family.js'

/** Options of {@link createTokenIssuer}. */
export interface TokenIssuerOptions extends Pick<Shared, 'store' | 'secrets' | 'origin' | 'onEvent' | 'platform'> {
  /** What signs. */
  readonly keys: KeyRing
  /** The `aud` of tokens whose grant names none: the API's identifier. */
  readonly audience: string
  /** The `iss` of every token. Default: `origin`. */
  readonly issuer?: string
  /** Life of an access token. Default 300. */
  readonly accessTokenSeconds?: number
  /** How long a refresh may be repeated, for lost answers and other tabs. Default 10, at most 60; 0: never. */
  readonly retryWindowSeconds?: number
  /** How far clocks of this system's processes may be apart. Default 5. */
  readonly clockSkewSeconds?: number
  /** How long a refresh token is good unused. Default 2_592_000 (30 days). */
  readonly refreshTokenSeconds?: number
  /** How long a refresh family lives in all. Default 7_776_000 (90 days). */
  readonly familySeconds?: number
}

/** The options, checked and with their defaults. */
export interface IssuerSettings {
  readonly platform: Platform
  readonly source: KeySource
  readonly timing: RefreshTiming
  readonly accessTokenSeconds: number
  /** Bounded in time. */
  readonly store: Store
  readonly emit: Emit
  readonly issuer: string
  readonly audience: string
}

const day = 86_400
const storeTimeoutSeconds = 5

/** Throws `ConfigError` for options that are wrong or cannot work together. */
export function checkIssuerOptions(options: TokenIssuerOptions): IssuerSettings {
  const { origin, keys, audience, issuer = origin, platform = systemPlatform } = options
  requireMethods('store', options.store, ['get', 'insert', 'replace', 'remove', 'listByOwner'])
  optionalFunction('onEvent', options.onEvent)
  const source = sourceOf(keys)
  const clockSkewSeconds = seconds('clockSkewSeconds', options.clockSkewSeconds, { default: 5, min: 0, max: 60 })
  const longest = source.longestTokenSeconds ?? day
  const accessTokenSeconds = seconds('accessTokenSeconds', options.accessTokenSeconds, {
    default: 300,
    min: 1,
    max: day,
  })
  if (accessTokenSeconds > longest) {
    throw new ConfigError(
      `accessTokenSeconds: expected at most the key ring's longestTokenSeconds, which is ${longest}`,
    )
  }
  const timing: RefreshTiming = {
    clockSkewSeconds,
    retryWindowSeconds: seconds('retryWindowSeconds', options.retryWindowSeconds, { default: 10, min: 0, max: 60 }),
    refreshTokenSeconds: seconds('refreshTokenSeconds', options.refreshTokenSeconds, {
      default: 30 * day,
      min: 1,
      max: 400 * day,
    }),
    familySeconds: seconds('familySeconds', options.familySeconds, { default: 90 * day, min: 1, max: 4000 * day }),
  }
  return {
    platform,
    source,
    timing,
    accessTokenSeconds,
    store: boundedStore(options.store, platform, storeTimeoutSeconds),
    emit: createEmit(options.onEvent, platform),
    issuer: requireText('issuer', issuer),
    audience: requireText('audience', audience),
  }
}
