import { type AddressInfo, createServer, type Socket } from 'node:net'
import { setTimeout } from 'node:timers/promises'
import { cachedStore, type InvalidationBus } from '@tessera-auth/core/store'
import { describeEngine, postgres } from '@tessera-auth/engines'
import pg from 'pg'
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest'
import { startChild } from './fixtures/child.js'
import { sampleEntry } from './fixtures/sample-entry.js'
import { startTcpProxy } from './fixtures/tcp-proxy.js'
import { testTable } from './fixtures/test-table.js'
import type { NotifyClient } from './notify-connection.js'
import { postgresBus } from './postgres-bus.js'
import { postgresStore } from './postgres-store.js'

describeEngine(postgres, (url) => {
  const channel = testTable()
  const pool = new pg.Pool({ connectionString: url, max: 3 })
  const listeners: Listener[] = []
  afterEach(async () => {
    for (const listener of listeners.splice(0)) await listener.stop()
  })
  afterAll(() => pool.end())

  function busOf(name = channel, connectionString = url): InvalidationBus {
    return postgresBus(() => connect(connectionString, name), { channel })
  }

  function listenTo(bus: InvalidationBus): Listener {
    const listener = startListener(bus)
    listeners.push(listener)
    return listener
  }

  async function connections(name: string): Promise<number | null> {
    return (await pool.query('select 1 from pg_stat_activity where application_name = $1', [name])).rowCount
  }

  async function terminate(name: string): Promise<void> {
    await pool.query('select pg_terminate_backend(pid) from pg_stat_activity where application_name = $1', [name])
  }

  describe('postgresBus', () => {
    test('a message reaches every bus on the channel, the sender too', async () => {
      const [one, other] = [busOf(), busOf()]
      const [atOne, atOther] = [listenTo(one), listenTo(other)]
      await Promise.all([atOne.healthy(), atOther.healthy()])
      await one.publish('session', 'k:1 \u00e9')
      await expect.poll(() => atOther.heard).toEqual(['session|k:1 \u00e9'])
      await expect.poll(() => atOne.heard).toEqual(['session|k:1 \u00e9'])
    })

    test('what others send on the channel, or on other channels, is not taken for a record', async () => {
      const bus = busOf()
      const listener = listenTo(bus)
      await listener.healthy()
      await pool.query(`select pg_notify($1, 'no record'), pg_notify('${channel}_2', $2)`, [channel, 'session\nk'])
      await bus.publish('session', 'end')
      await expect.poll(() => listener.heard).toEqual(['session|end'])
    })

    test('without a connection publish rejects, and never hangs', async () => {
      await expect(busOf().publish('session', 'k')).rejects.toMatchObject({ name: 'StoreError' })
    })

    test('a connection that ends is told, and opened again', async () => {
      const name = testTable()
      const bus = busOf(name)
      const listener = listenTo(bus)
      await listener.healthy()
      await terminate(name)
      await expect.poll(() => listener.health).toEqual([true, false, true])
      await bus.publish('session', 'again')
      await expect.poll(() => listener.heard).toEqual(['session|again'])
    })

    test('a connection that says nothing any more is given up and opened again', { timeout: 40_000 }, async () => {
      const proxy = await startTcpProxy(url)
      const bus = busOf(channel, proxy.url)
      const listener = listenTo(bus)
      await listener.healthy()
      proxy.blackHole()
      await expect(bus.publish('session', 'k')).rejects.toMatchObject({ name: 'StoreError' })
      await expect.poll(() => listener.health, { timeout: 20_000 }).toEqual([true, false])
      proxy.restore()
      await expect.poll(() => listener.health, { timeout: 20_000 }).toEqual([true, false, true])
      await listener.stop()
      await proxy.close()
    })

    describe('while the server says nothing', () => {
      let accepted = 0
      const silent = createServer({ allowHalfOpen: true }, (socket) => {
        accepted += 1
        sockets.add(socket)
        socket.on('error', () => {}).resume()
      }).listen(0, '127.0.0.1')
      const sockets = new Set<Socket>()
      afterAll(() => {
        for (const socket of sockets) socket.destroy()
        silent.close()
      })
      const silentUrl = (): string => `postgres://postgres@127.0.0.1:${(silent.address() as AddressInfo).port}/test`

      test.for([
        ['that the bus connects', () => new pg.Client({ connectionString: silentUrl() })],
        ['that comes connected', () => connect(silentUrl(), channel)],
      ] as const)('one connection is tried, and no other beside it (a client %s)', async ([, open]) => {
        accepted = 0
        const errors: unknown[] = []
        const listener = startListener(postgresBus(open, { channel, onError: (error) => errors.push(error) }))
        await expect.poll(() => errors.length, { timeout: 25_000 }).toBe(2)
        expect(accepted).toBe(1)
        expect(await Promise.race([listener.stop(), setTimeout(1_000, 'still waits')])).toBeUndefined()
        expect(listener.health).toEqual([])
      })

      test('a client that the bus connects is cut off when it is left', async () => {
        accepted = 0
        sockets.clear()
        const open = (): pg.Client => new pg.Client({ connectionString: silentUrl() })
        const listener = startListener(postgresBus(open, { channel }))
        await expect.poll(() => accepted).toBe(1)
        await listener.stop()
        const [socket] = sockets
        // A client that only said goodbye would go on reading, as this server never ends.
        await expect.poll(() => socket?.write('x') === false || socket?.destroyed).toBe(true)
      })

      test('a process that has unsubscribed can end', async () => {
        accepted = 0
        const child = startChild('bus-child', silentUrl())
        await child.said('subscribed')
        await expect.poll(() => accepted).toBe(1)
        child.say('end')
        expect(await Promise.race([child.ended, setTimeout(10_000, 'still there')])).toBe(0)
        child.process.kill('SIGKILL')
      })
    })

    test('a connection that opens late is used', async () => {
      let made = 0
      const listener = listenTo(
        postgresBus(
          async () => {
            made += 1
            await setTimeout(6_000)
            return connect(url, channel)
          },
          { channel },
        ),
      )
      await expect.poll(() => listener.health, { timeout: 20_000 }).toEqual([true])
      expect(made).toBe(1)
    })

    test('a client that is not connected is connected, and made anew when it is lost', async () => {
      const name = testTable()
      const bus = postgresBus(() => new pg.Client({ connectionString: url, application_name: name }), { channel })
      const listener = listenTo(bus)
      await listener.healthy()
      await terminate(name)
      await expect.poll(() => listener.health).toEqual([true, false, true])
      expect(await connections(name)).toBe(1)
      await listener.stop()
      await expect.poll(() => connections(name)).toBe(0)
    })

    test('a server that cannot be reached is told to onError, and tried again', async () => {
      const errors: unknown[] = []
      let refusals = 2
      const connectLate = async (): Promise<NotifyClient> => {
        if ((refusals -= 1) >= 0) throw new Error('refused')
        return connect(url, channel)
      }
      const bus = postgresBus(connectLate, { channel, onError: (error) => errors.push(error) })
      const listener = listenTo(bus)
      await listener.healthy()
      expect(errors).toHaveLength(2)
      expect(listener.health).toEqual([true])
    })

    test('one connection serves all subscribers, and the last one closes it', async () => {
      const name = testTable()
      const bus = busOf(name)
      const first = startListener(bus)
      await first.healthy()
      const second = startListener(bus)
      await second.healthy()
      expect(await connections(name)).toBe(1)
      await first.stop()
      await bus.publish('session', 'k')
      await expect.poll(() => second.heard).toEqual(['session|k'])
      expect(first.heard).toEqual([])
      await second.stop()
      await expect.poll(() => connections(name)).toBe(0)
    })

    test.for(['', 'With Space', 'a"; drop', 'A', 'x'.repeat(64)])('the channel %j is refused', (wrong) => {
      expect(() => postgresBus(() => connect(url, ''), { channel: wrong })).toThrow(/channel/)
    })
  })

  describe('postgresStore with its bus', () => {
    const table = testTable()
    const bus = busOf()
    const store = postgresStore(pool, { table, bus })
    beforeAll(() => store.migrate())
    afterAll(() => pool.query(`drop table ${table}`))

    test('each write that happened sends one message, in its own statement', async () => {
      const listener = listenTo(busOf())
      await listener.healthy()
      const entry = sampleEntry({ key: 'a' })
      await store.insert(entry)
      await store.replace({ ...entry, version: '2' }, entry.version)
      await store.remove('session', 'a', '2')
      await store.insert({ ...entry, key: 'b' })
      await store.remove('session', 'b')
      const expected = ['a', 'a', 'a', 'b', 'b'].map((key) => `session|${key}`)
      await expect.poll(() => listener.heard).toEqual(expected)
      await bus.publish('session', 'a')
      await store.insert({ ...entry, key: 'end' })
      await expect.poll(() => listener.heard).toEqual([...expected, 'session|end'])
    })

    test('a write that did not happen sends nothing', async () => {
      const listener = listenTo(busOf())
      await listener.healthy()
      const entry = sampleEntry({ key: 'c' })
      await store.insert(entry)
      expect(await store.insert(entry)).toBe(false)
      expect(await store.replace(entry, 'other')).toBe(false)
      expect(await store.remove('session', 'c', 'other')).toBe(false)
      expect(await store.remove('session', 'none')).toBe(false)
      await store.remove('session', 'c')
      await expect.poll(() => listener.heard).toEqual(['session|c', 'session|c'])
    })

    test('a removal in one process is seen by the cache of another at once', async () => {
      const cacheBus = busOf()
      const listener = listenTo(cacheBus)
      const cached = cachedStore(postgresStore(pool, { table }), { bus: cacheBus, maxStalenessSeconds: 3_600 })
      await listener.healthy()
      const entry = sampleEntry()
      await store.insert(entry)
      await expect.poll(() => listener.heard).toEqual([`session|${entry.key}`])
      expect(await cached.get(entry.kind, entry.key)).toStrictEqual(entry)
      await pool.query(`update ${table} set value = '"by hand"' where key = $1`, [entry.key])
      expect(await cached.get(entry.kind, entry.key)).toStrictEqual(entry)
      await store.remove(entry.kind, entry.key)
      await expect.poll(() => cached.get(entry.kind, entry.key)).toBeNull()
    })

    test('a bus that was made elsewhere is refused', () => {
      const other: InvalidationBus = { publish: async () => {}, subscribe: () => async () => {} }
      expect(() => postgresStore(pool, { bus: other })).toThrow(/bus: expected a bus made by postgresBus/)
    })
  })
})

async function connect(url: string, name: string): Promise<pg.Client> {
  const client = new pg.Client({ connectionString: url, application_name: name })
  client.on('error', () => {})
  await client.connect()
  return client
}

interface Listener {
  readonly heard: string[]
  readonly health: boolean[]
  healthy(): Promise<void>
  stop(): Promise<void>
}

function startListener(bus: InvalidationBus): Listener {
  const heard: string[] = []
  const health: boolean[] = []
  const stop = bus.subscribe(
    (kind, key) => heard.push(`${kind}|${key}`),
    (healthy) => health.push(healthy),
  )
  return {
    heard,
    health,
    stop,
    healthy: async () => {
      await expect.poll(() => health.at(-1), { timeout: 10_000 }).toBe(true)
    },
  }
}
