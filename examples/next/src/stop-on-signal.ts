/** Stops a server without losing a request. */
import { once } from 'node:events'
import type { Server, ServerResponse } from 'node:http'
import type { Socket } from 'node:net'
import { setImmediate as turn, setTimeout as delay } from 'node:timers/promises'

/** SIGTERM is followed by SIGKILL in most places; what still runs after this many milliseconds is cut off. */
const patience = 3600
/** And then the process ends, whatever else it waits for. */
const mostPatience = 4000
/** So long, in milliseconds, it goes on accepting once it was told to stop, and at most so long. */
const [lastCall, lastCallAtMost] = [100, 3000]

/** On SIGTERM and SIGINT: stops accepting, finishes what runs, closes what was opened, and ends the process. */
export function stopOnSignal(server: Server, close: () => Promise<void>): void {
  const running = new Set<ServerResponse>()
  const connections = new Set<Socket>()
  let stopping = false
  server.prependListener('request', (_request, response: ServerResponse) => {
    running.add(response)
    response.once('close', () => running.delete(response))
    if (stopping) sayLast(response)
  })
  server.on('connection', (socket: Socket) => {
    connections.add(socket)
    socket.once('close', () => connections.delete(socket))
  })
  // One that never said anything, as browsers open them in advance, is not idle to Node.
  const closeUnused = (): void => {
    for (const socket of connections) if (socket.bytesRead === 0) socket.destroy()
    server.closeIdleConnections()
  }
  const stop = async (): Promise<void> => {
    if (stopping) return
    stopping = true
    setTimeout(() => server.closeAllConnections(), patience).unref()
    setTimeout(() => process.exit(0), mostPatience).unref()
    for (const response of running) sayLast(response)
    await letIn(server)
    const closed = once(server, 'close')
    server.close()
    // After what has arrived was read: a connection whose next request waits to be read is not idle.
    setInterval(() => setImmediate(closeUnused), 50).unref()
    await closed
    await close()
    process.exit(0)
  }
  process.on('SIGTERM', () => void stop())
  process.on('SIGINT', () => void stop())
}

/** A connection that is kept open would be waited for: each is told with its answer that it was the last. */
function sayLast(response: ServerResponse): void {
  if (!response.headersSent) response.setHeader('Connection', 'close')
}

/**
 * Who has connected already is still waiting to be let in: a socket that is closed would turn them away. Node lets in one
 * in each turn of its loop, and a turn that let nobody in says that nobody waits.
 */
async function letIn(server: Server): Promise<void> {
  const end = performance.now() + lastCallAtMost
  let newcomers = 0
  server.on('connection', () => (newcomers += 1))
  await delay(lastCall)
  do {
    newcomers = 0
    await turn()
    await turn()
  } while (newcomers > 0 && performance.now() < end)
}
