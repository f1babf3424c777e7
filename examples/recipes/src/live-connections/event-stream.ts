/** An event stream that ends when its login ends, wherever that is said. */
import type { RequestAuth, Sessions } from '@tessera-auth/core'
import type { Request, RequestHandler } from 'express'

/** Made by the app: sends through `send` until the function it returned is called. */
export type Subscribe = (userId: string, send: (event: string) => void) => () => void

/** A route for `EventSource`. `sessions.onRevoked` is told by the bus, and looks again every `maxStalenessSeconds`. */
export function eventStream(
  sessions: Sessions,
  subscribe: Subscribe,
  getAuth: (request: Request) => RequestAuth,
): RequestHandler {
  return async (request, response) => {
    const { id, userId } = await getAuth(request).requireSession()
    response.writeHead(200, { 'Content-Type': 'text/event-stream', 'Cache-Control': 'no-store' }).flushHeaders()
    const unsubscribe = subscribe(userId, (event) => response.write(`data: ${event}\n\n`))
    const forget = sessions.onRevoked(id, () => response.end('event: signed-out\ndata:\n\n'))
    response.once('close', () => {
      forget()
      unsubscribe()
    })
  }
}
