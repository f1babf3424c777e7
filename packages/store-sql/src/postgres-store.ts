/** Records in PostgreSQL, through pg, postgres (postgres.js) or PGlite. */
import { ConfigError, type InvalidationBus, StoreError } from '@tessera-auth/core/store'
import { attempt, errorCode, type Failures } from './attempts.js'
import { gatheredReads } from './gathered-reads.js'
import { carryOnWrites, invalidationPayload } from './postgres-bus.js'
import { postgresConnection, type PostgresStatement, type SqlClient } from './postgres-client.js'
import {
  columns,
  type SqlAnswer,
  type SqlStore,
  type SqlStoreOptions,
  type SqlValue,
  storeMethods,
  tableName,
  toListedEntry,
  type Verb,
} from './sql-store.js'

/** Options of {@link postgresStore}. */
export interface PostgresStoreOptions extends SqlStoreOptions {
  /** `false`: statements are not kept prepared, for poolers that cannot (PgBouncer before 1.21). Default `true`. */
  readonly prepare?: boolean
  /** A bus made by `postgresBus`: each write then carries its own message, in the same statement. */
  readonly bus?: InvalidationBus
}

/** The statements: those of every dialect, and the one that reads several records. */
type Named = Verb | 'getMany'

const failures: Failures = {
  engine: 'PostgreSQL',
  tries: 10,
  pauseMilliseconds: 5,
  // serialization_failure and deadlock_detected: the statement was undone.
  isTransient: (error) => ['40001', '40P01'].includes(errorCode(error)),
}

/** duplicate_table, which indexes share with tables. */
const duplicateRelation = '42P07'

const migrating: Failures = {
  ...failures,
  // Where transactions are serializable, one that waited for another migration does not see what that one made.
  isTransient: (error, tried) =>
    failures.isTransient(error, tried) || (tried === 1 && errorCode(error) === duplicateRelation),
}

/**
 * A store in a PostgreSQL database, 12 or later. Each method is one statement and one round trip, and reads that are asked
 * for while another is on its way share one. Give it the pool of the primary: a replica may lag behind a sign-out. Throws
 * `ConfigError`.
 *
 * @param client - a pool or client of pg, the `sql` of postgres, or a PGlite.
 * @example
 * ```ts
 * const store = postgresStore(new pg.Pool({ connectionString }))
 * await store.migrate()
 * ```
 */
export function postgresStore(client: SqlClient, options: PostgresStoreOptions = {}): SqlStore {
  const table = tableName(options, { qualified: true })
  const connection = postgresConnection(client, { prepare: options.prepare ?? true })
  const channel = options.bus ? channelOf(options.bus) : null
  const statements = postgresStatements(table, channel !== null)
  const schema = postgresSchema(table)

  function run(verb: Named, values: SqlValue[]): Promise<SqlAnswer> {
    return attempt(failures, () => connection.run(statements[verb], values))
  }

  async function write(verb: Verb, values: SqlValue[], [kind, key]: [kind: string, key: string]): Promise<SqlAnswer> {
    if (channel === null) return run(verb, values)
    const { rows } = await run(verb, [...values, channel, invalidationPayload(kind, key)])
    return { rows, changed: rows.length }
  }

  const methods = storeMethods(run, write)

  return {
    ...methods,
    get: gatheredReads({
      one: methods.get,
      many: async (kind, keys) =>
        (await run('getMany', [kind, keys.join()])).rows.map((row) => toListedEntry(kind, row)),
    }),
    schema,
    async migrate() {
      try {
        await attempt(migrating, () => connection.script(schema))
      } catch (error) {
        throw nameTaken(table, error) ?? error
      }
    },
  }
}

/**
 * The SQL that makes the table. It looks first: even `create index if not exists` waits for a lock that all writes then wait
 * behind, and asks for the right to make one. One block is one transaction: killed halfway, nothing is left of it. The
 * advisory lock is for sessions that would both find nothing. Collation "C" compares bytes, whatever the database's is.
 */
export function postgresSchema(table: string): string {
  return `do $$ begin
  perform pg_advisory_xact_lock(hashtext('tessera ${table}'));
  if to_regclass('${table}') is null then
    create table if not exists ${table} (
      kind text collate "C" not null,
      key text collate "C" not null,
      owner text collate "C",
      version text collate "C" not null,
      expires_at bigint,
      value text not null,
      primary key (kind, key)
    );
  end if;
${missingIndex(table, 'owner', '(kind, owner) where owner is not null')}
${missingIndex(table, 'expires_at', '(expires_at) where expires_at is not null')}
end $$;
`
}

/** Without `if not exists`, which would take an index of that name for ours although it is of another table. */
function missingIndex(table: string, column: string, over: string): string {
  const name = indexName(table, column)
  return `  if not exists (
    select from pg_index join pg_class on pg_class.oid = indexrelid
    where indrelid = to_regclass('${table}') and relname = '${name}'
  ) then
    create index ${name} on ${table} ${over};
  end if;`
}

function indexName(table: string, column: string): string {
  return `${table.replace('.', '_')}_${column}`
}

function postgresStatements(table: string, notifying: boolean): Readonly<Record<Named, PostgresStatement>> {
  const where = 'kind = $1 and key = $2'
  const texts: Record<Named, string> = {
    get: `select ${columns} from ${table} where ${where}`,
    // The keys as one text, which every driver sends as it is.
    getMany: `select key, ${columns} from ${table} where kind = $1 and key = any(string_to_array($2, ','))`,
    insert: `insert into ${table} (kind, key, owner, version, expires_at, value) values ($1, $2, $3, $4, $5, $6) on conflict (kind, key) do nothing`,
    replace: `update ${table} set version = $1, expires_at = $2, value = $3 where kind = $4 and key = $5 and version = $6`,
    remove: `delete from ${table} where ${where}`,
    removeVersion: `delete from ${table} where ${where} and version = $3`,
    listByOwner: `select key, ${columns} from ${table} where kind = $1 and owner = $2`,
    // What another transaction holds is being renewed or purged: it is left to that one. The second look at expires_at
    // is for a row that was renewed between the two.
    removeExpired: `with due as materialized (select kind, key from ${table} where expires_at <= $1 order by expires_at limit $2 for update skip locked) delete from ${table} gone using due where gone.kind = due.kind and gone.key = due.key and gone.expires_at <= $1`,
  }
  if (notifying) {
    texts.insert = notifyingWrite(texts.insert, 7)
    texts.replace = notifyingWrite(texts.replace, 7)
    texts.remove = notifyingWrite(texts.remove, 3)
    texts.removeVersion = notifyingWrite(texts.removeVersion, 4)
  }
  const named = (verb: Named): PostgresStatement => ({
    name: `${table}.${verb}${notifying ? '+' : ''}`,
    text: texts[verb],
  })
  return {
    get: named('get'),
    getMany: named('getMany'),
    insert: named('insert'),
    replace: named('replace'),
    remove: named('remove'),
    removeVersion: named('removeVersion'),
    listByOwner: named('listByOwner'),
    removeExpired: named('removeExpired'),
  }
}

/** One row for each row written, and one message: it is sent when the write is committed, and never otherwise. */
function notifyingWrite(write: string, parameter: number): string {
  return `with written as (${write} returning 1) select pg_notify($${parameter}, $${parameter + 1}) from written`
}

function channelOf(bus: InvalidationBus): string {
  const channel = carryOnWrites(bus)
  if (channel !== null) return channel
  throw new ConfigError('bus: expected a bus made by postgresBus, received another one')
}

function nameTaken(table: string, error: unknown): StoreError | null {
  if (!(error instanceof StoreError) || errorCode(error.cause) !== duplicateRelation) return null
  const names = `${indexName(table, 'owner')} or ${indexName(table, 'expires_at')}`
  const message = `${names} is there, but is no index of ${table}: rename it, or give the store another table.`
  return new StoreError(message, { cause: error.cause })
}
