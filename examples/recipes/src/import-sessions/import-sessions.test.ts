import { randomBytes, randomUUID } from 'node:crypto'
import type { AddressInfo } from 'node:net'
import { createAuthenticator, createSessions, memoryStore, type Sessions } from '@tessera-auth/core'
import { describeEngine, redis } from '@tessera-auth/engines'
import { expressAdapter } from '@tessera-auth/express'
import Database from 'better-sqlite3'
import { betterAuth } from 'better-auth'
import { getMigrations } from 'better-auth/db/migration'
import { RedisStore } from 'connect-redis'
import express, { type Express } from 'express'
import session, { MemoryStore, type Store } from 'express-session'
import { createClient } from 'redis'
import { afterEach, describe, expect, test } from 'vitest'
import { authJsLogins, betterAuthLogins, type LegacyTable } from './database-sessions.ts'
import { expressSessionLogins } from './express-session.ts'
import { type FindLegacyLogin, importLogins } from './import-login.ts'

const origin = 'http://localhost'
const secret = randomBytes(32).toString('base64url')
const servers: { close(): unknown }[] = []
afterEach(() => {
  for (const server of servers.splice(0)) server.close()
})

async function listen(app: Express): Promise<string> {
  const server = app.listen(0, '127.0.0.1')
  servers.push(server)
  await new Promise((resolve) => server.once('listening', resolve))
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`
}

/** The app after the move: Tessera, with the old logins taken over. */
function newApp(find: FindLegacyLogin, sessions: Sessions = createSessions({ store: memoryStore() })): Promise<string> {
  const { middleware, errorHandler, getAuth } = expressAdapter(createAuthenticator({ origin, sessions }))
  const app = express().use(middleware, importLogins(find, getAuth))
  app.all('/me', async (request, response) => {
    response.json({ id: (await getAuth(request).requireSession()).userId })
  })
  app.get('/recent', async (request, response) => {
    response.json({ id: (await getAuth(request).requireRecentAuth(600)).userId })
  })
  return listen(app.use(errorHandler))
}

const pairs = (response: Response): string =>
  response.headers
    .getSetCookie()
    .map((line) => line.split(';')[0])
    .join('; ')

async function expectTakenOver(find: FindLegacyLogin, old: string, userId: string): Promise<void> {
  const sessions = createSessions({ store: memoryStore() })
  const [url, elsewhere] = [await newApp(find, sessions), await newApp(find, sessions)]
  const first = await fetch(`${url}/me`, { headers: { cookie: old } })
  expect(await first.json()).toEqual({ id: userId })
  const cookie = pairs(first)
  expect(cookie).toMatch(/^session=/)
  const second = await fetch(`${url}/me`, { headers: { cookie: `${old}; ${cookie}` } })
  expect([second.status, second.headers.getSetCookie()]).toEqual([200, []])
  expect((await fetch(`${url}/recent`, { headers: { cookie } })).status).toBe(403)
  expect((await fetch(`${elsewhere}/me`, { headers: { cookie: old } })).status).toBe(401)
  expect(await sessions.list(userId)).toHaveLength(1)
}

async function oldExpressLogin(store: Store): Promise<string> {
  const app = express().use(
    session({ secret, store, resave: false, saveUninitialized: false, cookie: { maxAge: 60_000 } }),
  )
  app.post('/sign-in', (request, response) => {
    Object.assign(request.session, { userId: 'user-1' })
    response.sendStatus(204)
  })
  return pairs(await fetch(`${await listen(app)}/sign-in`, { method: 'POST' }))
}

const userIdOf = (found: object): string | null => (found as { userId?: string }).userId ?? null

describe('express-session', () => {
  test('a living session is taken over once, and proves nothing recent', async () => {
    const store = new MemoryStore()
    const old = await oldExpressLogin(store)
    await expectTakenOver(expressSessionLogins({ store, secrets: [secret], userIdOf }), old, 'user-1')
  })

  test('an older secret still opens it, a foreign one does not', async () => {
    const store = new MemoryStore()
    const old = await oldExpressLogin(store)
    const status = async (secrets: string[]) => {
      const url = await newApp(expressSessionLogins({ store, secrets, userIdOf }))
      return (await fetch(`${url}/me`, { headers: { cookie: old } })).status
    }
    expect(await status(['another secret'])).toBe(401)
    expect(await status(['another secret', secret])).toBe(200)
  })

  test('a tampered or unsigned cookie opens nothing', async () => {
    const store = new MemoryStore()
    const old = await oldExpressLogin(store)
    const url = await newApp(expressSessionLogins({ store, secrets: [secret], userIdOf }))
    for (const cookie of [
      old.slice(0, -1),
      old.replace('s%3A', ''),
      old.replace('.', 'x.'),
      'connect.sid=%zz',
      'connect.sid=s%3A.',
    ]) {
      expect((await fetch(`${url}/me`, { headers: { cookie } })).status).toBe(401)
    }
  })

  test('another site cannot have it taken over by a POST', async () => {
    const store = new MemoryStore()
    const old = await oldExpressLogin(store)
    const url = await newApp(expressSessionLogins({ store, secrets: [secret], userIdOf }))
    const headers = { cookie: old, 'sec-fetch-site': 'cross-site' }
    const refused = await fetch(`${url}/me`, { method: 'POST', headers })
    expect([refused.status, refused.headers.getSetCookie()]).toEqual([403, []])
  })
})

describe('several requests with one old cookie', () => {
  const inTenSeconds = (): number => Math.floor(Date.now() / 1000) + 10
  const ask = (url: string, headers: Record<string, string> = {}): Promise<Response> =>
    fetch(`${url}/me`, { headers: { cookie: 'old=1', ...headers } })

  test('at once, and a moment later, are one login', async () => {
    const store = new MemoryStore()
    const old = await oldExpressLogin(store)
    const sessions = createSessions({ store: memoryStore() })
    const url = await newApp(expressSessionLogins({ store, secrets: [secret], userIdOf }), sessions)
    const answers = await Promise.all(Array.from({ length: 6 }, () => ask(url, { cookie: old })))
    answers.push(await ask(url, { cookie: old }))
    expect(answers.map(({ status }) => status)).toEqual(answers.map(() => 200))
    expect(answers.map(({ headers }) => headers.get('cache-control'))).toEqual(answers.map(() => 'no-store'))
    expect(new Set(answers.map(pairs)).size).toBe(1)
    expect(await sessions.list('user-1')).toHaveLength(1)
  })

  test('on two servers at once are one login', async () => {
    let there = true
    const found: (() => void)[] = []
    const find: FindLegacyLogin = async () => {
      await new Promise<void>((resolve) => {
        found.push(resolve)
        if (found.length === 2) for (const go of found) go()
      })
      const remove = async (): Promise<boolean> => there && !(there = false)
      return { userId: 'user-1', expiresAt: inTenSeconds(), remove }
    }
    const sessions = createSessions({ store: memoryStore() })
    const urls = [await newApp(find, sessions), await newApp(find, sessions)]
    const answers = await Promise.all(urls.map((url) => ask(url)))
    expect(answers.map(({ status }) => status).toSorted()).toEqual([200, 401])
    expect(await sessions.list('user-1')).toHaveLength(1)
  })

  test('do not bring back a login that was signed out meanwhile', async () => {
    const sessions = createSessions({ store: memoryStore() })
    let there = true
    const find: FindLegacyLogin = async () => {
      const remove = async (): Promise<boolean> => there && !(there = false)
      return there ? { userId: 'user-1', expiresAt: inTenSeconds(), remove } : null
    }
    const url = await newApp(find, sessions)
    expect((await ask(url)).status).toBe(200)
    await sessions.revokeAll('user-1')
    const late = await ask(url)
    expect([late.status, late.headers.getSetCookie()]).toEqual([401, []])
  })

  test('are not spoilt by one that another site sent first', async () => {
    const find: FindLegacyLogin = async () => {
      await new Promise((resolve) => setTimeout(resolve, 50))
      return { userId: 'user-1', expiresAt: inTenSeconds(), remove: async () => true }
    }
    const url = await newApp(find)
    const headers = { cookie: 'old=1', 'sec-fetch-site': 'cross-site' }
    const refused = fetch(`${url}/me`, { method: 'POST', headers })
    await new Promise((resolve) => setTimeout(resolve, 20))
    expect((await ask(url)).status).toBe(200)
    expect((await refused).status).toBe(403)
  })
})

describeEngine(redis, (url) => {
  test('express-session with connect-redis is taken over from Redis', async () => {
    const client = await createClient({ url }).connect()
    const prefix = `recipe:${randomUUID()}:`
    try {
      const store = new RedisStore({ client, prefix, ttl: 60 })
      const old = await oldExpressLogin(store)
      expect(await client.keys(`${prefix}*`)).toHaveLength(1)
      await expectTakenOver(expressSessionLogins({ store, secrets: [secret], userIdOf }), old, 'user-1')
      expect(await client.keys(`${prefix}*`)).toEqual([])
    } finally {
      await client.close()
    }
  })
})

describe('Better Auth', () => {
  test('a row of its session table is taken over once', async () => {
    const database = new Database(':memory:')
    const options = {
      secret,
      baseURL: origin,
      database,
      emailAndPassword: { enabled: true },
      telemetry: { enabled: false },
    }
    await (await getMigrations(options)).runMigrations()
    const body = { email: 'ada@example.com', password: randomUUID(), name: 'Ada' }
    const signedUp = await betterAuth(options).api.signUpEmail({ body, asResponse: true })
    const { user } = (await signedUp.clone().json()) as { user: { id: string } }
    const table: LegacyTable = {
      async find(token) {
        const row = database.prepare('select userId, expiresAt from session where token = ?').get(token)
        const found = row as { userId: string; expiresAt: string } | undefined
        return found
          ? { userId: found.userId, expiresAt: Math.floor(new Date(found.expiresAt).getTime() / 1000) }
          : null
      },
      async remove(token) {
        return database.prepare('delete from session where token = ?').run(token).changes === 1
      },
    }
    await expectTakenOver(betterAuthLogins({ table, secret }), pairs(signedUp), user.id)
  })
})

describe('Auth.js with database sessions', () => {
  const open = () => {
    const database = new Database(':memory:')
    database.exec(
      'create table sessions (sessionToken text primary key, userId text not null, expires integer not null)',
    )
    const add = (expires: number): string => {
      const token = randomUUID()
      database.prepare('insert into sessions values (?, ?, ?)').run(token, 'user-1', expires)
      return token
    }
    const table: LegacyTable = {
      async find(token) {
        const row = database.prepare('select userId, expires from sessions where sessionToken = ?').get(token)
        const found = row as { userId: string; expires: number } | undefined
        return found ? { userId: found.userId, expiresAt: Math.floor(found.expires / 1000) } : null
      },
      async remove(token) {
        return database.prepare('delete from sessions where sessionToken = ?').run(token).changes === 1
      },
    }
    return { add, table }
  }

  test('a row of its sessions table is taken over once', async () => {
    const { add, table } = open()
    const cookie = `__Secure-authjs.session-token=${add(Date.now() + 60_000)}`
    await expectTakenOver(authJsLogins({ table }), cookie, 'user-1')
  })

  test('one that has expired there is not taken over', async () => {
    const { add, table } = open()
    const cookie = `__Secure-authjs.session-token=${add(Date.now() - 1000)}`
    expect((await fetch(`${await newApp(authJsLogins({ table }))}/me`, { headers: { cookie } })).status).toBe(401)
  })
})
