/** The keys of another server, by its JWKS (RFC 7517 §5). One fetch at a time; bounded in size, time, number and frequency. */
import { StoreError } from '../errors.js'
import { expected, seconds } from '../internal/options.js'
import type { Platform } from '../platform.js'
import { fetchJson } from './fetch-json.js'
import type { Algorithm } from './jwk.js'
import type { VerifyingKey } from './jws-key.js'
import { createKeySet, type KeySource, usableKeys } from './key-ring.js'

/** Where the keys are and how long they are used. */
export interface RemoteKeySetOptions {
  readonly jwksUri: string
  readonly algorithms?: readonly Algorithm[]
  readonly maxStaleSeconds?: number
  readonly platform: Platform
}

/** Keys as they were fetched. */
interface FetchedKeys {
  readonly set: Pick<KeySource, 'find'>
  /** On the monotonic clock, in milliseconds; counted from the start of the fetch. */
  readonly fetchedAt: number
  readonly maxAgeSeconds: number
}

const asymmetric: readonly Algorithm[] = ['ES256', 'EdDSA', 'RS256', 'PS256']
const defaultMaxAgeSeconds = 300
const longestMaxAgeSeconds = 3600
/** Between two fetches that an unknown `kid` or a failure asked for. */
const cooldownSeconds = 5
/** How long after a failed fetch the issuer is taken to be down. */
const downForSeconds = 60
const mostKeys = 100
const mostBytes = 262_144
const timeoutSeconds = 5
/** From this part of their age on, keys are fetched again while requests go on with what is there. */
const refreshEarly = 0.75

/**
 * Makes the key set. Keys older than the answer's `max-age` are used only while a fetch fails, and no longer than
 * `maxStaleSeconds` past it; then `find` throws `StoreError`.
 */
export function createRemoteKeySet(options: RemoteKeySetOptions): Pick<KeySource, 'find'> {
  const { platform, algorithms = asymmetric } = options
  const uri = checkUri(options.jwksUri)
  if (!Array.isArray(algorithms) || algorithms.length === 0 || !algorithms.every((name) => asymmetric.includes(name))) {
    throw expected('algorithms', `a list of some of ${asymmetric.join(', ')}`, algorithms)
  }
  const maxStaleSeconds = seconds('maxStaleSeconds', options.maxStaleSeconds, { default: 3600, min: 0, max: 86_400 })
  let keys: FetchedKeys | null = null
  let running: Promise<void> | null = null
  let triedAt = -Infinity
  let failed = false

  async function load(): Promise<void> {
    const fetchedAt = platform.monotonic()
    triedAt = fetchedAt
    const { body, maxAge } = await fetchJson(platform, uri, { mostBytes, timeoutSeconds })
    const maxAgeSeconds = Math.max(1, Math.min(maxAge ?? defaultMaxAgeSeconds, longestMaxAgeSeconds))
    keys = { set: createKeySet(usableKeys(listedKeys(body), algorithms)), fetchedAt, maxAgeSeconds }
  }

  /** Joins the fetch that is under way, or starts one unless the last try was a moment ago. */
  function fetchKeys(): Promise<void> {
    if (running) return running
    if (secondsSince(triedAt) < cooldown()) return Promise.resolve()
    const land = (isFailure: boolean): void => {
      running = null
      failed = isFailure
    }
    running = load().then(
      () => land(false),
      () => land(true),
    )
    return running
  }

  function secondsSince(time: number): number {
    return (platform.monotonic() - time) / 1000
  }

  /** An issuer whose keys are young for less than the cooldown rotates that fast: it is asked that often. */
  function cooldown(): number {
    return failed || !keys ? cooldownSeconds : Math.min(cooldownSeconds, keys.maxAgeSeconds)
  }

  /** While an issuer does not answer, requests do not wait for it as long as older keys will do. */
  function isDown(): boolean {
    return failed && isUsable(keys) && secondsSince(triedAt) < downForSeconds
  }

  function current(): FetchedKeys | null {
    return keys && secondsSince(keys.fetchedAt) <= keys.maxAgeSeconds ? keys : null
  }

  function isUsable(found: FetchedKeys | null): found is FetchedKeys {
    return found !== null && secondsSince(found.fetchedAt) <= found.maxAgeSeconds + maxStaleSeconds
  }

  function stale(): FetchedKeys {
    if (isUsable(keys)) return keys
    throw new StoreError('The key set of the issuer cannot be fetched.')
  }

  async function findFetching(kid: string | undefined, algorithm: string): Promise<VerifyingKey | null> {
    if (!isDown()) await fetchKeys()
    else void fetchKeys()
    return (current() ?? stale()).set.find(kid, algorithm)
  }

  return {
    find(kid, algorithm) {
      if (!algorithms.some((name) => name === algorithm)) return null
      const fresh = current()
      if (!fresh) return findFetching(kid, algorithm)
      if (secondsSince(fresh.fetchedAt) > fresh.maxAgeSeconds * refreshEarly) void fetchKeys()
      return fresh.set.find(kid, algorithm) ?? findFetching(kid, algorithm)
    },
  }
}

function listedKeys(body: unknown): readonly unknown[] {
  const listed = (body as { keys?: unknown }).keys
  if (Array.isArray(listed) && listed.length <= mostKeys) return listed
  throw new StoreError('The key set of the issuer is none.')
}

function checkUri(uri: unknown): string {
  const url = typeof uri === 'string' && URL.canParse(uri) ? new URL(uri) : null
  const isLoopback = url?.protocol === 'http:' && /^(localhost|127\.\d+\.\d+\.\d+|\[::1\])$/.test(url.hostname)
  if (url && (url.protocol === 'https:' || isLoopback) && url.username === '' && url.password === '') return url.href
  throw expected('jwksUri', 'an https URL, or an http URL of a loopback host', uri)
}
