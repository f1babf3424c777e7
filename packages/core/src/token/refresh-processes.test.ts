import { type ChildProcess, fork } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describeEngine, postgres, redis } from '@tessera-auth/engines'
import { testPlatform, type TestPlatform } from '@tessera-auth/testing'
import { afterAll, describe, expect, onTestFinished, test } from 'vitest'
import { createSessions } from '../session/sessions.js'
import type { Store } from '../store/store.js'
import { dropStore, openStore } from './fixtures/engine-stores.js'
import type { RefreshTask } from './fixtures/refresh-process.js'
import { privateJwk, refreshTokenOf } from './fixtures/token-app.js'
import { staticKeyRing } from './key-ring.js'
import { createTokenIssuer, type TokenIssuer } from './token-issuer.js'

const jwk = privateJwk('HS256')
const rounds = 200
/** 500 with LONG_TESTS=1, which takes a minute: each kill is a process of its own. */
const kills = process.env.LONG_TESTS === '1' ? 500 : 12
const callsPerProcess = 25
const folder = mkdtempSync(join(tmpdir(), 'refresh-'))
afterAll(() => rmSync(folder, { recursive: true }))

/** Two processes and this one on one store. */
interface System {
  readonly store: Store
  readonly platform: TestPlatform
  readonly tokens: TokenIssuer
  /** Signs in and starts a family. */
  start(userId?: string): Promise<string>
  fork(): Promise<ChildProcess>
}

describe('on SQLite', () => {
  const url = (): string => `sqlite:${join(folder, `${randomBytes(6).toString('hex')}.db`)}`
  races(url)

  test('a process killed after any answer of the store locks nobody out', async () => {
    const system = await open(url())
    const early: string[] = []
    for (let done = 0; done < kills; done += 4) {
      early.push(...(await Promise.all([0, 1, 2, 3].map((at) => killedRefresh(system, (done + at) % 6, at % 2 === 0)))))
    }
    expect(early.filter((outcome) => !outcome.startsWith('alive') && outcome !== 'ended')).toEqual([])
    expect(early).toContain('alive')
  }, 600_000)
})
describeEngine(postgres, (url) => races(() => url))
describeEngine(redis, (url) => races(() => url))

function races(url: () => string): void {
  test(`50 refreshes at once over two processes, ${rounds} times: one living chain, the same successor for all`, async () => {
    const system = await open(url())
    const children = await Promise.all([system.fork(), system.fork()])
    let token = await system.start()
    for (let round = 0; round < rounds; round += 1) {
      system.platform.advance(16)
      const task = { token, calls: callsPerProcess, now: system.platform.now() }
      const answers = (await Promise.all(children.map((child) => ask(child, task)))).flat()
      const [successor = '', ...others] = [...new Set(answers)]
      expect(others).toEqual([])
      expect(successor.split('.')[1]).toBe(String(round + 1))
      token = successor
    }
    expect(await system.tokens.listFamilies('user-1')).toHaveLength(1)
  }, 120_000)
}

/** One family, one process that dies in its refresh; what the client finds when it asks again, in the window or late. */
async function killedRefresh(system: System, killAfter: number, isInWindow: boolean): Promise<string> {
  const userId = randomBytes(6).toString('hex')
  const token = await system.start(userId)
  const child = await system.fork()
  // Each family of its own clock: later than the others' does no harm.
  const now = system.platform.now() + 16
  child.send({ token, calls: 1, now, killAfter } satisfies RefreshTask)
  await Promise.race([once(child, 'exit'), once(child, 'message')])
  child.kill('SIGKILL')
  const later = createIssuer(system.store, testPlatform({ now: now + (isInWindow ? 2 : 30) }))
  const [familyId = ''] = token.split('.')
  const answer = await later.refresh(token).catch((error: { code: string }) => error.code)
  const isThere = (await later.listFamilies(userId)).some(({ id }) => id === familyId)
  if (typeof answer !== 'string') return isThere ? 'alive' : 'gone with a token'
  return answer === 'invalid_grant' && !isThere && !isInWindow ? 'ended' : `locked out: ${answer}`
}

function createIssuer(store: Store, platform: TestPlatform): TokenIssuer {
  const secrets = ['a secret of this test, which has 32 characters or more']
  const shared = { store, platform, secrets, origin: 'https://app.example', audience: 'https://api.example' }
  return createTokenIssuer({ ...shared, keys: staticKeyRing([jwk]) })
}

async function open(url: string): Promise<System> {
  const name = `tokens_${randomBytes(6).toString('hex')}`
  const { store, close } = await openStore(url, name)
  const children: ChildProcess[] = []
  onTestFinished(async () => {
    for (const child of children) child.kill('SIGKILL')
    await close()
    await dropStore(url, name)
  })
  const platform = testPlatform()
  const sessions = createSessions({ store, platform })
  const tokens = createIssuer(store, platform)
  return {
    store,
    platform,
    tokens,
    async start(userId = 'user-1') {
      const { session } = await sessions.create({ attempt: await sessions.beginLogin(userId), methods: ['pwd'] })
      return refreshTokenOf(await tokens.issue({ session }))
    },
    async fork() {
      const script = new URL('./fixtures/refresh-process.ts', import.meta.url)
      const child = fork(script, [url, name, JSON.stringify(jwk)], { execArgv: [] })
      children.push(child)
      const died = once(child, 'exit').then(() => Promise.reject(new Error('a process ended before it was ready')))
      await Promise.race([once(child, 'message'), died])
      died.catch(() => {})
      return child
    },
  }
}

async function ask(child: ChildProcess, task: RefreshTask): Promise<string[]> {
  child.send(task)
  const [answers] = await once(child, 'message')
  return answers as string[]
}
