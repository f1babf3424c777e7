/** Counting attempts in the store, so for all processes together. Fails closed for a key that it cannot count. */
import { AuthError } from '../errors.js'
import { createEmit } from '../events.js'
import { expected, optionalFunction, requireMethods, seconds, wholeNumber } from '../internal/options.js'
import { createQueue } from '../internal/queue.js'
import { sha256Text, systemPlatform } from '../platform.js'
import type { Shared } from '../shared.js'
import { boundedStore } from '../store/bounded-store.js'
import { createRecords, type Records, type Stored } from '../store/records.js'

/** Options of {@link createRateLimiter}. */
export interface RateLimiterOptions extends Pick<Shared, 'store' | 'onEvent' | 'platform'> {
  /** How many attempts a key has in one window. */
  readonly limit: number
  /** The window opens at a key's first attempt and closes after this long. */
  readonly windowSeconds: number
}

/** Counts attempts by key. Every method may throw `StoreError`. */
export interface RateLimiter {
  /**
   * Counts one attempt for every key, or for none: `too_many_attempts` `{ retryAfterSeconds }` where one has had its limit.
   * Each count is exact, however many processes count.
   */
  consume(...keys: string[]): Promise<void>
  /** Takes one counted attempt back, for what turned out not to be one. */
  giveBack(...keys: string[]): Promise<void>
  /** Forgets a key's attempts. */
  reset(key: string): Promise<void>
}

interface Count {
  readonly v: 1
  readonly count: number
}

/** Makes a limiter: one key per account, one per address. */
export function createRateLimiter(options: RateLimiterOptions): RateLimiter {
  const platform = options.platform ?? systemPlatform
  requireMethods('store', options.store, ['get', 'insert', 'replace', 'remove'])
  optionalFunction('onEvent', options.onEvent)
  if (options.limit === undefined) throw expected('limit', 'a whole number of attempts', options.limit)
  if (options.windowSeconds === undefined) throw expected('windowSeconds', 'whole seconds', options.windowSeconds)
  const limit = wholeNumber('limit', options.limit, { default: 0, min: 1, max: 1_000_000, unit: 'attempts' })
  const windowSeconds = seconds('windowSeconds', options.windowSeconds, { default: 0, min: 1, max: 31_536_000 })
  const records: Records<Count> = createRecords(boundedStore(options.store, platform, 5), platform, {
    kind: 'rate-limit',
    decode: decodeCount,
    unreadable: 'error',
  })
  const queue = createQueue()
  const emit = createEmit(options.onEvent, platform)
  // Two limiters on one store count apart when their rules differ; e-mail addresses are not kept in clear.
  const keyOf = (key: string): string => sha256Text(platform, JSON.stringify([limit, windowSeconds, checkKey(key)]))
  const read = (key: string): Promise<Stored<Count> | null> => records.read(key, { fresh: true })

  function refuse({ expiresAt }: Stored<Count>): never {
    emit('limit.reached', { reason: 'too_many_attempts' })
    throw new AuthError('too_many_attempts', { retryAfterSeconds: Math.max(1, (expiresAt ?? 0) - platform.now()) })
  }

  async function add(key: string): Promise<void> {
    for (;;) {
      const found = await read(key)
      if (found && found.value.count >= limit) refuse(found)
      const written = found
        ? await records.replace(found, { v: 1, count: found.value.count + 1 })
        : await records.insert({
            key,
            owner: null,
            expiresAt: platform.now() + windowSeconds,
            value: { v: 1, count: 1 },
          })
      if (written) return
    }
  }

  async function takeBack(key: string): Promise<void> {
    for (;;) {
      const found = await read(key)
      if (!found || found.value.count < 1) return
      if (await records.replace(found, { v: 1, count: found.value.count - 1 })) return
    }
  }

  return {
    async consume(...keys) {
      const hashed = [...new Set(keys.map(keyOf))]
      // A refused address must not use up an account's attempts: look at all before counting any.
      const found = hashed.length > 1 ? await Promise.all(hashed.map(read)) : []
      for (const count of found) if (count && count.value.count >= limit) refuse(count)
      const counted: string[] = []
      try {
        for (const key of hashed) {
          await queue.run(key, () => add(key))
          counted.push(key)
        }
      } catch (error) {
        for (const key of counted) await queue.run(key, () => takeBack(key))
        throw error
      }
    },
    async giveBack(...keys) {
      for (const key of new Set(keys.map(keyOf))) await queue.run(key, () => takeBack(key))
    },
    async reset(key) {
      await records.remove(keyOf(key))
    },
  }
}

function checkKey(key: unknown): string {
  if (typeof key === 'string' && key !== '') return key
  throw new TypeError('A key of a rate limiter is a text that is not empty.')
}

function decodeCount(stored: unknown): Count | null {
  const { v, count } = stored as Partial<Count>
  return v === 1 && Number.isSafeInteger(count) ? { v, count: count as number } : null
}
