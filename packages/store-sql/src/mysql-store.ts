/** Records in MySQL or MariaDB, through mysql2. */
import { type Entry, StoreError } from '@tessera-auth/core/store'
import { attempt, type Failures } from './attempts.js'
import { gatheredReads, mostKeys } from './gathered-reads.js'
import { pause } from './pause.js'
import {
  columns,
  hasMethod,
  inSlices,
  type SqlAnswer,
  type SqlStore,
  type SqlStoreOptions,
  type SqlValue,
  storeMethods,
  tableName,
  toListedEntry,
  type Verb,
  wrongClient,
} from './sql-store.js'

/** One statement, and options of mysql2 that go before those of the pool. */
export interface MysqlStatement {
  /** The statement. */
  readonly sql: string
  /** `false`: a row is an object. */
  readonly rowsAsArray: boolean
  /** `false`: its columns are not kept by table. */
  readonly nestTables: boolean
  /** `true`: values are turned into JavaScript's as the driver does by itself. */
  readonly typeCast: boolean
}

/** A pool or connection of mysql2/promise; the caller opens and closes it. */
export interface MysqlClient {
  /** Runs a statement that is prepared once per connection. Answers rows, or what was affected, first. */
  execute(statement: MysqlStatement, values: SqlValue[]): Promise<[unknown, ...unknown[]]>
  /** Runs a statement without values. Answers like `execute`. */
  query(statement: MysqlStatement): Promise<unknown>
}

/** ER_DUP_ENTRY */
const duplicate = 1062
/** ER_LOCK_DEADLOCK, and ER_CHECKREAD of MariaDB's innodb_snapshot_isolation: the statement was undone. */
const undone = new Set([1213, 1020])
/** ER_LOCK_WAIT_TIMEOUT: the same, but after many seconds, so that a second one is final. */
const lockTimeout = 1205
/** Beyond it a server that is not strict would cut the owner off, and "sign out everywhere" would miss the record. */
const longestOwner = 255
/** How many rows one statement of a purge removes, and the rest after a full one: requests wait for what it locks and logs. */
const purgeSlice = 200
const purgeRestMilliseconds = 3
/** A statement that reads several records has places for so many, or for all: two to keep prepared instead of a hundred. */
const few = 10

/** A character of four bytes, and its bytes. */
const sample = { text: '\u{1f600}', bytes: 'F09F9880' }

const failures: Failures = {
  engine: 'MySQL',
  tries: 10,
  pauseMilliseconds: 5,
  isTransient: (error, tried) => undone.has(errorNumber(error)) || (errorNumber(error) === lockTimeout && tried === 1),
}

/**
 * A store in a MySQL (8.0.17 or later) or MariaDB (10.3 or later) database. Each method is one statement and one round
 * trip, but for a purge of more than 200 rows, and reads that are asked for while another is on its way share one. Before the
 * first it asks once whether the connection carries every text; each method throws `StoreError` where it does not (`charset`).
 * Give it the pool of the primary: a replica may lag behind a sign-out. Throws `ConfigError`.
 *
 * @param client - a pool or connection of `mysql2/promise`.
 * @example
 * ```ts
 * const store = mysqlStore(mysql.createPool(uri))
 * await store.migrate()
 * ```
 */
export function mysqlStore(client: MysqlClient, options: SqlStoreOptions = {}): SqlStore {
  // What mysql2 makes with callbacks has the same methods, and one more that makes promises of them.
  if (!hasMethod(client, 'execute') || !hasMethod(client, 'query') || hasMethod(client, 'promise')) {
    throw wrongClient('client', 'a pool or connection of mysql2/promise (of mysql2: pool.promise())', client)
  }
  const table = tableName(options, { qualified: true })
  const schema = mysqlSchema(table)
  const statements = mysqlStatements(table)
  let textChecked: Promise<void> | undefined

  function run(verb: Verb, values: SqlValue[]): Promise<SqlAnswer> {
    return execute(statements[verb], values)
  }

  async function execute(sql: string, values: SqlValue[]): Promise<SqlAnswer> {
    await checkTextOnce()
    return attempt(failures, async () => {
      const [answer] = await client.execute(plain(sql), values)
      return Array.isArray(answer) ? { rows: answer, changed: 0 } : { rows: [], changed: affectedRows(answer) }
    })
  }

  /** The connections of one pool share their options, so one of them speaks for all. */
  function checkTextOnce(): Promise<void> {
    textChecked ??= checkText(client).catch((error: unknown) => {
      textChecked = undefined
      throw error
    })
    return textChecked
  }

  const methods = storeMethods(run)

  async function getMany(kind: string, keys: readonly string[]): Promise<Entry[]> {
    const size = keys.length <= few ? few : mostKeys
    // The first key once more for each place that is left.
    const filled = Array.from({ length: size }, (_, place) => keys[place] ?? keys[0] ?? '')
    const { rows } = await execute(size === few ? statements.getFew : statements.getMany, [kind, ...filled])
    return rows.map((row) => toListedEntry(kind, row))
  }

  return {
    ...methods,
    get: gatheredReads({ one: methods.get, many: getMany }),
    removeExpired: (before, limit) =>
      inSlices(limit, purgeSlice, async (most) => {
        const { changed } = await run('removeExpired', [before, String(most)])
        if (changed === most) await pause(purgeRestMilliseconds)
        return changed
      }),
    async insert(entry) {
      if ((entry.owner?.length ?? 0) > longestOwner) {
        throw new StoreError(`An owner has at most ${longestOwner} characters in MySQL.`)
      }
      try {
        return await methods.insert(entry)
      } catch (error) {
        if (error instanceof StoreError && errorNumber(error.cause) === duplicate) return false
        throw error
      }
    },
    async replace(entry, expectedVersion) {
      const changed = await methods.replace(entry, expectedVersion)
      // Without the flag FOUND_ROWS, which mysql2 sets by itself, a row that is written as it was does not count.
      return changed || (entry.version === expectedVersion && isSame(entry, await methods.get(entry.kind, entry.key)))
    },
    schema,
    async migrate() {
      await checkTextOnce()
      // To make what is there takes a right that a role for the app alone has not.
      const found = await query(client, tableLookUp(table))
      if (found.length === 0) await query(client, schema)
    },
  }
}

/**
 * The SQL that makes the table. Texts compare by bytes, trailing spaces included: that collation has one name in MySQL
 * and another in MariaDB, and each server reads only the comment that is meant for it.
 */
export function mysqlSchema(table: string): string {
  const exact = '/*!80017 collate utf8mb4_0900_bin */ /*M!100202 collate utf8mb4_nopad_bin */'
  return `create table if not exists ${table} (
  kind varchar(32) ${exact} not null,
  \`key\` varchar(128) ${exact} not null,
  owner varchar(255) ${exact},
  version varchar(32) ${exact} not null,
  expires_at bigint,
  value mediumtext ${exact} not null,
  primary key (kind, \`key\`),
  index owner_of_kind (kind, owner),
  index expires_at (expires_at)
) engine = innodb, character set = utf8mb4, collate = utf8mb4_bin
`
}

function tableLookUp(table: string): string {
  const [name, database] = table.split('.').toReversed()
  const inDatabase = database === undefined ? 'database()' : `'${database}'`
  return `select 1 from information_schema.tables where table_schema = ${inDatabase} and table_name = '${name}'`
}

/**
 * Sends a character and has one sent. In a character set that has no place for it one user's id becomes another's, in the
 * driver or in the server, without an error.
 */
async function checkText(client: MysqlClient): Promise<void> {
  const sql = `select hex(convert('${sample.text}' using utf8mb4)) as sent, convert(0x${sample.bytes} using utf8mb4) as received`
  const [row] = await query(client, sql)
  const { sent, received } = (row ?? {}) as { sent?: unknown; received?: unknown }
  if (sent === sample.bytes && received === sample.text) return
  throw new StoreError(
    `The connection to MySQL does not carry every text, so that one user's id could become another's: leave out the option "charset" of the pool, or set it to "utf8mb4".`,
  )
}

function query(client: MysqlClient, sql: string): Promise<readonly unknown[]> {
  return attempt(failures, async () => {
    const answer = await client.query(plain(sql))
    const rows: unknown = Array.isArray(answer) ? answer[0] : null
    return Array.isArray(rows) ? rows : []
  })
}

/** Rows as this store reads them, whatever the pool's other users want. */
function plain(sql: string): MysqlStatement {
  return { sql, rowsAsArray: false, nestTables: false, typeCast: true }
}

function mysqlStatements(table: string): Readonly<Record<Verb | 'getFew' | 'getMany', string>> {
  const where = 'kind = ? and `key` = ?'
  const among = (size: number): string =>
    `select \`key\`, ${columns} from ${table} where kind = ? and \`key\` in (${Array.from({ length: size }).fill('?').join()})`
  return {
    getFew: among(few),
    getMany: among(mostKeys),
    get: `select ${columns} from ${table} where ${where}`,
    insert: `insert into ${table} (kind, \`key\`, owner, version, expires_at, value) values (?, ?, ?, ?, ?, ?)`,
    replace: `update ${table} set version = ?, expires_at = ?, value = ? where ${where} and version = ?`,
    remove: `delete from ${table} where ${where}`,
    removeVersion: `delete from ${table} where ${where} and version = ?`,
    listByOwner: `select \`key\`, ${columns} from ${table} where kind = ? and owner = ?`,
    // The driver sends numbers as floating point, which MySQL takes for no limit: it is sent as text.
    removeExpired: `delete from ${table} where expires_at <= ? order by expires_at limit ?`,
  }
}

function isSame(entry: Entry, found: Entry | null): boolean {
  return found?.version === entry.version && found.value === entry.value && found.expiresAt === entry.expiresAt
}

function affectedRows(answer: unknown): number {
  return Number((answer as { affectedRows: number | bigint }).affectedRows)
}

function errorNumber(error: unknown): number {
  const { errno } = (error ?? {}) as { errno?: unknown }
  return typeof errno === 'number' ? errno : 0
}
