/** One connection that listens to one channel, taken from any of the clients. */
import { StoreError } from '@tessera-auth/core/store'
import { pause } from './pause.js'
import type { RedisBusClient } from './redis-client.js'

/** A connection that listens, and is not opened again once it is lost: nobody could tell what it missed. */
export interface Subscription {
  /** Resolves when the connection is lost. */
  readonly lost: Promise<void>
  /** Asks the server for a sign of life. */
  ping(): Promise<unknown>
  /** Closes it. */
  close(): void
}

interface Listening extends Subscription {
  /** Connects, and resolves once the server has acknowledged the subscription. */
  open(): Promise<void>
}

/** What is heard: the texts of one channel. */
interface Listener {
  readonly channel: string
  onMessage(text: string): void
}

/** The part of ioredis that only a subscription needs. */
interface IoRedisConnection {
  on(event: 'connect' | 'close' | 'end' | 'error', listener: () => void): unknown
  on(event: 'message', listener: (channel: string, message: string) => void): unknown
  connect(): Promise<void>
  subscribe(channel: string): Promise<unknown>
  ping(): Promise<unknown>
  disconnect(): void
  readonly stream?: { unref?(): unknown; destroy?(): unknown }
}

interface IoRedisNode {
  duplicate(options: object): IoRedisConnection
}

/** A Cluster of ioredis. */
interface IoRedisCluster {
  nodes(role: 'master'): IoRedisNode[]
}

/** The part of node-redis that only a subscription needs. */
interface NodeRedisConnection {
  on(event: 'error' | 'reconnecting' | 'end', listener: () => void): unknown
  on(event: 'topology-change', listener: (change: { type: string }) => void): unknown
  connect(): Promise<unknown>
  subscribe(channel: string, listener: (message: string) => void): Promise<unknown>
  ping(): Promise<unknown>
  destroy(): void
  unref?(): void
}

interface NodeRedisNode {
  /** Not there in a Sentinel client. */
  readonly options?: { readonly socket?: object }
  duplicate(overrides?: object): NodeRedisConnection
}

/** A Cluster of node-redis. */
interface NodeRedisCluster {
  readonly masters: object[]
  nodeClient(master: object): NodeRedisNode | Promise<NodeRedisNode>
}

/** How long the connection of a Sentinel client may take to come back before it can be closed. */
const settlingMilliseconds = 1_000

/**
 * Connects and subscribes; resolves once the server has acknowledged it. In a Cluster any one of the masters is taken,
 * as each node hears all messages: the subscription of a Cluster client moves to another node without telling.
 *
 * `givenUp` rejects when nobody waits any longer; whatever was opened until then is closed.
 */
export async function openSubscription(
  client: RedisBusClient,
  listener: Listener,
  givenUp: Promise<never>,
): Promise<Subscription> {
  // Where it fails before anybody looks at this.
  givenUp.catch(() => {})
  const listening =
    'evalSha' in client
      ? listenByNodeRedis(await Promise.race([nodeOfNodeRedis(client), givenUp]), listener)
      : listenByIoRedis(nodeOfIoRedis(client), listener)
  try {
    const opened = await Promise.race([listening.open().then(() => true), listening.lost, givenUp])
    if (opened === true) return listening
  } catch (error) {
    listening.close()
    throw error
  }
  listening.close()
  throw new StoreError('Redis closed the connection of the bus before it listened.')
}

function listenByIoRedis(node: IoRedisNode, { channel, onMessage }: Listener): Listening {
  const connection = node.duplicate({ lazyConnect: true, retryStrategy: () => null, autoResubscribe: false })
  const lost = new Promise<void>((resolve) => {
    for (const event of ['close', 'end', 'error'] as const) connection.on(event, () => resolve())
  })
  connection.on('message', (_channel, message) => onMessage(message))
  connection.on('connect', () => connection.stream?.unref?.())
  return {
    lost,
    async open() {
      await connection.connect()
      await connection.subscribe(channel)
    },
    ping: () => connection.ping(),
    close() {
      connection.disconnect()
      // A server that says nothing would not answer the end of the stream either.
      connection.stream?.destroy?.()
    },
  }
}

function listenByNodeRedis(node: NodeRedisNode, { channel, onMessage }: Listener): Listening {
  // Closed while it connects again by itself, this client would come back, subscribed, and nobody could close it.
  const { options } = node
  const connection = node.duplicate(options && { socket: { ...options.socket, reconnectStrategy: false } })
  const { promise: lost, resolve } = Promise.withResolvers<void>()
  for (const event of ['reconnecting', 'end', 'error'] as const) connection.on(event, () => resolve())
  let isClosed = false
  let isLost = false
  void lost.then(() => (isLost = true))
  return {
    lost,
    async open() {
      connection.unref?.()
      await connection.connect()
      // Sentinel: from now on a new master means a moved connection, which goes on as if nothing had been missed.
      connection.on('topology-change', ({ type }) => type === 'MASTER_CHANGE' && resolve())
      await connection.subscribe(channel, (message) => {
        if (!isClosed) onMessage(message)
      })
    },
    ping: () => connection.ping(),
    close() {
      isClosed = true
      // A Sentinel client keeps its options to itself, so that one is left to come back first.
      const settled = options || !isLost ? Promise.resolve() : pause(settlingMilliseconds)
      settled.then(() => connection.destroy()).catch(() => {})
    },
  }
}

function nodeOfIoRedis(client: RedisBusClient | IoRedisCluster): IoRedisNode {
  return 'nodes' in client ? anyOf(client.nodes('master')) : (client as RedisBusClient & IoRedisNode)
}

async function nodeOfNodeRedis(client: RedisBusClient | NodeRedisCluster): Promise<NodeRedisNode> {
  return 'nodeClient' in client ? client.nodeClient(anyOf(client.masters)) : (client as RedisBusClient & NodeRedisNode)
}

/** Which one is only a matter of load, but it must not be the same dead one at each try. */
function anyOf<T>(nodes: readonly T[]): T {
  const node = nodes[tries++ % nodes.length]
  if (node === undefined) throw new StoreError('The Cluster client knows no master yet.')
  return node
}

let tries = 0
