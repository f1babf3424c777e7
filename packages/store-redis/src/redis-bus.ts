/** Invalidations by PUBLISH and SUBSCRIBE. */
import { ConfigError, type InvalidationBus, StoreError } from '@tessera-auth/core/store'
import { pause } from './pause.js'
import type { RedisBusClient } from './redis-client.js'
import { openSubscription, type Subscription } from './subscription.js'

/** Options of {@link redisBus}. */
export interface RedisBusOptions {
  /** Default `auth:invalidate`. */
  readonly channel?: string
  /** Told why a connection failed; the bus goes on by itself. */
  readonly onError?: (error: unknown) => void
}

interface Settings {
  readonly channel: string
  readonly onError: (error: unknown) => void
  /** A store sends the messages of this bus with its writes. */
  carried: boolean
}

/** A server that does not answer for so long is given up: a network that was cut says nothing by itself. */
const answerMilliseconds = 3_000
const firstPauseMilliseconds = 50
const longestPauseMilliseconds = 2_000

const buses = new WeakMap<InvalidationBus, Settings>()

/**
 * A bus over Redis or Valkey: publishes on the client that is passed, and listens on a connection of its own made by
 * `client.duplicate()`, which is opened again whenever it is lost. Throws `ConfigError`.
 *
 * @example
 * ```ts
 * const store = cachedStore(records, { bus: redisBus(new Redis(process.env.REDIS_URL!)) })
 * ```
 */
export function redisBus(client: RedisBusClient, options: RedisBusOptions = {}): InvalidationBus {
  const { channel = 'auth:invalidate', onError = () => {} } = options
  if (typeof channel !== 'string' || channel === '') {
    throw new ConfigError(`channel: expected a text that is not empty, received ${typeof channel}`)
  }
  if (typeof client?.publish !== 'function' || typeof client.duplicate !== 'function') {
    throw new ConfigError(`client: expected a client of ioredis or node-redis, received ${typeof client}`)
  }
  const settings: Settings = { channel, onError, carried: false }
  const bus: InvalidationBus = {
    async publish(kind, key) {
      if (!settings.carried) await client.publish(channel, invalidationMessage(kind, key))
    },
    subscribe(onInvalidate, onHealth) {
      const stop = new AbortController()
      const running = keepListening({ client, settings, onInvalidate, onHealth, signal: stop.signal })
      return () => {
        stop.abort()
        return running
      }
    },
  }
  buses.set(bus, settings)
  return bus
}

/** Tells the bus that a store sends its messages, and the store on which channel. Throws `ConfigError`. */
export function carryOnWrites(bus: InvalidationBus): string {
  const settings = buses.get(bus)
  if (!settings) throw new ConfigError('bus: expected what redisBus returned, received another one')
  settings.carried = true
  return settings.channel
}

/** The message that names a record; no kind has a line break. */
export function invalidationMessage(kind: string, key: string): string {
  return `${kind}\n${key}`
}

interface ListeningOptions {
  readonly client: RedisBusClient
  readonly settings: Settings
  readonly signal: AbortSignal
  onInvalidate(kind: string, key: string): void
  onHealth(healthy: boolean): void
}

/** Listens until it is told to stop, and then calls nothing any more. */
async function keepListening(options: ListeningOptions): Promise<void> {
  const { signal, settings } = options
  const stopped = new Promise<void>((resolve) => signal.addEventListener('abort', () => resolve()))
  let wait = firstPauseMilliseconds
  // Not before the caller of subscribe holds what that returns.
  await Promise.resolve()
  while (!signal.aborted) {
    try {
      await listenUntilLost(options, stopped)
      wait = firstPauseMilliseconds
    } catch (error) {
      if (!signal.aborted) settings.onError(error)
      wait = Math.min(wait * 2, longestPauseMilliseconds)
    }
    await Promise.race([stopped, pause(wait)])
  }
}

async function listenUntilLost(options: ListeningOptions, stopped: Promise<void>): Promise<void> {
  const { client, settings, signal, onHealth } = options
  const onMessage = (text: string): void => {
    const end = text.indexOf('\n')
    if (end !== -1 && !signal.aborted) options.onInvalidate(text.slice(0, end), text.slice(end + 1))
  }
  const stoppedFirst = stopped.then((): never => {
    throw new StoreError('The bus was left before it listened.')
  })
  const givenUp = Promise.race([noAnswer(), stoppedFirst])
  const subscription = await openSubscription(client, { channel: settings.channel, onMessage }, givenUp)
  try {
    if (!signal.aborted) onHealth(true)
    await watch(subscription, stopped)
  } finally {
    subscription.close()
    if (!signal.aborted) onHealth(false)
  }
}

/** Resolves when the connection is lost or no longer wanted, rejects when the server no longer answers. */
async function watch(subscription: Subscription, stopped: Promise<void>): Promise<void> {
  let over = false
  async function keepAsking(): Promise<void> {
    while (!over) {
      await pause(answerMilliseconds)
      if (!over) await Promise.race([subscription.ping(), noAnswer()])
    }
  }
  try {
    await Promise.race([subscription.lost, stopped, keepAsking()])
  } finally {
    over = true
  }
}

async function noAnswer(): Promise<never> {
  await pause(answerMilliseconds)
  throw new StoreError(`Redis did not answer the bus within ${answerMilliseconds / 1000} s.`)
}
