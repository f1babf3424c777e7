import type { ServerResponse } from 'node:http'
import { type AddressInfo, connect, type Socket } from 'node:net'
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

const sockets: Socket[] = []
const servers: { close(): unknown; closeAllConnections(): void }[] = []
afterEach(() => {
  for (const socket of sockets.splice(0)) socket.destroy()
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
  const responses: ServerResponse[] = []
  const app = express().use(middleware, (_request, response, next) => {
    responses.push(response)
    next()
  })
  const stream = eventStream(sessions, subscribe, getAuth)
  app.get('/events', stream).use(errorHandler)
  app.get('/left', (_request, response, next) => void response.once('close', () => next()), stream)
  const server = app.listen(0, '127.0.0.1')
  servers.push(server)
  await new Promise((resolve) => server.once('listening', resolve))
  return {
    authenticator,
    subscribers,
    responses,
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/events`,
  }
}

/** A client that asks for the stream and then reads nothing. */
async function deafClient(server: Awaited<ReturnType<typeof serve>>, cookie: string): Promise<ServerResponse> {
  const socket = connect(Number(new URL(server.url).port), '127.0.0.1')
  sockets.push(socket.pause())
  socket.write(`GET /events HTTP/1.1\r\nHost: localhost\r\nCookie: ${cookie}\r\n\r\n`)
  await expect.poll(() => server.subscribers.size).toBe(1)
  const [response] = server.responses
  if (!response) throw new Error('a response')
  return response
}

/** Sends until something waits that the client's machine does not take any more. */
async function fill(response: ServerResponse, send: ((event: string) => void) | undefined): Promise<void> {
  for (let sent = 0; sent < 1000 && response.writableLength === 0; sent += 1) {
    send?.('x'.repeat(65_536))
    await new Promise((resolve) => setImmediate(resolve))
  }
  expect(response.writableLength).toBeGreaterThan(0)
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

test('a client that does not read is cut off after its sign-out, and what the app sends then harms nobody', async () => {
  const [here, elsewhere] = twoServers()
  if (!here || !elsewhere) throw new Error('two servers')
  const server = await serve(here)
  const { session, headers } = await loginAs(server.authenticator, 'user-1')
  const response = await deafClient(server, headers.cookie)
  const [send] = server.subscribers
  await fill(response, send)
  await elsewhere.revoke('user-1', session.id)
  await expect.poll(() => response.writableEnded).toBe(true)
  expect(server.subscribers.size).toBe(0)
  send?.('late')
  await expect.poll(() => response.closed).toBe(true)
})

test('a client that does not read is dropped before what waits for it grows', async () => {
  const [here] = twoServers()
  if (!here) throw new Error('a server')
  const server = await serve(here)
  const { headers } = await loginAs(server.authenticator, 'user-1')
  const response = await deafClient(server, headers.cookie)
  const [send] = server.subscribers
  await fill(response, send)
  for (let sent = 0; sent < 100; sent += 1) send?.('x'.repeat(65_536))
  await expect.poll(() => server.subscribers.size).toBe(0)
  expect(response.destroyed).toBe(true)
})

test('a client that left before its stream began is not subscribed', async () => {
  const [here] = twoServers()
  if (!here) throw new Error('a server')
  const { authenticator, subscribers, url } = await serve(here)
  const { headers } = await loginAs(authenticator, 'user-1')
  const leaving = new AbortController()
  const left = fetch(new URL('/left', url), { headers, signal: leaving.signal })
  setTimeout(() => leaving.abort(), 100)
  await expect(left).rejects.toThrow('aborted')
  await new Promise((resolve) => setTimeout(resolve, 100))
  expect(subscribers.size).toBe(0)
})
