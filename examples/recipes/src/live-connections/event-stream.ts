/** An event stream that ends when its login ends, wherever that is said. */
import type { RequestAuth, Sessions } from '@tessera-auth/core'
import type { Request, RequestHandler, Response } from 'express'

/** Made by the app: sends through `send` until the function it returned is called. */
export type Subscribe = (userId: string, send: (event: string) => void) => () => void

/** A client that has not read its last words after so many milliseconds is cut off. */
const patience = 3000
/** So many bytes may wait for a client that does not read; then it is dropped, and `EventSource` comes back by itself. */
const mostWaiting = 1_048_576

/** A route for `EventSource`. `sessions.onRevoked` is told by the bus, and looks again every `maxStalenessSeconds`. */
export function eventStream(
  sessions: Sessions,
  subscribe: Subscribe,
  getAuth: (request: Request) => RequestAuth,
): RequestHandler {
  return async (request, response) => {
    const { id, userId } = await getAuth(request).requireSession()
    if (response.closed) return // the client left meanwhile: there will be no other 'close'
    response.writeHead(200, { 'Content-Type': 'text/event-stream', 'Cache-Control': 'no-store' }).flushHeaders()
    const unsubscribe = subscribe(userId, (event) => send(response, event))
    const leave = (): void => {
      response.off('close', leave)
      forget()
      unsubscribe()
    }
    const forget = sessions.onRevoked(id, () => {
      leave()
      response.end('event: signed-out\ndata:\n\n')
      setTimeout(() => response.destroy(), patience).unref()
    })
    response.on('close', leave).on('error', () => response.destroy())
  }
}

function send(response: Response, event: string): void {
  if (response.writableEnded || response.destroyed) return
  if (response.writableLength > mostWaiting) response.destroy()
  else response.write(`data: ${event}\n\n`)
}
