import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describeEngine, mysql, postgres } from '@tessera-auth/engines'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { openSessions, type OpenedSessions } from './fixtures/open-sessions.js'
import { type SessionProcess, startSessionProcess } from './fixtures/session-process.js'
import { testTable } from './fixtures/test-table.js'

/** Rounds that run beside each other: enough to keep the processes busy. */
const atOnce = 20

describe('on SQLite', () => {
  const folder = mkdtempSync(join(tmpdir(), 'tessera-races-'))
  afterAll(() => rmSync(folder, { recursive: true }))
  describeRaces('sqlite', join(folder, 'app.db'))
})
describeEngine(postgres, (url) => describeRaces('postgres', url))
describeEngine(mysql, (url) => describeRaces('mysql', url))

function describeRaces(driver: string, target: string): void {
  describe('two processes of an app', { timeout: 120_000 }, () => {
    const table = testTable()
    let here: OpenedSessions
    let one: SessionProcess
    let other: SessionProcess
    beforeAll(async () => {
      here = await openSessions(driver, target, table)
      await here.store.migrate()
      const starting = [1, 2].map(() => startSessionProcess(driver, target, table))
      ;[one, other] = (await Promise.all(starting)) as [SessionProcess, SessionProcess]
    })
    afterAll(async () => {
      await Promise.all([one.kill(), other.kill()])
      await here.drop()
    })

    async function signedIn(userId: string): Promise<{ token: string; id: string }> {
      const { sessions } = here
      const { token, session } = await sessions.create({ attempt: await sessions.beginLogin(userId) })
      return { token, id: session.id }
    }

    test('1,000 sign-outs against a request that saves session data: every session stays dead', async () => {
      const answers = await rounds(1_000, async (round) => {
        const { token, id } = await signedIn(`out-${round}`)
        const [out, saved] = await Promise.all([one.ask('signOut', token), other.ask('save', token, 'tea')])
        expect(out).toBeNull()
        expect(await here.store.get('session', id)).toBeNull()
        return saved
      })
      // Both orders came up, so there was a race.
      expect(new Set(answers.map((saved) => Array.isArray(saved)))).toEqual(new Set([true, false]))
    })

    test('200 sign-ins against revokeAll: exactly those begun after the ending live', async () => {
      await rounds(200, async (round) => {
        const userId = `all-${round}`
        const before = await signedIn(userId)
        const [made] = await Promise.all([one.ask('signIn', userId), other.ask('revokeAll', userId)])
        const { token, epoch } = made as { token?: string; epoch?: string | null }
        const today = await here.sessions.beginLogin(userId)
        expect(await here.sessions.verify(before.token)).toBeNull()
        if (token === undefined) expect(made).toEqual({ error: 'unauthenticated' })
        else expect((await here.sessions.verify(token)) !== null).toBe(epoch === today.epoch)
      })
    })

    test('50 updates at once lose nothing silently: what said yes is there, and nothing else', async () => {
      const { token, id } = await signedIn('carts')
      const items = Array.from({ length: 50 }, (_, index) => `item ${index}`)
      const answers = await Promise.all(items.map((item, index) => (index % 2 ? one : other).ask('update', id, item)))
      const yes = items.filter((_, index) => typeof answers[index] === 'number')
      const no = answers.filter((answer) => typeof answer !== 'number')
      expect((await here.sessions.verify(token))?.data.toSorted()).toEqual(yes.toSorted())
      for (const answer of no) expect(answer).toEqual({ error: 'conflict' })
      expect(yes.length).toBeGreaterThan(0)
    })

    test('two tabs whose renewals meet both stay signed in', async () => {
      await rounds(200, async (round) => {
        const { token } = await signedIn(`tabs-${round}`)
        expect(await Promise.all([one.ask('verify', token), other.ask('verify', token)])).toEqual([true, true])
      })
    })
  })
}

async function rounds<T>(count: number, round: (number: number) => Promise<T>): Promise<T[]> {
  const answers: T[] = []
  for (let done = 0; done < count; done += atOnce) {
    const numbers = Array.from({ length: Math.min(atOnce, count - done) }, (_, index) => done + index)
    answers.push(...(await Promise.all(numbers.map(round))))
  }
  return answers
}
