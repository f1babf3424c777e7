/** What a session check costs, against the least that any check can cost: one digest and one look-up. */
import { hash } from 'node:crypto'
import { DatabaseSync } from 'node:sqlite'
import { cachedStore, createSessions, memoryStore, type Store } from '@tessera-auth/core'
import { sqliteStore } from '@tessera-auth/store-sql'
import { pairedRatio } from './paired.ts'
import type { Row } from './row.ts'

const count = 1000

/** Ratios of `sessions.verify` on memory, over a warm cache and on SQLite. */
export async function benchSessions(): Promise<Row[]> {
  return [
    {
      name: 'sessions.verify, memory store / SHA-256 + Map',
      ratio: await verifyRatio(memoryStore()),
      target: 2.5,
      unit: 'x',
    },
    {
      name: 'sessions.verify, warm cache / SHA-256 + Map',
      ratio: await verifyRatio(cachedStore(memoryStore(), { maxStalenessSeconds: 3600 })),
      target: 2,
      unit: 'x',
    },
    {
      name: 'sessions.verify, SQLite / SHA-256 + get + JSON.parse',
      ratio: await sqliteRatio(),
      target: 1.25,
      unit: 'x',
    },
  ]
}

async function signedIn(store: Store) {
  const sessions = createSessions({ store })
  const tokens: string[] = []
  for (let user = 0; user < count; user += 1) {
    const { token } = await sessions.create({ attempt: await sessions.beginLogin(`user-${user}`), methods: ['pwd'] })
    tokens.push(token)
  }
  // A token comes out of a header: a string that was never hashed before.
  let next = 0
  const fresh = (): string => Buffer.from(tokens[(next += 1) % count] ?? '', 'latin1').toString('latin1')
  return { sessions, tokens, fresh }
}

async function verifyRatio(store: Store): Promise<number> {
  const { sessions, tokens, fresh } = await signedIn(store)
  const known = new Map(tokens.map((token) => [hash('sha256', token, 'base64url'), { userId: 'user' }]))
  const reference = async (token: string) => known.get(hash('sha256', token, 'base64url')) ?? null
  return pairedRatio(
    () => sessions.verify(fresh()),
    () => reference(fresh()),
    { runs: 20_000 },
  )
}

async function sqliteRatio(): Promise<number> {
  const database = new DatabaseSync(':memory:')
  const store = sqliteStore(database)
  await store.migrate()
  const { sessions, fresh } = await signedIn(store)
  const get = database.prepare('select owner, value, expires_at from auth_records where kind = ? and key = ?')
  const reference = async (token: string) => {
    hash('sha256', token, 'base64url')
    const row = get.get('session', token.slice(0, 22)) as { value: string } | undefined
    return row ? (JSON.parse(row.value) as unknown) : null
  }
  return pairedRatio(
    () => sessions.verify(fresh()),
    () => reference(fresh()),
    { runs: 5000 },
  )
}
