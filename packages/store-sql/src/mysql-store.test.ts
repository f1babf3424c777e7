import { describeEngine, mysql } from '@tessera-auth/engines'
import { describeStore } from '@tessera-auth/testing'
import { createPool } from 'mysql2/promise'
import { testTable } from './fixtures/test-table.js'
import { mysqlStore } from './mysql-store.js'

describeEngine(mysql, (url) => {
  describeStore('a pool of mysql2', async () => {
    const table = testTable()
    const pool = createPool({ uri: url, connectionLimit: 10 })
    const store = mysqlStore(pool, { table })
    await store.migrate()
    const close = async (): Promise<void> => {
      await pool.query(`drop table ${table}`)
      await pool.end()
    }
    return { store, close }
  })
})
