/** The drivers of PostgreSQL, made one: which of them a client is shows in its methods. */
import { hasMethod, type SqlAnswer, type SqlValue, wrongClient } from './sql-store.js'

/** `Pool` or `Client` of pg, or anything of their shape. */
export interface PgClient {
  /** Runs one statement; with a `name` it is prepared once per connection; without `values` it may hold several. */
  query(statement: { name?: string; text: string; values?: SqlValue[] }): Promise<PgAnswer>
  /** Idle connections that break are told here; a store listens where nobody else does. */
  on?(event: 'error', listener: () => void): unknown
  /** How many listen. */
  listenerCount?(event: 'error'): number
}

/** What pg answers. */
export interface PgAnswer {
  /** The rows, as objects. */
  readonly rows: unknown[]
  /** How many rows were written or removed. */
  readonly rowCount: number | null
}

/** The `sql` function of postgres (postgres.js). */
export interface PostgresJsClient {
  /** Runs a statement that was not made by the template tag. */
  unsafe(
    text: string,
    values?: SqlValue[],
    options?: { prepare?: boolean },
  ): PromiseLike<ArrayLike<unknown> & { readonly count: number }>
}

/** PGlite: PostgreSQL in this process. */
export interface PgliteClient {
  /** Runs one statement. */
  query(text: string, values?: SqlValue[]): Promise<{ rows: unknown[]; affectedRows?: number }>
  /** Runs several statements without values. */
  exec(text: string): Promise<unknown>
}

/** A client of PostgreSQL; the caller opens and closes it. */
export type SqlClient = PgClient | PostgresJsClient | PgliteClient

/** One statement, under the name that a connection remembers it by. */
export interface PostgresStatement {
  readonly name: string
  readonly text: string
}

/** What the store needs of any of these clients. */
export interface PostgresConnection {
  /** One statement, one round trip. */
  run(statement: PostgresStatement, values: SqlValue[]): Promise<SqlAnswer>
  /** Several statements without values, in one transaction. */
  script(text: string): Promise<unknown>
}

/** Wraps a client. `prepare: false`: statements are not kept on the connection. Throws `ConfigError`. */
export function postgresConnection(client: SqlClient, { prepare }: { readonly prepare: boolean }): PostgresConnection {
  if (hasMethod(client, 'unsafe')) return overPostgresJs(client as PostgresJsClient, prepare)
  if (!hasMethod(client, 'query')) {
    throw wrongClient('client', 'a pool or client of pg, the sql of postgres, or a PGlite', client)
  }
  if (hasMethod(client, 'exec')) return overPglite(client as PgliteClient)
  return overPg(client as PgClient, prepare)
}

function overPg(client: PgClient, prepare: boolean): PostgresConnection {
  surviveLostConnections(client)
  return {
    async run({ name, text }, values) {
      const { rows, rowCount } = await client.query(prepare ? { name, text, values } : { text, values })
      return { rows, changed: rowCount ?? 0 }
    },
    script: (text) => client.query({ text }),
  }
}

function overPostgresJs(client: PostgresJsClient, prepare: boolean): PostgresConnection {
  return {
    async run({ text }, values) {
      const rows = await client.unsafe(text, values, { prepare })
      return { rows: Array.from(rows), changed: rows.count }
    },
    script: async (text) => client.unsafe(text),
  }
}

function overPglite(client: PgliteClient): PostgresConnection {
  return {
    async run({ text }, values) {
      const { rows, affectedRows } = await client.query(text, values)
      return { rows, changed: affectedRows ?? rows.length }
    },
    script: (text) => client.exec(text),
  }
}

/** An idle connection that breaks is an 'error' event in pg, which ends a process that nobody listens in. */
function surviveLostConnections(client: PgClient): void {
  if (client.listenerCount?.('error') === 0) client.on?.('error', () => {})
}
