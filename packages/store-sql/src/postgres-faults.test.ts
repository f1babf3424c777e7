import { describeEngine, postgres } from '@tessera-auth/engines'
import { StoreError } from '@tessera-auth/core/store'
import pg from 'pg'
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest'
import { sampleEntry } from './fixtures/sample-entry.js'
import { startTcpProxy } from './fixtures/tcp-proxy.js'
import { testTable } from './fixtures/test-table.js'
import { postgresStore } from './postgres-store.js'

describeEngine(postgres, (url) => {
  describe('connections that end', () => {
    const table = testTable()
    const name = `tessera-${table}`
    const admin = new pg.Client({ connectionString: url })
    // No listener of ours for 'error': without one, pg would end the process.
    const pool = new pg.Pool({ connectionString: url, max: 1, application_name: name, connectionTimeoutMillis: 300 })
    const store = postgresStore(pool, { table })
    beforeAll(async () => {
      await admin.connect()
      await store.migrate()
    })
    afterAll(async () => {
      await admin.query(`drop table ${table}`)
      await Promise.all([admin.end(), pool.end()])
    })

    async function terminate(): Promise<void> {
      const { rowCount } = await admin.query(
        'select pg_terminate_backend(pid) from pg_stat_activity where application_name = $1',
        [name],
      )
      expect(rowCount).toBe(1)
    }

    test('a statement whose connection is terminated is a StoreError, and the next one is answered', async () => {
      const entry = sampleEntry()
      await store.insert(entry)
      await admin.query('begin')
      await admin.query(`select 1 from ${table} where key = $1 for update`, [entry.key])
      const waiting = expect(store.replace({ ...entry, version: 'next' }, entry.version)).rejects.toMatchObject({
        name: 'StoreError',
        status: 503,
        message: 'PostgreSQL failed (57P01).',
        cause: expect.any(Error),
      })
      await blocked()
      await terminate()
      await waiting
      await admin.query('rollback')
      expect(await store.get(entry.kind, entry.key)).toStrictEqual(entry)
    })

    test('an idle connection that is terminated ends neither the process nor the store', async () => {
      const entry = sampleEntry()
      await store.insert(entry)
      await terminate()
      await expect.poll(() => store.get(entry.kind, entry.key).catch(() => 'down')).toStrictEqual(entry)
    })

    test('with query_timeout a connection that falls silent is given up, and the next call is answered', async () => {
      const proxy = await startTcpProxy(url)
      const impatient = new pg.Pool({ connectionString: proxy.url, max: 1, query_timeout: 1_000 })
      onTestFinished(async () => {
        await impatient.end()
        await proxy.close()
      })
      const behind = postgresStore(impatient, { table })
      expect(await behind.get('session', 'k')).toBeNull()
      proxy.silence()
      await expect(behind.get('session', 'k')).rejects.toBeInstanceOf(StoreError)
      expect(await behind.get('session', 'k')).toBeNull()
    })

    test('an exhausted pool is a StoreError', async () => {
      const held = await pool.connect()
      await expect(store.get('session', 'k')).rejects.toMatchObject({ name: 'StoreError' })
      held.release()
      expect(await store.get('session', 'k')).toBeNull()
    })

    /** Resolves once the pool's statement waits for the lock. */
    async function blocked(): Promise<void> {
      const waiting = async (): Promise<number | null> =>
        (
          await admin.query(`select 1 from pg_stat_activity where application_name = $1 and wait_event_type = 'Lock'`, [
            name,
          ])
        ).rowCount
      await expect.poll(waiting).toBe(1)
    }
  })
})
