/** The app's own tables in PostgreSQL and the library's records in Redis: a database in each for every app. */
import { randomBytes } from 'node:crypto'
import { startRedis } from '@tessera-auth/engines'
import { Redis } from 'ioredis'
import pg from 'pg'
import type { AppStorage, StorageSettings } from './app-storage.ts'
import { openTcpProxy, type TcpProxy } from './tcp-proxy.ts'

/** More than the suite starts apps. */
const redisDatabases = 100

/** On a PostgreSQL server that is there, where this user may create databases, and a Redis server of its own. */
export async function openServerStorage(postgresUrl: string): Promise<AppStorage> {
  const redis = await startRedis(['--databases', String(redisDatabases)])
  const admin = new pg.Pool({ connectionString: postgresUrl, max: 1 })
  const databases: string[] = []
  const wires: TcpProxy[] = []

  async function open(): Promise<StorageSettings & { readonly REDIS_URL: string }> {
    const name = `reference_${randomBytes(6).toString('hex')}`
    databases.push(name)
    await admin.query(`create database ${name}`)
    return { DATABASE_URL: new URL(`/${name}`, postgresUrl).href, REDIS_URL: `${redis.url}/${databases.length}` }
  }

  return {
    open,
    async openBreakable() {
      const settings = await open()
      const wire = await openTcpProxy(settings.REDIS_URL, 6379)
      wires.push(wire)
      return { settings: { ...settings, REDIS_URL: wire.url }, whileDown: (work) => withoutWire(wire, work) }
    },
    async execute({ DATABASE_URL = '' }, sql) {
      const client = new pg.Client({ connectionString: DATABASE_URL })
      await client.connect()
      await client.query(sql)
      await client.end()
    },
    dump: async ({ DATABASE_URL = '', REDIS_URL = '' }) => (await rowsOf(DATABASE_URL)) + (await recordsOf(REDIS_URL)),
    async close() {
      for (const wire of wires) await wire.close()
      for (const name of databases) await admin.query(`drop database ${name} with (force)`)
      await admin.end()
      await redis.stop()
    },
  }
}

async function withoutWire<T>(wire: TcpProxy, work: () => Promise<T>): Promise<T> {
  wire.cut()
  try {
    return await work()
  } finally {
    wire.mend()
  }
}

/** Every value of every table. */
async function rowsOf(connectionString: string): Promise<string> {
  const client = new pg.Client({ connectionString })
  await client.connect()
  const { rows: tables } = await client.query<{ name: string }>(
    `select format('%I.%I', schemaname, tablename) as name from pg_tables
     where schemaname not in ('pg_catalog', 'information_schema')`,
  )
  const rows: unknown[] = []
  for (const { name } of tables) rows.push(...(await client.query(`select * from ${name}`)).rows)
  await client.end()
  return asWritten(rows)
}

/** Every key and its value. */
async function recordsOf(url: string): Promise<string> {
  const client = new Redis(url)
  const records: unknown[] = []
  for await (const keys of client.scanStream()) {
    for (const key of keys as string[]) records.push(key, await valueOf(client, key))
  }
  client.disconnect()
  return asWritten(records)
}

async function valueOf(client: Redis, key: string): Promise<unknown> {
  const type = await client.type(key)
  if (type === 'string') return client.get(key)
  if (type === 'hash') return client.hgetall(key)
  if (type === 'set') return client.smembers(key)
  if (type === 'zset') return client.zrange(key, '0', '-1')
  throw new Error(`${key} is a ${type}`)
}

/** Texts that are JSON themselves as they are written. */
function asWritten(values: readonly unknown[]): string {
  return JSON.stringify(values).replaceAll('\\"', '"')
}
