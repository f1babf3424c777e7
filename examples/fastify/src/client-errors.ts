/** What Node cannot read as a request is answered as an error too, in the form of all others. */
import type { Duplex } from 'node:stream'

/** The body, as JSON. */
export const unreadable: string = JSON.stringify({
  error: { code: 'invalid_request', message: 'The request has something in the wrong form.' },
})

/** As Node says it where nobody else does. */
const statuses = new Map<string | undefined, string>([
  ['HPE_HEADER_OVERFLOW', '431 Request Header Fields Too Large'],
  ['ERR_HTTP_REQUEST_TIMEOUT', '408 Request Timeout'],
])

/** For the server's `clientError`. */
export function refuseUnreadable({ code }: NodeJS.ErrnoException, socket: Duplex): void {
  if (!socket.writable || code === 'ECONNRESET') return void socket.destroy()
  const status = statuses.get(code) ?? '400 Bad Request'
  const headers = [
    'Connection: close',
    'Cache-Control: no-store',
    'Content-Type: application/json',
    `Content-Length: ${unreadable.length}`,
  ]
  socket.end([`HTTP/1.1 ${status}`, ...headers, '', unreadable].join('\r\n'))
}
