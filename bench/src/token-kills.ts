/** SIGKILL after any answer of the store in a refresh: `../node_modules/.bin/node src/token-kills.ts [kills]`, 500 by default. Nobody is locked out. */
import { fork } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { DatabaseSync } from 'node:sqlite'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createSessions, createTokenIssuer, generateJwk, staticKeyRing, type TokenIssuer } from '@tessera-auth/core'
import { systemPlatform } from '@tessera-auth/core/http'
import { sqliteStore } from '@tessera-auth/store-sql'

const kills = Number(process.argv[2] ?? 500)
const script = new URL(process.argv[3] ?? '../../packages/core/src/token/fixtures/refresh-process.ts', import.meta.url)
const folder = mkdtempSync(join(tmpdir(), 'kills-'))
const path = join(folder, 'auth.db')
const key = await generateJwk('HS256')
const store = sqliteStore(new DatabaseSync(path), { table: 'kills' })
await store.migrate()

const outcomes = new Map<string, number>()
for (let done = 0; done < kills; done += 4) {
  for (const outcome of await Promise.all([0, 1, 2, 3].map((at) => kill((done + at) % 6, at % 2 === 0)))) {
    outcomes.set(outcome, (outcomes.get(outcome) ?? 0) + 1)
  }
}
console.log(`${kills} kills:`, Object.fromEntries(outcomes))
rmSync(folder, { recursive: true })
if ([...outcomes.keys()].some((outcome) => outcome.startsWith('LOCKED'))) process.exitCode = 1

/** What a client finds that asks again after its process was killed: two seconds later, or long after the window. */
async function kill(killAfter: number, isInWindow: boolean): Promise<string> {
  const now = systemPlatform.now()
  const user = crypto.randomUUID()
  const sessions = createSessions({ store })
  const { session } = await sessions.create({ attempt: await sessions.beginLogin(user), methods: ['pwd'] })
  const { refresh_token: token = '' } = await issuerAt(now).issue({ session })
  const child = fork(script, [`sqlite:${path}`, 'kills', JSON.stringify(key)])
  await Promise.race([once(child, 'message'), once(child, 'exit').then(() => Promise.reject(new Error('no start')))])
  child.send({ token, calls: 1, now: now + 16, killAfter })
  const ended = await Promise.race([
    once(child, 'exit').then(() => 'killed'),
    once(child, 'message').then(() => 'answered'),
  ])
  child.kill('SIGKILL')
  const later = issuerAt(now + (isInWindow ? 18 : 46))
  const isRefreshed = await later.refresh(token).then(
    () => true,
    () => false,
  )
  const isThere = (await later.listFamilies(user)).length === 1
  if (isRefreshed && isThere) return `${ended}, refreshed again`
  return isRefreshed || isThere || isInWindow ? `LOCKED OUT, ${ended}` : `${ended}, family ended as reuse`
}

function issuerAt(now: number): TokenIssuer {
  const secrets = ['a secret of this test, which has 32 characters or more']
  const platform = { ...systemPlatform, now: () => now }
  const shared = { store, platform, secrets, origin: 'https://app.example', audience: 'https://api.example' }
  return createTokenIssuer({ ...shared, keys: staticKeyRing([key]) })
}
