import { type ChildProcess, fork } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { systemPlatform } from '../platform.js'
import { fileStore } from './fixtures/file-store.js'
import { type RotatingProvider, startRotatingProvider } from './fixtures/rotating-provider.js'
import { oidc } from './providers/oidc.js'
import { createTokenVault, type TokenVault } from './token-vault.js'

const secret = 'a secret for tests only, which has 32 characters or more'
const rounds = 100
const callsPerProcess = 50
/** Five processes share what a busy machine leaves them. */
const slow = { timeout: 180_000 }
let folder: string
let upstream: RotatingProvider
let vault: TokenVault
let children: VaultProcess[]
let impatient: VaultProcess

/** A child process with a vault of its own on the same store. */
interface VaultProcess {
  readonly child: ChildProcess
  /** Its distinct outcomes of so many calls at once. */
  ask(user: string, calls?: number): Promise<string[]>
}

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'vault-'))
  upstream = await startRotatingProvider()
  const provider = oidc({
    name: 'clinic',
    issuer: upstream.issuer,
    clientId: 'app',
    clientSecret: 'for tests',
    dangerouslyAllowPrivateNetwork: true,
  })
  vault = createTokenVault({ store: fileStore(join(folder, 'store.db')), secrets: [secret], providers: [provider] })
  children = await Promise.all([start(), start(), start(), start()])
  impatient = await start('impatient')
})
afterAll(async () => {
  for (const { child } of [...children, impatient]) child.kill('SIGKILL')
  await upstream.close()
  rmSync(folder, { recursive: true })
})

async function start(patience = ''): Promise<VaultProcess> {
  const script = new URL('./fixtures/vault-process.ts', import.meta.url)
  const child = fork(script, [join(folder, 'store.db'), upstream.issuer, secret, patience], { execArgv: [] })
  const waiting = new Map<string, (outcomes: string[]) => void>()
  const ready = new Promise((resolve) => waiting.set('ready', resolve))
  child.on('message', ({ user, outcomes }: { user: string; outcomes: string[] }) => waiting.get(user)?.(outcomes))
  await ready
  return {
    child,
    ask: (user, calls = 1) =>
      new Promise((resolve) => {
        waiting.set(user, resolve)
        child.send({ user, calls })
      }),
  }
}

async function expiredFor(user: string): Promise<void> {
  const tokens = { provider: 'clinic', accessToken: 'spent', refreshToken: upstream.grant(user), scope: 'read' }
  const expiresAt = systemPlatform.now() - 1
  await vault.save(user, { tokens: { ...tokens, expiresAt, resource: null, idToken: null, dpopKey: null } })
}

async function until(condition: () => boolean): Promise<void> {
  while (!condition()) await systemPlatform.sleep(5)
}

describe('one refresh across processes', () => {
  test(
    '4 processes with 50 calls each on an expired token: one refresh, and every call succeeds, in 100 rounds',
    slow,
    async () => {
      const users = Array.from({ length: rounds }, (_, round) => `round${round}`)
      for (let first = 0; first < rounds; first += 10) {
        const batch = users.slice(first, first + 10)
        await Promise.all(batch.map(expiredFor))
        const asked = batch.map(async (user) => {
          const outcomes = await Promise.all(children.map((child) => child.ask(user, callsPerProcess)))
          return [...new Set(outcomes.flat())]
        })
        for (const outcomes of await Promise.all(asked)) expect(outcomes).toEqual([expect.stringMatching(/^at\.round/)])
      }
      expect(users.map((user) => upstream.refreshes.get(user))).toEqual(users.map(() => 1))
    },
  )

  test('a holder that is killed before the provider spends the token is taken over', async () => {
    await expiredFor('killed')
    const holder = await start()
    upstream.behaviours.set('killed', { before: new Promise(() => {}) })
    void holder.ask('killed')
    await until(() => upstream.refreshes.get('killed') === 1)
    holder.child.kill('SIGKILL')
    expect(await impatient.ask('killed')).toEqual([expect.stringMatching(/^at\.killed\./)])
    expect(upstream.refreshes.get('killed')).toBe(2)
  })

  test('a holder that is stopped past its lease writes its good token when it goes on', async () => {
    await expiredFor('stopped')
    const { promise: answer, resolve: letAnswer } = Promise.withResolvers<void>()
    const [holder] = children
    upstream.behaviours.set('stopped', { after: answer })
    const held = holder?.ask('stopped')
    await until(() => upstream.refreshes.get('stopped') === 1)
    await systemPlatform.sleep(20)
    holder?.child.kill('SIGSTOP')
    letAnswer()
    // The provider has spent the only refresh token; until the holder goes on, nobody has another.
    expect(await impatient.ask('stopped')).toEqual(['error reconnect_required'])
    holder?.child.kill('SIGCONT')
    const [token] = (await held) ?? []
    expect(token).toMatch(/^at\.stopped\./)
    expect(await impatient.ask('stopped')).toEqual([token])
  })
})
