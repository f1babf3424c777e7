/** Records in Redis or Valkey: one key each, and a sorted set per owner. */
import { systemPlatform } from '@tessera-auth/core/http'
import { ConfigError, type InvalidationBus, type Store, StoreError } from '@tessera-auth/core/store'
import { type FoundRecord, insertedEnd, readLineEnd, readRecord, versionPrefix, writeRecord } from './record-text.js'
import { carryOnWrites, invalidationMessage } from './redis-bus.js'
import { scriptRunner, type RedisClient, type Script } from './redis-client.js'
import { indexScript, insertScript, listScript, removeScript, replaceScript } from './redis-scripts.js'

/** Options of {@link redisStore}. */
export interface RedisStoreOptions {
  /** What every key begins with. Default `auth:`. */
  readonly prefix?: string
  /** A `redisBus` on the same server: each write and its message become one step. It then serves this store only. */
  readonly bus?: InvalidationBus
}

/** Nothing is dropped earlier than that after it expired: room for clocks that differ. */
const graceSeconds = 300
/** As in the other stores; a record's line has to fit what the scripts read of it. */
const longestOwner = 255
/** Random, and what a call's insert is known by. */
const insertedBytes = 9

/**
 * A store over the Redis or Valkey client that the app has anyway: `get` is one GET, every write one script on one key,
 * with one more for the owner's index where a record with an owner is new or lives longer.
 *
 * Redis drops expired records by itself, so `removeExpired` answers 0. What it acknowledged can be lost in a failover,
 * as its replication is asynchronous; the README says what to do about that. Throws `ConfigError`.
 *
 * @example
 * ```ts
 * const bus = redisBus(client)
 * const store = cachedStore(redisStore(client, { bus }), { bus })
 * ```
 */
export function redisStore(client: RedisClient, options: RedisStoreOptions = {}): Store {
  const ask = scriptRunner(client)
  const keys = createKeys(options.prefix ?? 'auth:')
  const channel = options.bus === undefined ? '' : carryOnWrites(options.bus)

  async function run(script: Script, key: string, values: string[]): Promise<unknown> {
    try {
      return await ask(script, key, values)
    } catch (cause) {
      throw storeError(cause)
    }
  }

  async function read(kind: string, key: string): Promise<FoundRecord | null> {
    let text: string | null
    try {
      text = await client.get(keys.record(kind, key))
    } catch (cause) {
      throw storeError(cause)
    }
    return text === null ? null : readRecord(kind, key, text)
  }

  const change = (kind: string, key: string): [string, string] => [channel, invalidationMessage(kind, key)]

  /** Puts the record into its owner's index, which must come before the record: a crash between must not hide it. */
  async function index(name: Name, owner: string, member: Member): Promise<void> {
    const score = member.expiresAt === null ? '+inf' : String(member.expiresAt)
    const text = JSON.stringify([name.key, member.inserted])
    await run(indexScript, keys.index(name.kind, owner), [String(graceSeconds), score, text])
  }

  return {
    get: async (kind, key) => (await read(kind, key))?.entry ?? null,
    async insert(entry) {
      const { kind, key, owner, expiresAt } = entry
      if (owner !== null && owner.length > longestOwner) throw new StoreError('An owner is longer than 255 characters.')
      // Not the version: the same entry may be inserted by two calls, and the same call be sent twice.
      const inserted = Buffer.from(systemPlatform.randomBytes(insertedBytes)).toString('base64url')
      if (owner !== null) await index(entry, owner, { inserted, expiresAt })
      const values = [writeRecord(entry, inserted), insertedEnd(inserted), dropAt(expiresAt), ...change(kind, key)]
      return isOne(await run(insertScript, keys.record(kind, key), values))
    },
    async replace(entry, expectedVersion) {
      const { kind, key, version, value, expiresAt } = entry
      const write = (indexed: '0' | '1'): Promise<unknown> => {
        const record = [versionPrefix(version), String(expiresAt), value, dropAt(expiresAt)]
        const values = [versionPrefix(expectedVersion), ...record, indexed, ...change(kind, key)]
        return run(replaceScript, keys.record(kind, key), values)
      }
      const outcome = await write('0')
      if (typeof outcome !== 'string' || !outcome.startsWith('+')) return isOne(outcome)
      const { owner, inserted } = readLineEnd(outcome.slice(1))
      if (owner !== null) await index(entry, owner, { inserted, expiresAt })
      return isOne(await write('1'))
    },
    async remove(kind, key, expectedVersion) {
      const expected = expectedVersion === undefined ? '' : versionPrefix(expectedVersion)
      return isOne(await run(removeScript, keys.record(kind, key), [expected, ...change(kind, key)]))
    },
    async listByOwner(kind, owner) {
      const members = (await run(listScript, keys.index(kind, owner), [String(graceSeconds)])) as string[]
      const records = members.map(async (member) => {
        const [key, inserted] = JSON.parse(member) as [string, string]
        const found = await read(kind, key)
        // A member without its record was left by a crash, a removal, or an insert that came too late.
        return found?.inserted === inserted ? found.entry : null
      })
      return (await Promise.all(records)).filter((entry) => entry !== null)
    },
    removeExpired: async () => 0,
  }
}

/** Clients can be told to hand numbers over as texts. */
function isOne(answer: unknown): boolean {
  return Number(answer) === 1
}

/** With the word that Redis begins an error with, such as READONLY or OOM; the rest may name keys. */
function storeError(cause: unknown): StoreError {
  const [word] = /^[A-Z]{2,30}(?= )/.exec(cause instanceof Error ? cause.message : '') ?? []
  return new StoreError(`Redis failed${word === undefined ? '' : ` (${word})`}.`, { cause })
}

interface Name {
  readonly kind: string
  readonly key: string
}

interface Member {
  readonly inserted: string
  readonly expiresAt: number | null
}

/** Names of keys: `auth:session:<key>` is a record, `auth:session@<owner>` an owner's index. A kind has neither sign. */
function createKeys(prefix: string) {
  if (typeof prefix !== 'string') throw new ConfigError(`prefix: expected a text, received ${typeof prefix}`)
  // Of the few kinds there are, not encoded again at every request.
  const beginnings = new Map<string, string>()
  const beginning = (kind: string): string => {
    const made = beginnings.get(kind) ?? `${prefix}${encodeURIComponent(kind)}:`
    beginnings.set(kind, made)
    return made
  }
  return {
    record: (kind: string, key: string): string => beginning(kind) + key,
    index: (kind: string, owner: string): string => `${prefix}${encodeURIComponent(kind)}@${owner}`,
  }
}

/** The server's clock at which the key is dropped; empty: never. Redis refuses a time before 1970. */
function dropAt(expiresAt: number | null): string {
  return expiresAt === null ? '' : String(Math.max(expiresAt + graceSeconds, 1))
}
