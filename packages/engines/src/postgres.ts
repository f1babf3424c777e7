/** PostgreSQL. */
import { globSync } from 'node:fs'
import { dirname, join } from 'node:path'
import pg from 'pg'
import type { Engine, StartedServer } from './engine.js'
import { findProgram, startServer } from './server-process.js'

/** PostgreSQL, for tests. */
export const postgres: Engine = {
  name: 'PostgreSQL',
  variable: 'TEST_POSTGRES_URL',
  remedy: 'set TEST_POSTGRES_URL, or install it (Debian: apt-get install postgresql), or start Docker',
  usual: [
    'postgres://postgres@127.0.0.1:5432/test',
    'postgres://postgres:postgres@127.0.0.1:5432/test',
    'postgres://postgres@127.0.0.1:5432/postgres',
    'postgres://postgres:postgres@127.0.0.1:5432/postgres',
    `postgres://${process.env.USER ?? 'root'}@127.0.0.1:5432/test`,
    `postgres://${process.env.USER ?? 'root'}@127.0.0.1:5432/postgres`,
  ],
  answers,
  start,
}

async function start(): Promise<StartedServer | null> {
  const initdb = findProgram(
    ...globSync('/usr/lib/postgresql/*/bin/initdb').toSorted().toReversed(),
    'initdb',
    ...globSync('/opt/homebrew/opt/postgresql*/bin/initdb'),
  )
  if (!initdb) return null
  return startServer({
    users: ['postgres', 'nobody'],
    stopSignal: 'SIGINT',
    prepare: (folder) => [
      [initdb, '-D', join(folder, 'db'), '-U', 'postgres', '-A', 'trust', '-E', 'UTF8', '--locale=C', '--no-sync'],
    ],
    run: (folder, port) => [
      join(dirname(initdb), 'postgres'),
      ...['-D', join(folder, 'db'), '-p', String(port), '-h', '127.0.0.1', '-k', folder],
      ...['-c', 'fsync=off', '-c', 'max_connections=100'],
    ],
    ready: async (port) => {
      const url = `postgres://postgres@127.0.0.1:${port}/postgres`
      return (await answers(url)) ? url : null
    },
  })
}

async function answers(url: string): Promise<boolean> {
  const client = new pg.Client({ connectionString: url, connectionTimeoutMillis: 2_000 })
  client.on('error', () => {})
  try {
    await client.connect()
    await client.query('create temporary table answers (n int)')
    return true
  } catch {
    return false
  } finally {
    await client.end().catch(() => {})
  }
}
