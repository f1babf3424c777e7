/** Counting attempts in the store, so for all processes together. Fails closed for a key that it cannot count. */
import { AuthError } from '../errors.js'
import { createEmit } from '../events.js'
import { expected, optionalFunction, requireMethods, seconds, wholeNumber } from '../internal/options.js'
import { isLate } from '../internal/late.js'
import { createQueue } from '../internal/queue.js'
import { type Platform, sha256Text, systemPlatform } from '../platform.js'
import type { Shared } from '../shared.js'
import { boundedStore } from '../store/bounded-store.js'
import { createRecords, type Records } from '../store/records.js'

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
  /**
   * Takes one counted attempt back, for what turned out not to be one; from the window that is open then, so do it at once: the
   * next window would lose one that it counted itself.
   */
  giveBack(...keys: string[]): Promise<void>
  /** Forgets a key's attempts. */
  reset(key: string): Promise<void>
}

interface Count {
  readonly v: 1
  readonly count: number
}

/** The records of counts, and the rule. */
interface Context {
  readonly records: Records<Count>
  readonly platform: Platform
  readonly limit: number
  readonly windowSeconds: number
}

/** How many of a batch pass, from its first on, and when the window closes. */
interface Counted {
  readonly free: number
  readonly expiresAt: number | null
}

/** Whether one attempt passes, and when the window closes that it was looked for in. */
interface Place {
  readonly passes: boolean
  readonly expiresAt: number | null
}

/** Attempts of one key that wait and are then counted together: a flood costs as many queries as one of them. */
interface Batch {
  size: number
  readonly counted: Promise<Counted>
}

/** Counts an attempt of the hashed key (1), or only looks (0). */
type AskCounts = (key: string, wanted: 0 | 1) => Promise<Place>

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
  const ask = createCounts({ records, platform, limit, windowSeconds })
  const emit = createEmit(options.onEvent, platform)
  // Two limiters on one store count apart when their rules differ; e-mail addresses are not kept in clear.
  const keyOf = (key: string): string => sha256Text(platform, JSON.stringify([limit, windowSeconds, checkKey(key)]))

  function pass({ passes, expiresAt }: Place): void {
    if (passes) return
    emit('limit.reached', { reason: 'too_many_attempts' })
    throw new AuthError('too_many_attempts', { retryAfterSeconds: Math.max(1, (expiresAt ?? 0) - platform.now()) })
  }

  return {
    async consume(...keys) {
      const hashed = [...new Set(keys.map(keyOf))]
      // A refused address must not use up an account's attempts: look at all before counting any.
      const looks = hashed.length > 1 ? await Promise.all(hashed.map((key) => ask(key, 0))) : []
      for (const look of looks) pass(look)
      const counted = new Map<string, number | null>()
      try {
        for (const key of hashed) {
          const place = await ask(key, 1)
          pass(place)
          counted.set(key, place.expiresAt)
        }
      } catch (error) {
        for (const [key, window] of counted) await takeBack(records, key, window)
        throw error
      }
    },
    async giveBack(...keys) {
      for (const key of new Set(keys.map(keyOf))) await takeBack(records, key)
    },
    async reset(key) {
      await records.remove(keyOf(key))
    },
  }
}

function createCounts({ records, platform, limit, windowSeconds }: Context): AskCounts {
  const queue = createQueue(isLate)
  const forming = new Map<string, Batch>()

  function open(key: string): Batch {
    const batch: Batch = { size: 0, counted: queue.run(key, countBatch).finally(close) }
    async function countBatch(): Promise<Counted> {
      // Who comes in the same moment still joins; who comes later must not be refused by a read that began before.
      await Promise.resolve()
      close()
      return count(key, batch.size)
    }
    function close(): void {
      if (forming.get(key) === batch) forming.delete(key)
    }
    forming.set(key, batch)
    return batch
  }

  async function count(key: string, wanted: number): Promise<Counted> {
    for (;;) {
      const found = await records.read(key, { fresh: true })
      const before = found?.value.count ?? 0
      const free = Math.max(0, limit - before)
      const expiresAt = found ? found.expiresAt : platform.now() + windowSeconds
      const passing = Math.min(free, wanted)
      if (passing === 0) return { free, expiresAt }
      const value: Count = { v: 1, count: before + passing }
      const written = found
        ? await records.replace(found, value)
        : await records.insert({ key, owner: null, expiresAt, value })
      if (written) return { free, expiresAt }
    }
  }

  return async (key, wanted) => {
    const batch = forming.get(key) ?? open(key)
    batch.size += wanted
    const place = wanted && batch.size
    const counted = await batch.counted
    return { passes: counted.free >= Math.max(1, place), expiresAt: counted.expiresAt }
  }
}

/** Takes one counted attempt back; `window`: only while that one is open, by the time of its end. */
async function takeBack(records: Records<Count>, key: string, window?: number | null): Promise<void> {
  for (;;) {
    const found = await records.read(key, { fresh: true })
    if (!found || found.value.count < 1) return
    if (window !== undefined && found.expiresAt !== window) return
    if (await records.replace(found, { v: 1, count: found.value.count - 1 })) return
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
