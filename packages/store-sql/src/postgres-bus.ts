/** Invalidations by LISTEN and NOTIFY, on a connection of their own. */
import { ConfigError, type InvalidationBus, StoreError } from '@tessera-auth/core/store'
import { keepListening, type Listening, type OpenNotifyClient } from './notify-connection.js'

/** Options of {@link postgresBus}. */
export interface PostgresBusOptions {
  /** The channel: a-z, 0-9 and _, at most 63 characters. Default `auth_invalidate`. */
  readonly channel?: string
  /** Told why a connection failed; the bus goes on by itself. */
  readonly onError?: (error: unknown) => void
}

interface Subscriber {
  onInvalidate(kind: string, key: string): void
  onHealth(healthy: boolean): void
}

/** Buses made here: their channel, and whether a store sends their messages with its writes. */
const buses = new WeakMap<InvalidationBus, { readonly channel: string; carried: boolean }>()

/**
 * A bus over the database that is there already. It holds one connection while there is a subscriber, checks every five
 * seconds that it still answers, and connects again when it does not.
 *
 * @param connect - makes a client that nothing else uses; called again after each loss. The bus connects it; where a promise
 * is returned, it is of one that is connected. Give it a `connectionTimeoutMillis`: a server that says nothing would hold the
 * one attempt, beside which there is no other, until the network gives up.
 * @example
 * ```ts
 * const bus = postgresBus(() => new pg.Client({ connectionString, connectionTimeoutMillis: 5_000 }))
 * const store = cachedStore(postgresStore(pool, { bus }), { bus })
 * ```
 */
export function postgresBus(connect: OpenNotifyClient, options: PostgresBusOptions = {}): InvalidationBus {
  const settings = { channel: channelName(options.channel), carried: false }
  const subscribers = new Set<Subscriber>()
  let listening: Listening | null = null
  let healthy = false

  function start(): Listening {
    return keepListening({
      connect,
      channel: settings.channel,
      onMessage(payload) {
        const record = readPayload(payload)
        if (record) for (const subscriber of subscribers) subscriber.onInvalidate(...record)
      },
      onHealth(now) {
        healthy = now
        for (const subscriber of subscribers) subscriber.onHealth(now)
      },
      onError: options.onError ?? (() => {}),
    })
  }

  const bus: InvalidationBus = {
    async publish(kind, key) {
      if (settings.carried) return
      if (!listening) throw new StoreError('The bus has no subscriber, and so no connection.')
      await listening.query('select pg_notify($1, $2)', [settings.channel, invalidationPayload(kind, key)])
    },
    subscribe(onInvalidate, onHealth) {
      const subscriber = { onInvalidate, onHealth }
      subscribers.add(subscriber)
      listening ??= start()
      // Not before the caller holds what this returns.
      if (healthy) queueMicrotask(() => healthy && subscribers.has(subscriber) && onHealth(true))
      return async () => {
        const wasThere = subscribers.delete(subscriber)
        if (!wasThere || subscribers.size > 0) return
        const stopping = listening
        listening = null
        healthy = false
        await stopping?.stop()
      }
    },
  }
  buses.set(bus, settings)
  return bus
}

/** Tells the bus that a store sends its messages; the channel to send them to, or `null` for a bus made elsewhere. */
export function carryOnWrites(bus: InvalidationBus): string | null {
  const settings = buses.get(bus)
  if (!settings) return null
  settings.carried = true
  return settings.channel
}

/** The message that names a record; neither part has a line break. */
export function invalidationPayload(kind: string, key: string): string {
  return `${kind}\n${key}`
}

function readPayload(payload: string): [kind: string, key: string] | null {
  const end = payload.indexOf('\n')
  return end === -1 ? null : [payload.slice(0, end), payload.slice(end + 1)]
}

function channelName(channel = 'auth_invalidate'): string {
  if (typeof channel === 'string' && /^[a-z_][a-z0-9_]{0,62}$/.test(channel)) return channel
  throw new ConfigError('channel: expected a name of a-z, 0-9 and _, at most 63 characters long')
}
