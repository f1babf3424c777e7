/** The clients that are understood, as the few methods that are used of them. */
import { createHash } from 'node:crypto'
import { ConfigError } from '@tessera-auth/core/store'

/**
 * A client of ioredis or node-redis: single, Sentinel or Cluster, connected or connecting.
 *
 * Reads must go to masters, which is the default of both.
 */
export type RedisClient = IoRedisClient | NodeRedisClient

/** `Redis` or `Cluster` of ioredis. */
export interface IoRedisClient {
  /** GET. */
  get(key: string): Promise<string | null>
  /** EVAL. */
  eval(script: string, keyCount: number, ...keysAndArguments: string[]): Promise<unknown>
  /** EVALSHA. */
  evalsha(sha: string, keyCount: number, ...keysAndArguments: string[]): Promise<unknown>
}

/** What `createClient`, `createClientPool`, `createCluster` or `createSentinel` of node-redis makes. */
export interface NodeRedisClient {
  /** GET. */
  get(key: string): Promise<string | null>
  /** EVAL. */
  eval(script: string, options: ScriptOptions): Promise<unknown>
  /** EVALSHA. */
  evalSha(sha: string, options: ScriptOptions): Promise<unknown>
}

/** What the bus needs of any of these clients. */
export interface RedisBusClient {
  /** PUBLISH. */
  publish(channel: string, message: string): Promise<number>
  /** Another connection with the same options. */
  duplicate(): object
}

/** How node-redis takes the keys and arguments of a script. */
export interface ScriptOptions {
  /** The keys the script touches. */
  keys: string[]
  /** Its arguments. */
  arguments: string[]
}

/** A Lua script, and the name by which a server that has seen it knows it. */
export interface Script {
  readonly text: string
  readonly sha: string
}

/** Runs a script that touches one key. A server that does not know it, after a restart or a failover, is told it. */
export type RunScript = (script: Script, key: string, values: string[]) => Promise<unknown>

/** The script with its name. SHA-1 is Redis's own choice, and no secret depends on it. */
export function createScript(text: string): Script {
  return { text, sha: createHash('sha1').update(text).digest('hex') }
}

/** How scripts are run on this client. Throws `ConfigError` for what is no client. */
export function scriptRunner(client: RedisClient): RunScript {
  const { known, told } = callsOf(client)
  return async (script, key, values) => {
    try {
      return await known(script.sha, key, values)
    } catch (error) {
      if (!(error instanceof Error) || !error.message.startsWith('NOSCRIPT')) throw error
      return told(script.text, key, values)
    }
  }
}

interface ScriptCalls {
  known(sha: string, key: string, values: string[]): Promise<unknown>
  told(text: string, key: string, values: string[]): Promise<unknown>
}

function callsOf(client: RedisClient): ScriptCalls {
  if (isNodeRedis(client)) {
    return {
      known: (sha, key, values) => client.evalSha(sha, { keys: [key], arguments: values }),
      told: (text, key, values) => client.eval(text, { keys: [key], arguments: values }),
    }
  }
  if (typeof client?.evalsha !== 'function') {
    throw new ConfigError(`client: expected a client of ioredis or node-redis, received ${typeof client}`)
  }
  return {
    known: (sha, key, values) => client.evalsha(sha, 1, key, ...values),
    told: (text, key, values) => client.eval(text, 1, key, ...values),
  }
}

function isNodeRedis(client: RedisClient): client is NodeRedisClient {
  return typeof (client as NodeRedisClient | null)?.evalSha === 'function'
}
