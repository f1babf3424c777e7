/** Records in Redis or Valkey: one key each, and a sorted set per owner. */
import { ConfigError, type InvalidationBus, type Store } from '@tessera-auth/core/store'
import { readLineEnd, readRecord, versionPrefix, writeRecord } from './record-text.js'
import { carryOnWrites, invalidationMessage } from './redis-bus.js'
import { scriptRunner, type RedisClient } from './redis-client.js'
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
  const run = scriptRunner(client)
  const keys = createKeys(options.prefix ?? 'auth:')
  const channel = options.bus === undefined ? '' : carryOnWrites(options.bus)

  const change = (kind: string, key: string): [string, string] => [channel, invalidationMessage(kind, key)]

  /** Puts the record into its owner's index, which must come before the record: a crash between must not hide it. */
  async function index(name: Name, owner: string, member: Member): Promise<void> {
    const score = member.expiresAt === null ? '+inf' : String(member.expiresAt)
    const text = JSON.stringify([name.key, member.inserted])
    await run(indexScript, keys.index(name.kind, owner), [String(graceSeconds), score, text])
  }

  return {
    async get(kind, key) {
      const text = await client.get(keys.record(kind, key))
      return text === null ? null : readRecord(kind, key, text).entry
    },
    async insert(entry) {
      const { kind, key, owner, version, expiresAt } = entry
      if (owner !== null) await index(entry, owner, { inserted: version, expiresAt })
      const values = [writeRecord(entry), dropAt(expiresAt), ...change(kind, key)]
      return (await run(insertScript, keys.record(kind, key), values)) === 1
    },
    async replace(entry, expectedVersion) {
      const { kind, key, version, value, expiresAt } = entry
      const write = (indexed: '0' | '1'): Promise<unknown> => {
        const record = [versionPrefix(version), String(expiresAt), value, dropAt(expiresAt)]
        const values = [versionPrefix(expectedVersion), ...record, indexed, ...change(kind, key)]
        return run(replaceScript, keys.record(kind, key), values)
      }
      const outcome = await write('0')
      if (typeof outcome !== 'string') return outcome === 1
      const { owner, inserted } = readLineEnd(outcome)
      if (owner !== null) await index(entry, owner, { inserted, expiresAt })
      return (await write('1')) === 1
    },
    async remove(kind, key, expectedVersion) {
      const expected = expectedVersion === undefined ? '' : versionPrefix(expectedVersion)
      return (await run(removeScript, keys.record(kind, key), [expected, ...change(kind, key)])) === 1
    },
    async listByOwner(kind, owner) {
      const members = (await run(listScript, keys.index(kind, owner), [String(graceSeconds)])) as string[]
      const records = members.map(async (member) => {
        const [key, inserted] = JSON.parse(member) as [string, string]
        const text = await client.get(keys.record(kind, key))
        const found = text === null ? null : readRecord(kind, key, text)
        // A member without its record was left by a crash, a removal, or an insert that came too late.
        return found?.inserted === inserted ? found.entry : null
      })
      return (await Promise.all(records)).filter((entry) => entry !== null)
    },
    removeExpired: async () => 0,
  }
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
