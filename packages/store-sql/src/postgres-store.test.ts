import { PGlite } from '@electric-sql/pglite'
import { describeEngine, postgres as postgresEngine } from '@tessera-auth/engines'
import { describeStore } from '@tessera-auth/testing'
import pg from 'pg'
import postgres from 'postgres'
import { testTable } from './fixtures/test-table.js'
import { postgresStore } from './postgres-store.js'

describeStore('PGlite', async () => {
  const database = new PGlite()
  const store = postgresStore(database)
  await store.migrate()
  return { store, close: () => database.close() }
})

describeEngine(postgresEngine, (url) => {
  describeStore('a pool of pg', async () => {
    const table = testTable()
    const pool = new pg.Pool({ connectionString: url })
    const store = postgresStore(pool, { table })
    await store.migrate()
    const close = async (): Promise<void> => {
      await pool.query(`drop table ${table}`)
      await pool.end()
    }
    return { store, close }
  })

  describeStore('postgres.js', async () => {
    const table = testTable()
    const sql = postgres(url, { max: 10, transform: postgres.camel })
    const store = postgresStore(sql, { table })
    await store.migrate()
    const close = async (): Promise<void> => {
      await sql.unsafe(`drop table ${table}`)
      await sql.end()
    }
    return { store, close }
  })
})
