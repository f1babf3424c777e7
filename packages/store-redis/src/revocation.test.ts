import { type ChildProcess, fork } from 'node:child_process'
import { once } from 'node:events'
import {
  cachedStore,
  createSessions,
  createTokenIssuer,
  generateJwk,
  type Session,
  staticKeyRing,
} from '@tessera-auth/core'
import { describeOwnRedis, type RedisServer, startRedis } from '@tessera-auth/engines'
import { afterAll, beforeAll, beforeEach, describe, expect, onTestFinished, test } from 'vitest'
import { openIoRedis, ownName, type TestClient } from './fixtures/clients.js'
import type { Answer } from './fixtures/server-process.js'
import { redisBus } from './redis-bus.js'
import { redisStore } from './redis-store.js'

/** What lets somebody in, and the call that takes it back. */
interface Credential {
  readonly text: string
  readonly revoke: () => Promise<unknown>
}

const processes = 4
const ofEachKind = 10
const secrets = ['a secret of this test, which has 32 characters or more']

describeOwnRedis(() => {
  let records: RedisServer
  let bus: RedisServer
  let clients: (TestClient & { client: Awaited<ReturnType<typeof openIoRedis>>['client'] })[]
  let name: string
  let key: JsonWebKey
  let app: ReturnType<typeof openApp>

  beforeAll(async () => {
    ;[records, bus] = await Promise.all([startRedis(), startRedis()])
    clients = await Promise.all([openIoRedis(records.url), openIoRedis(bus.url)])
    key = await generateJwk()
  })
  beforeEach(() => {
    name = ownName()
    app = openApp()
  })
  afterAll(async () => {
    await Promise.all(clients.map(({ close }) => close()))
    await Promise.all([records.stop(), bus.stop()])
  })

  function openApp() {
    const [recordsClient, busClient] = clients
    if (!recordsClient || !busClient) throw new Error('no clients')
    const writerBus = redisBus(busClient.client, { channel: name })
    const store = cachedStore(redisStore(recordsClient.client, { prefix: name }), { bus: writerBus })
    onTestFinished(() => store.close())
    const issued = { origin: 'https://app.example', audience: 'https://api.example', keys: staticKeyRing([key]) }
    return { sessions: createSessions({ store }), tokens: createTokenIssuer({ store, secrets, ...issued }) }
  }

  /** Server processes that listen to the bus. */
  async function startServers(maxStalenessSeconds: number): Promise<ChildProcess[]> {
    const file = new URL('./fixtures/server-process.ts', import.meta.url)
    const args = [records.url, bus.url, name, String(maxStalenessSeconds), JSON.stringify(key)]
    const servers = Array.from({ length: processes }, () => fork(file, args, { execArgv: [] }))
    onTestFinished(async () => {
      await Promise.all(servers.map((server) => [server.kill('SIGKILL'), once(server, 'exit')][1]))
    })
    await expect
      .poll(() => clients[1]?.client.pubsub('NUMSUB', name), { timeout: 10_000 })
      .toEqual([name, processes + 1])
    return servers
  }

  /** By what revokes it: sessions, and access tokens of a user or a client, with a refresh token and without. */
  const kinds: Readonly<Record<string, (n: number) => Promise<Credential>>> = {
    'a session, by its id': async (n) => {
      const { session, token } = await signIn(`user-${n}`)
      return { text: token, revoke: () => app.sessions.revoke(`user-${n}`, session.id) }
    },
    'an access token, by itself': async (n) => {
      const { session } = await signIn(`holder-${n}`)
      const { access_token: text } = await app.tokens.issueAccessToken({ session })
      return { text, revoke: () => app.tokens.revoke(text) }
    },
    'an access token, by its refresh token': async (n) => {
      const { session } = await signIn(`refresher-${n}`)
      const { access_token: text, refresh_token } = await app.tokens.issue({ session })
      return { text, revoke: () => app.tokens.revoke(refresh_token) }
    },
    'an access token, by its login': async (n) => {
      const { session } = await signIn(`login-${n}`)
      const { access_token: text } = await app.tokens.issueAccessToken({ session })
      return { text, revoke: () => app.sessions.revoke(`login-${n}`, session.id) }
    },
    'an access token, by its user': async (n) => {
      const attempt = await app.sessions.beginLogin(`everywhere-${n}`)
      // A login of its own, without a session.
      const { access_token: text } = await app.tokens.issue({ attempt })
      return { text, revoke: () => app.sessions.revokeAll(`everywhere-${n}`) }
    },
    'an access token, by its client': async (n) => {
      const { access_token: text } = await app.tokens.issueAccessToken({ clientId: `client-${n}` })
      return { text, revoke: () => app.tokens.revokeClient(`client-${n}`) }
    },
  }

  async function signIn(userId: string): Promise<{ session: Session; token: string }> {
    return app.sessions.create({ attempt: await app.sessions.beginLogin(userId), methods: ['pwd'] })
  }

  /** Credentials of every kind, by their text the kind. */
  async function grantAll(): Promise<{ all: Credential[]; kindOf: Map<string, string> }> {
    const granted = await Promise.all(
      Object.entries(kinds).flatMap(([kind, grant]) =>
        Array.from({ length: ofEachKind }, async (_, n) => ({ kind, credential: await grant(n) })),
      ),
    )
    return {
      all: granted.map(({ credential }) => credential),
      kindOf: new Map(granted.map(({ kind, credential }) => [credential.text, kind])),
    }
  }

  describe('what was revoked, over four processes', () => {
    test('is refused by all of them as soon as the bus has told them: a session, and an access token however it was revoked', async () => {
      const servers = await startServers(60)
      const { all, kindOf } = await grantAll()
      expect((await askAll(servers, all)).every(({ accepted }) => accepted)).toBe(true)
      for (const { revoke } of all) await revoke()
      // Far sooner than the bound of a minute: it was the bus.
      const stillIn = async (): Promise<(string | undefined)[]> =>
        (await askAll(servers, all)).filter(({ accepted }) => accepted).map(({ credential }) => kindOf.get(credential))
      await expect.poll(stillIn, { timeout: 10_000 }).toEqual([])
    })

    test('is refused by all of them within maxStalenessSeconds when the bus is cut off: a session, and an access token however it was revoked', async () => {
      const servers = await startServers(1)
      const { all, kindOf } = await grantAll()
      bus.freeze()
      onTestFinished(() => bus.thaw())
      const early = await askAll(servers, all)
      expect(early.every(({ accepted }) => accepted)).toBe(true)
      const revokedAt = new Map<string, number>()
      for (const { text, revoke } of all) {
        await revoke()
        revokedAt.set(text, Date.now())
      }
      const answers: Answer[] = []
      const until = Date.now() + 1_500
      while (Date.now() < until) answers.push(...(await askAll(servers, all)))
      const late = answers.filter(({ credential, askedAt, accepted }) => {
        return accepted && askedAt > (revokedAt.get(credential) ?? 0) + 1_000
      })
      expect([...new Set(late.map(({ credential }) => kindOf.get(credential)))]).toEqual([])
      expect(answers.slice(-all.length * processes).every(({ accepted }) => !accepted)).toBe(true)
    })
  })
})

/** Each server's answer to each credential. */
async function askAll(servers: readonly ChildProcess[], all: readonly Credential[]): Promise<Answer[]> {
  const texts = all.map(({ text }) => text)
  const answers = await Promise.all(
    servers.map(async (server) => {
      server.send(texts)
      const [said] = (await once(server, 'message')) as [Answer[]]
      return said
    }),
  )
  return answers.flat()
}
