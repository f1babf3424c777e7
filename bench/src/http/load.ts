/**
 * Load on one server, from this process. The sockets are written to directly and the process never sleeps while it runs:
 * a client that sleeps must be woken by the server, which costs the server more than a whole check and never twice the same.
 */
import { once } from 'node:events'
import { connect, type Socket } from 'node:net'

/** Connections to one server, kept open between turns. */
export interface LoadClient {
  /** Sends that many requests, one after the other on each connection; rejects when an answer is not 200 or none comes. */
  run(requests: number): Promise<void>
  close(): void
}

/** How long a turn may take before it is given up. */
const mostMilliseconds = 120_000
const ok = 'HTTP/1.1 200'
const endOfChunks = '\r\n0\r\n\r\n'

/** Opens connections over which `headers` are sent with every request. */
export async function openLoad(
  port: number,
  headers: Readonly<Record<string, string>>,
  connections: number,
): Promise<LoadClient> {
  const fields = Object.entries({ host: `127.0.0.1:${port}`, ...headers }).map(
    ([name, value]) => `${name}: ${value}\r\n`,
  )
  const request = Buffer.from(`GET / HTTP/1.1\r\n${fields.join('')}\r\n`, 'latin1')
  const sockets = Array.from({ length: connections }, () => connect({ port, host: '127.0.0.1', noDelay: true }))
  await Promise.all(sockets.map((socket) => once(socket, 'connect')))
  return {
    run: (requests) => runOn(sockets, request, requests),
    close() {
      for (const socket of sockets) socket.destroy()
    },
  }
}

async function runOn(sockets: readonly Socket[], request: Buffer, requests: number): Promise<void> {
  const start = performance.now()
  let left = requests
  let failure: Error | undefined
  let busy = sockets.length
  const next = (socket: Socket): void => {
    if (left <= 0) busy -= 1
    else {
      left -= 1
      socket.write(request)
    }
  }
  const stops = sockets.map((socket) => listen(socket, next, (error) => (failure ??= error)))
  for (const socket of sockets) next(socket)
  while (busy > 0 && !failure) {
    await new Promise(setImmediate)
    if (performance.now() - start > mostMilliseconds) failure = new Error(`no answer within ${mostMilliseconds} ms`)
  }
  for (const stop of stops) stop()
  if (failure) throw failure
}

function listen(socket: Socket, answered: (socket: Socket) => void, failed: (error: Error) => void): () => void {
  let received = ''
  const data = (chunk: Buffer): void => {
    received += chunk.toString('latin1')
    if (!isWhole(received)) return
    if (received.startsWith(ok)) answered(socket)
    else failed(new Error(`expected 200, received ${received.slice(0, received.indexOf('\r\n'))}`))
    received = ''
  }
  const closed = (): void => failed(new Error('the server closed a connection'))
  socket.on('data', data).on('error', failed).on('close', closed)
  return () => void socket.off('data', data).off('error', failed).off('close', closed)
}

/** Whether an answer has come to its end, by its length or by its last chunk. */
function isWhole(received: string): boolean {
  const body = received.indexOf('\r\n\r\n') + 4
  if (body === 3) return false
  const length = /\r\ncontent-length: (\d+)/i.exec(received.slice(0, body))?.[1]
  return length === undefined ? received.endsWith(endOfChunks) : received.length >= body + Number(length)
}
