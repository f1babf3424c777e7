/** A wire between the app and its server, that can be cut. */
import { once } from 'node:events'
import { connect, createServer, type Socket } from 'node:net'

/** A wire. */
export interface TcpProxy {
  /** The URL with host and port of the wire's near end. */
  readonly url: string
  /** Breaks every connection, and every new one. */
  cut(): void
  mend(): void
  close(): Promise<void>
}

/** Lays a wire to the server that a URL names. */
export async function openTcpProxy(url: string, usualPort: number): Promise<TcpProxy> {
  const target = new URL(url)
  const sockets = new Set<Socket>()
  let whole = true
  const server = createServer((near) => {
    if (!whole) return near.destroy()
    const far = connect(Number(target.port || usualPort), target.hostname.replace(/^\[|\]$/g, ''))
    for (const [socket, other] of [
      [near, far],
      [far, near],
    ] as const) {
      sockets.add(socket)
      socket.on('error', () => {})
      socket.on('close', () => {
        sockets.delete(socket)
        other.destroy()
      })
      socket.pipe(other)
    }
    return undefined
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const address = server.address()
  const near = new URL(url)
  near.hostname = '127.0.0.1'
  near.port = String(typeof address === 'object' && address ? address.port : 0)
  const cut = (): void => {
    whole = false
    for (const socket of sockets) socket.destroy()
  }
  return {
    url: near.href,
    cut,
    mend: () => {
      whole = true
    },
    async close() {
      cut()
      server.close()
      await once(server, 'close')
    },
  }
}
