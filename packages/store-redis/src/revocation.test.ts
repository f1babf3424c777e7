import { type ChildProcess, fork } from 'node:child_process'
import { once } from 'node:events'
import { cachedStore, createSessions, type Session, type Sessions } from '@tessera-auth/core'
import { describeOwnRedis, type RedisServer, startRedis } from '@tessera-auth/engines'
import { afterAll, beforeAll, beforeEach, describe, expect, onTestFinished, test } from 'vitest'
import { openIoRedis, ownName, type TestClient } from './fixtures/clients.js'
import { redisBus } from './redis-bus.js'
import { redisStore } from './redis-store.js'

/** What a server process said of a token. */
interface Answer {
  readonly token: string
  /** Milliseconds since the epoch, before it looked. */
  readonly askedAt: number
  readonly accepted: boolean
}

interface Login {
  readonly session: Session
  readonly token: string
}

const processes = 2
const logins = 10

describeOwnRedis(() => {
  let records: RedisServer
  let bus: RedisServer
  let clients: (TestClient & { client: Awaited<ReturnType<typeof openIoRedis>>['client'] })[]
  let name: string
  let sessions: Sessions

  beforeAll(async () => {
    ;[records, bus] = await Promise.all([startRedis(), startRedis()])
    clients = await Promise.all([openIoRedis(records.url), openIoRedis(bus.url)])
  })
  beforeEach(() => {
    name = ownName()
    const [recordsClient, busClient] = clients
    if (!recordsClient || !busClient) throw new Error('no clients')
    const writerBus = redisBus(busClient.client, { channel: name })
    const store = cachedStore(redisStore(recordsClient.client, { prefix: name }), { bus: writerBus })
    onTestFinished(() => store.close())
    sessions = createSessions({ store })
  })
  afterAll(async () => {
    await Promise.all(clients.map(({ close }) => close()))
    await Promise.all([records.stop(), bus.stop()])
  })

  /** Server processes; each has answered once, so that it listens. */
  async function startServers(maxStalenessSeconds: number): Promise<ChildProcess[]> {
    const file = new URL('./fixtures/server-process.ts', import.meta.url)
    const args = [records.url, bus.url, name, String(maxStalenessSeconds)]
    const servers = Array.from({ length: processes }, () => fork(file, args, { execArgv: [] }))
    onTestFinished(async () => {
      await Promise.all(servers.map((server) => [server.kill('SIGKILL'), once(server, 'exit')][1]))
    })
    await expect
      .poll(() => clients[1]?.client.pubsub('NUMSUB', name), { timeout: 10_000 })
      .toEqual([name, processes + 1])
    return servers
  }

  async function signIn(count: number): Promise<Login[]> {
    return Promise.all(
      Array.from({ length: count }, async (_, n) =>
        sessions.create({ attempt: await sessions.beginLogin(`user-${n}`), methods: ['pwd'] }),
      ),
    )
  }

  /** Each server's answer to each token. */
  async function askAll(servers: readonly ChildProcess[], tokens: readonly Login[]): Promise<Answer[]> {
    const asked = servers.flatMap((server) => tokens.map(({ token }) => ask(server, token)))
    return Promise.all(asked)
  }

  describe('a revocation, over several processes', () => {
    test('is refused by all of them as soon as the bus has told them', async () => {
      const servers = await startServers(60)
      const all = await signIn(logins)
      expect((await askAll(servers, all)).every(({ accepted }) => accepted)).toBe(true)
      for (const { session } of all) await sessions.revoke(session.userId ?? '', session.id)
      // Far sooner than the bound of a minute: it was the bus.
      const accepted = async (): Promise<number> => (await askAll(servers, all)).filter((one) => one.accepted).length
      await expect.poll(accepted, { timeout: 10_000 }).toBe(0)
    })

    test('is refused by all of them within maxStalenessSeconds when the bus is cut off', async () => {
      const servers = await startServers(1)
      const all = await signIn(logins)
      bus.freeze()
      onTestFinished(() => bus.thaw())
      const early = await askAll(servers, all)
      const revokedAt = new Map<string, number>()
      for (const { session, token } of all) {
        await sessions.revoke(session.userId ?? '', session.id)
        revokedAt.set(token, Date.now())
      }
      const answers = [...early]
      const until = Date.now() + 1_500
      while (Date.now() < until) answers.push(...(await askAll(servers, all)))
      const late = answers.filter(({ token, askedAt, accepted }) => {
        const at = revokedAt.get(token) ?? 0
        return accepted && askedAt > at + 1_000
      })
      expect(early.every(({ accepted }) => accepted)).toBe(true)
      expect(late).toEqual([])
      expect(answers.slice(-all.length).some(({ accepted }) => accepted)).toBe(false)
    })
  })
})

async function ask(server: ChildProcess, token: string): Promise<Answer> {
  const { promise, resolve } = Promise.withResolvers<Answer>()
  const listener = (answer: Answer): void => {
    if (answer.token === token) resolve(answer)
  }
  server.on('message', listener)
  server.send(token)
  const answer = await promise
  server.off('message', listener)
  return answer
}
