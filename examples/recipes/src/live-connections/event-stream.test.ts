import type { AddressInfo } from 'node:net'
import {
  cachedStore,
  createAuthenticator,
  createSessions,
  type InvalidationBus,
  memoryStore,
  type Sessions,
} from '@tessera-auth/core'
import { expressAdapter } from '@tessera-auth/express'
import { loginAs } from '@tessera-auth/testing'
import express from 'express'
import { afterEach, expect, test } from 'vitest'
import { eventStream } from './event-stream.ts'

const servers: { close(): unknown; closeAllConnections(): void }[] = []
afterEach(() => {
  for (const server of servers.splice(0)) {
    server.closeAllConnections()
    server.close()
  }
})

/** Two servers over one store, with a bus between them, as two processes would have. */
function twoServers() {
  const records = memoryStore()
  const listeners = new Set<(kind: string, key: string) => void>()
  const bus: InvalidationBus = {
    async publish(kind, key) {
      for (const listener of listeners) listener(kind, key)
    },
    subscribe(onInvalidate, onHealth) {
      listeners.add(onInvalidate)
      onHealth(true)
      return async () => void listeners.delete(onInvalidate)
    },
  }
  return [0, 1].map(() => createSessions({ store: cachedStore(records, { bus, maxStalenessSeconds: 60 }) }))
}

async function serve(sessions: Sessions) {
  const authenticator = createAuthenticator({ origin: 'http://localhost', sessions })
  const { middleware, errorHandler, getAuth } = expressAdapter(authenticator)
  const subscribers = new Set<(event: string) => void>()
  const subscribe = (_userId: string, send: (event: string) => void) => {
    subscribers.add(send)
    return () => void subscribers.delete(send)
  }
  const app = express().use(middleware)
  app.get('/events', eventStream(sessions, subscribe, getAuth)).use(errorHandler)
  const server = app.listen(0, '127.0.0.1')
  servers.push(server)
  await new Promise((resolve) => server.once('listening', resolve))
  return { authenticator, subscribers, url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/events` }
}

test('a stream ends when its login is ended on another server', async () => {
  const [here, elsewhere] = twoServers()
  if (!here || !elsewhere) throw new Error('two servers')
  const { authenticator, subscribers, url } = await serve(here)
  const { session, headers } = await loginAs(authenticator, 'user-1')
  const response = await fetch(url, { headers })
  const [send] = subscribers
  send?.('hello')
  expect(await elsewhere.revoke('user-1', session.id)).toBe(true)
  expect(await response.text()).toBe('data: hello\n\nevent: signed-out\ndata:\n\n')
  expect(subscribers.size).toBe(0)
})

test('another login’s stream goes on', async () => {
  const [here, elsewhere] = twoServers()
  if (!here || !elsewhere) throw new Error('two servers')
  const { authenticator, subscribers, url } = await serve(here)
  const ended = await loginAs(authenticator, 'user-1')
  const kept = await loginAs(authenticator, 'user-1')
  const stream = (await fetch(url, { headers: kept.headers })).body?.getReader()
  await elsewhere.revoke('user-1', ended.session.id)
  for (const send of subscribers) send('still here')
  const { value } = (await stream?.read()) ?? {}
  expect(new TextDecoder().decode(value)).toBe('data: still here\n\n')
})

test('nobody gets a stream without a login', async () => {
  const [here] = twoServers()
  if (!here) throw new Error('a server')
  expect((await fetch((await serve(here)).url)).status).toBe(401)
})
