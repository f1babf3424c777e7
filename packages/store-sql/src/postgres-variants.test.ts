import { describeEngine, postgres } from '@tessera-auth/engines'
import { describeStore } from '@tessera-auth/testing'
import pg from 'pg'
import { testTable } from './fixtures/test-table.js'
import { postgresBus } from './postgres-bus.js'
import { type PostgresStoreOptions, postgresStore } from './postgres-store.js'

/** The ways of running it that the guide speaks of, each under the whole contract. */
describeEngine(postgres, (url) => {
  function describeVariant(name: string, options: PostgresStoreOptions & pg.PoolConfig, before = ''): void {
    describeStore(name, async () => {
      const table = testTable()
      const pool = new pg.Pool({ connectionString: url, ...options })
      if (before !== '') await pool.query(before.replaceAll('auth_records', table))
      const store = postgresStore(pool, { ...options, table })
      await store.migrate()
      const close = async (): Promise<void> => {
        await pool.query(`drop table ${table}`)
        await pool.end()
      }
      return { store, close }
    })
  }

  describeVariant('pg, where every transaction is serializable', {
    options: '-c default_transaction_isolation=serializable',
  })
  describeVariant('pg, without prepared statements', { prepare: false })
  describeVariant('pg, where each write carries its message', {
    bus: postgresBus(() => Promise.reject(new Error('nobody listens')), { channel: testTable() }),
  })
  describeVariant(
    'pg, over a table partitioned by hash',
    {},
    `create table auth_records (
      kind text collate "C" not null, key text collate "C" not null, owner text collate "C",
      version text collate "C" not null, expires_at bigint, value text not null,
      primary key (kind, key)
    ) partition by hash (kind, key);
    create table auth_records_0 partition of auth_records for values with (modulus 2, remainder 0);
    create table auth_records_1 partition of auth_records for values with (modulus 2, remainder 1);`,
  )
})
