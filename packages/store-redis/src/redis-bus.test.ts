import { askRedis, describeOwnRedis, type RedisServer, startRedis } from '@tessera-auth/engines'
import { ConfigError } from '@tessera-auth/core/store'
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest'
import { pause } from './pause.js'
import { ownName, singleClients, type TestClient } from './fixtures/clients.js'
import { redisBus } from './redis-bus.js'
import { redisStore } from './redis-store.js'

const patient = { timeout: 12_000 }

/** What a subscriber was told, in order: 'up', 'down', or kind and key. */
async function listen(client: TestClient['client'], channel = ownName()) {
  const heard: string[] = []
  const errors: unknown[] = []
  const bus = redisBus(client, { channel, onError: (error) => errors.push(error) })
  const unsubscribe = bus.subscribe(
    (kind, key) => heard.push(`${kind} ${key}`),
    (healthy) => heard.push(healthy ? 'up' : 'down'),
  )
  onTestFinished(unsubscribe)
  await expect.poll(() => heard, patient).toContain('up')
  return { bus, heard, errors, unsubscribe, channel }
}

/** Closes the connections that listen, as a proxy or an operator does. */
function killSubscribers(port: number): Promise<string> {
  return askRedis({ host: '127.0.0.1', port }, 'CLIENT KILL TYPE pubsub')
}

describeOwnRedis(() => {
  describe.each(singleClients)('redisBus over %s', (_name, open) => {
    let server: RedisServer
    let client: TestClient
    let other: TestClient

    beforeAll(async () => {
      server = await startRedis()
      client = await open(server.url)
      other = await open(server.url)
    })
    afterAll(async () => {
      await Promise.all([client.close(), other.close()])
      await server.stop()
    })

    test('says that it listens only once the server has acknowledged it, and then hears every message', async () => {
      const { heard, channel } = await listen(client.client)
      const writer = redisBus(other.client, { channel })
      await Promise.all(Array.from({ length: 50 }, (_, n) => writer.publish('session', `k${n}`)))
      await expect.poll(() => heard, patient).toHaveLength(51)
      expect(heard[0]).toBe('up')
    })

    test('carries any kind and key as they are', async () => {
      const { bus, heard } = await listen(client.client)
      await bus.publish('refresh-family', ' a:b@c"\\\u00e9\u{1F511}')
      await expect.poll(() => heard.at(-1), patient).toBe('refresh-family  a:b@c"\\\u00e9\u{1F511}')
    })

    test('hears nothing of another channel, nor what is no message of a bus', async () => {
      const { bus, heard, channel } = await listen(client.client)
      await redisBus(other.client, { channel: `${channel}2` }).publish('session', 'elsewhere')
      await other.client.publish(channel, 'without a line break')
      await bus.publish('session', 'last')
      await expect.poll(() => heard, patient).toContain('session last')
      expect(heard).toEqual(['up', 'session last'])
    })

    test('says when it is cut off, and when it listens again', async () => {
      const { bus, heard } = await listen(client.client)
      for (let cut = 0; cut < 3; cut += 1) {
        heard.length = 0
        await killSubscribers(server.port)
        await expect.poll(() => heard, patient).toEqual(['down', 'up'])
      }
      await bus.publish('session', 'after')
      await expect.poll(() => heard.at(-1), patient).toBe('session after')
    })

    test('listens once, however often it was cut off, and not at all once it was left', async () => {
      const { bus, heard, unsubscribe } = await listen(client.client)
      const listeners = async (): Promise<number> =>
        (await askRedis({ host: '127.0.0.1', port: server.port }, 'CLIENT LIST TYPE pubsub')).match(/id=/g)?.length ?? 0
      for (let cut = 0; cut < 6; cut += 1) {
        heard.length = 0
        await killSubscribers(server.port)
        await expect.poll(() => heard, patient).toEqual(['down', 'up'])
      }
      // A connection that came back by itself would have done so by now.
      await pause(500)
      expect(await listeners()).toBe(1)
      heard.length = 0
      await bus.publish('session', 'a')
      await bus.publish('session', 'b')
      await expect.poll(() => heard, patient).toEqual(['session a', 'session b'])
      await unsubscribe()
      await expect.poll(listeners, patient).toBe(0)
    })

    test('survives a restart of the server, and reports why it could not listen meanwhile', async () => {
      const { heard, errors } = await listen(client.client)
      await server.stop()
      await expect.poll(() => heard, patient).toEqual(['up', 'down'])
      await expect.poll(() => errors, patient).not.toHaveLength(0)
      server = await startRedis([], server.port)
      await expect.poll(() => heard, patient).toEqual(['up', 'down', 'up'])
    })

    test('calls nothing any more once it was left', async () => {
      const { bus, heard, unsubscribe } = await listen(client.client)
      await unsubscribe()
      await bus.publish('session', 'a')
      await killSubscribers(server.port)
      await bus.publish('session', 'b')
      expect(heard).toEqual(['up'])
      expect(await askRedis({ host: '127.0.0.1', port: server.port }, 'CLIENT LIST TYPE pubsub')).toBe('')
    })

    test('of a store sends each message with its write, and none for a write that was refused', async () => {
      const { bus, heard } = await listen(client.client)
      const store = redisStore(client.client, { prefix: ownName(), bus })
      const entry = { kind: 'session', key: 'a', owner: null, value: '1', version: 'v1', expiresAt: null }
      await store.insert(entry)
      await store.insert(entry)
      await store.replace({ ...entry, version: 'v2' }, 'v1')
      await store.replace({ ...entry, version: 'v3' }, 'v1')
      await store.remove('session', 'a', 'v1')
      await store.remove('session', 'a')
      await store.remove('session', 'a')
      await bus.publish('session', 'not sent twice')
      await store.insert({ ...entry, key: 'last' })
      await expect.poll(() => heard, patient).toContain('session last')
      expect(heard).toEqual(['up', 'session a', 'session a', 'session a', 'session last'])
    })
  })

  describe('redisBus', () => {
    test('finds out by itself that a server has stopped answering', { timeout: 30_000 }, async () => {
      const server = await startRedis()
      const clients = await Promise.all(singleClients.map(([, open]) => open(server.url)))
      const buses = await Promise.all(clients.map(({ client }) => listen(client)))
      server.freeze()
      for (const { heard } of buses) await expect.poll(() => heard, patient).toContain('down')
      // Twice more it is tried in vain: what was opened then is closed again.
      for (const { errors } of buses) await expect.poll(() => errors, patient).toHaveLength(3)
      server.thaw()
      for (const { heard } of buses) await expect.poll(() => heard.at(-1), patient).toBe('up')
      const connections = async (): Promise<number> =>
        (await askRedis({ host: '127.0.0.1', port: server.port }, 'CLIENT LIST')).match(/^.*id=/gm)?.length ?? 0
      // Two clients, their two subscriptions, and who asks.
      await expect.poll(connections, patient).toBe(5)
      await Promise.all(clients.map(({ close }) => close()))
      await server.stop()
    })
  })
})

describe('redisBus: options', () => {
  test.each([
    ['client', {}, {}],
    ['client', null, {}],
    ['channel', { publish: () => {}, duplicate: () => {} }, { channel: '' }],
  ])('%s: what is none is refused by name', (name, client, options) => {
    expect(() => redisBus(client as never, options)).toThrow(ConfigError)
    expect(() => redisBus(client as never, options)).toThrow(name)
  })
})
