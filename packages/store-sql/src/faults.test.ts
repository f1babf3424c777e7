import { inspect } from 'node:util'
import { cachedStore, type Store, StoreError } from '@tessera-auth/core/store'
import { describeEngine, mysql, postgres } from '@tessera-auth/engines'
import { createPool } from 'mysql2/promise'
import pg from 'pg'
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest'
import { sampleEntry } from './fixtures/sample-entry.js'
import { startTcpProxy, type TcpProxy } from './fixtures/tcp-proxy.js'
import { testTable } from './fixtures/test-table.js'
import { mysqlStore } from './mysql-store.js'
import { postgresStore } from './postgres-store.js'
import type { SqlStore } from './sql-store.js'

/** A store behind a proxy, with one connection that is tried for a second at most. */
interface Rig {
  readonly store: SqlStore
  drop(): Promise<void>
  close(): Promise<void>
}

describeEngine(postgres, (url) =>
  describeFaults(url, (behind, table) => {
    const pool = new pg.Pool({ connectionString: behind, max: 1, connectionTimeoutMillis: 1_000 })
    return {
      store: postgresStore(pool, { table }),
      drop: async () => void (await pool.query(`drop table ${table}`)),
      close: () => pool.end(),
    }
  }),
)

describeEngine(mysql, (url) =>
  describeFaults(url, (behind, table) => {
    const pool = createPool({ uri: behind, connectionLimit: 1, connectTimeout: 1_000 })
    return {
      store: mysqlStore(pool, { table }),
      drop: async () => void (await pool.query(`drop table ${table}`)),
      close: () => pool.end(),
    }
  }),
)

function describeFaults(url: string, open: (behind: string, table: string) => Rig): void {
  describe('a network that fails', () => {
    const table = testTable()
    let proxy: TcpProxy
    let rig: Rig
    beforeAll(async () => {
      proxy = await startTcpProxy(url)
      rig = open(proxy.url, table)
      await rig.store.migrate()
    })
    afterEach(async () => {
      proxy.restore()
      await answering(rig.store)
    })
    afterAll(async () => {
      await rig.drop()
      await rig.close()
      await proxy.close()
    })

    test('a server that is gone is a StoreError, and nothing is lost when it is back', async () => {
      const entry = sampleEntry()
      await rig.store.insert(entry)
      proxy.refuse()
      await expect(rig.store.get(entry.kind, entry.key)).rejects.toBeInstanceOf(StoreError)
      await expect(rig.store.remove(entry.kind, entry.key)).rejects.toBeInstanceOf(StoreError)
      await expect(rig.store.listByOwner(entry.kind, 'user-1')).rejects.toBeInstanceOf(StoreError)
      proxy.restore()
      await answering(rig.store)
      expect(await rig.store.get(entry.kind, entry.key)).toStrictEqual(entry)
    })

    test('a connection that is cut before the answer leaves a write unknown: a StoreError, and one of both states', async () => {
      const entry = sampleEntry()
      const next = { ...entry, version: 'next' }
      await rig.store.insert(entry)
      proxy.cutAtNextAnswer()
      await expect(rig.store.replace(next, entry.version)).rejects.toBeInstanceOf(StoreError)
      proxy.restore()
      await answering(rig.store)
      expect([entry, next]).toContainEqual(await rig.store.get(entry.kind, entry.key))
    })

    test('a removal that was answered stays done, whatever the network does next', async () => {
      const entry = sampleEntry()
      await rig.store.insert(entry)
      expect(await rig.store.remove(entry.kind, entry.key)).toBe(true)
      proxy.refuse()
      await expect(rig.store.replace(entry, entry.version)).rejects.toBeInstanceOf(StoreError)
      proxy.restore()
      await answering(rig.store)
      expect(await rig.store.get(entry.kind, entry.key)).toBeNull()
    })

    test('a network that says nothing is a StoreError too, within the bound around the store', async () => {
      const bounded = cachedStore(rig.store, { storeTimeoutSeconds: 1 })
      const entry = sampleEntry()
      await bounded.insert(entry)
      proxy.blackHole()
      await expect(bounded.get(entry.kind, entry.key)).rejects.toBeInstanceOf(StoreError)
      await expect(bounded.remove(entry.kind, entry.key)).rejects.toBeInstanceOf(StoreError)
    })

    test('the error names the engine and its code, and holds no value', async () => {
      const secret = 'canary-value'
      proxy.refuse()
      const error = await rig.store.insert(sampleEntry({ value: secret, key: secret, owner: secret })).catch(String)
      expect(error).toMatch(/(PostgreSQL|MySQL) failed/)
      proxy.restore()
      await answering(rig.store)
      const tooLong = await rig.store
        .insert(sampleEntry({ kind: `${secret}\0`, owner: secret }))
        .catch((e: unknown) => e)
      const refused = tooLong === true ? '' : inspect(tooLong, { depth: 9, showHidden: true })
      expect(refused).not.toContain(secret)
    })
  })
}

/** Resolves once the store answers again: the pool has to find out that its connection is lost. */
async function answering(store: Store): Promise<void> {
  await expect.poll(() => store.get('none', 'none').catch(() => 'down'), { timeout: 10_000 }).toBeNull()
}
