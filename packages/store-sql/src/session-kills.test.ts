import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout } from 'node:timers/promises'
import { describeEngine, mysql, postgres } from '@tessera-auth/engines'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { openSessions, type OpenedSessions } from './fixtures/open-sessions.js'
import { type SessionProcess, startSessionProcess } from './fixtures/session-process.js'
import { testTable } from './fixtures/test-table.js'

/** Five kills, each of which catches forty users, each at a step of its own: two hundred points. */
const kills = 5
const usersPerKill = 40
/** A process lives on for at most this long once it is busy. */
const mostMilliseconds = 60

describe('on SQLite', () => {
  const folder = mkdtempSync(join(tmpdir(), 'tessera-kills-'))
  afterAll(() => rmSync(folder, { recursive: true }))
  describeKills('sqlite', join(folder, 'app.db'))
})
describeEngine(postgres, (url) => describeKills('postgres', url))
describeEngine(mysql, (url) => describeKills('mysql', url))

function describeKills(driver: string, target: string): void {
  describe('a process that is killed', { timeout: 120_000 }, () => {
    const table = testTable()
    let here: OpenedSessions
    beforeAll(async () => {
      here = await openSessions(driver, target, table)
      await here.store.migrate()
    })
    afterAll(() => here.drop())

    async function signIn(userId: string): Promise<string> {
      const { sessions } = here
      return (await sessions.create({ attempt: await sessions.beginLogin(userId) })).token
    }

    /** The same after a kill. What the killed process had sent may only now take effect, and overtake one sign-in. */
    async function canSignIn(userId: string): Promise<boolean> {
      const token = await signIn(userId).catch(() => signIn(userId))
      return (await alive([token])) === 1
    }

    /** Runs one process on `verb` for all users, and kills it; what it told, by user, in order. */
    async function killedWhile(verb: string, users: ReadonlyMap<string, string>): Promise<SessionProcess['told']> {
      const child = await startSessionProcess(driver, target, table)
      for (const [userId, token] of users) void child.ask(verb, userId, token)
      await expect.poll(() => child.told.length, { interval: 1, timeout: 20_000 }).toBeGreaterThan(usersPerKill)
      await setTimeout(Math.random() * mostMilliseconds)
      await child.kill()
      return child.told
    }

    async function alive(tokens: readonly string[]): Promise<number> {
      const found = await Promise.all(tokens.map((token) => here.sessions.verify(token)))
      return found.filter(Boolean).length
    }

    test('while it rotates leaves one token that opens, or none when it could not tell the last one', async () => {
      for (let kill = 0; kill < kills; kill += 1) {
        const users = new Map<string, string>()
        for (let user = 0; user < usersPerKill; user += 1) {
          const userId = `rotating-${kill}-${user}`
          users.set(userId, await signIn(userId))
        }
        const told = await killedWhile('keepRotating', users)
        const check = async ([userId, first]: [string, string]): Promise<void> => {
          const tokens = [first, ...tokensOf(told.filter(([, [whose]]) => whose === userId))]
          expect(await alive(tokens.slice(0, -1))).toBe(0)
          expect(await here.sessions.list(userId)).toHaveLength(1)
          expect(await canSignIn(userId)).toBe(true)
        }
        await Promise.all([...users].map(check))
      }
    })

    test('while it ends all logins leaves all or none of them, and every user can sign in', async () => {
      for (let kill = 0; kill < kills; kill += 1) {
        const names = Array.from({ length: usersPerKill }, (_, user) => `ending-${kill}-${user}`)
        const told = await killedWhile('keepRevoking', new Map(names.map((userId) => [userId, ''])))
        const check = async (userId: string): Promise<void> => {
          const own = told.filter(([, [whose]]) => whose === userId)
          const lastEnding = own.findLastIndex(([about]) => about === 'revoked')
          expect(await alive(tokensOf(own.slice(0, lastEnding + 1)))).toBe(0)
          const current = tokensOf(own.slice(lastEnding + 1))
          expect(await canSignIn(userId)).toBe(true)
          expect([0, current.length]).toContain(await alive(current))
          await here.sessions.revokeAll(userId)
          expect(await alive(current)).toBe(0)
          expect(await here.sessions.list(userId)).toEqual([])
        }
        await Promise.all(names.map(check))
      }
    })
  })
}

function tokensOf(told: SessionProcess['told']): string[] {
  return told.flatMap(([about, [, token]]) => (about === 'token' && token !== undefined ? [token] : []))
}
