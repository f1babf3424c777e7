/** What Node tells of a request before Next sees it: put right, or answered, where Next would fail or not answer at all. */
import type { IncomingMessage, RequestListener, ServerResponse } from 'node:http'
import type { Duplex } from 'node:stream'

/** Names the method of a request that Next would not hand on: it knows seven. It then comes as OPTIONS, which changes nothing. */
export const otherMethod = 'x-other-method'

/** Where nothing is. */
export const nowhere = '/nowhere'

const knownMethods = new Set(['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS'])
/** A slash too many, or an escape that need not be one: Next would redirect, or take it for a path that it then does not find. */
const nobodys = /\/\/|\\|[^/]\/$|%(?:2[de]|3\d|4[1-9a-f]|5[0-9af]|6[1-9a-f]|7[0-9ae])/i

/** What Node says, too, where nobody else does. */
const unreadable = new Map<string | undefined, string>([
  ['HPE_HEADER_OVERFLOW', '431 Request Header Fields Too Large'],
  ['ERR_HTTP_REQUEST_TIMEOUT', '408 Request Timeout'],
])

/** Lets Next answer what it can. */
export function front(next: RequestListener, origin: string): RequestListener {
  const { host, protocol } = new URL(origin)
  return (request, response) => {
    if (protocol === 'https:') response.setHeader('Strict-Transport-Security', 'max-age=31536000')
    // As proxies ask, RFC 9112 §3.2.2.
    request.url = request.url?.replace(/^https?:\/\/[^/?]*(?=\/)/i, '') ?? ''
    if (!isReadable(request)) return refuse(response)
    if (speaksNext(request)) {
      blameClient(response)
      // Next compares the form's origin with these, which proxies change; ours is configured.
      request.headers.host = host
      delete request.headers['x-forwarded-host']
    }
    next(tidy(request), response)
  }
}

/** What Node cannot read at all is answered as an error too. */
export function refuseUnreadable({ code }: NodeJS.ErrnoException, socket: Duplex): void {
  if (!socket.writable || code === 'ECONNRESET') return void socket.destroy()
  const status = unreadable.get(code) ?? '400 Bad Request'
  const lines = ['Connection: close', 'Cache-Control: no-store', 'Content-Type: application/json']
  socket.end([`HTTP/1.1 ${status}`, ...lines, '', refusal].join('\r\n'))
}

const error = { code: 'invalid_request', message: 'The request has something in the wrong form.' }
const refusal = JSON.stringify({ error })

/** Next answers 500 to `*` and to a path with broken escapes; it is the client's fault. */
function isReadable({ url = '' }: IncomingMessage): boolean {
  try {
    return url.startsWith('/') && decodeURIComponent(pathOf(url)) !== ''
  } catch {
    return false
  }
}

function tidy(request: IncomingMessage): IncomingMessage {
  const { url = '', method = '' } = request
  if (nobodys.test(pathOf(url))) request.url = nowhere
  if (!knownMethods.has(method)) {
    request.headers[otherMethod] = method
    request.method = 'OPTIONS'
  }
  // What Next's own runtime says to itself; from outside it would keep a route from running, or redirect.
  delete request.headers['x-middleware-prefetch']
  if (pathOf(url) !== '/') delete request.headers['rsc']
  // There is no other protocol here: the request is answered as if none had been offered (RFC 9110 §7.8).
  delete request.headers.upgrade
  return request
}

/** Whether it comes, or says that it comes, from what Next runs in browsers, or from a form of a page. */
function speaksNext({ headers }: IncomingMessage): boolean {
  const isForm = /^multipart\/form-data\b/i.test(headers['content-type'] ?? '')
  return isForm || 'next-action' in headers || 'next-router-state-tree' in headers
}

/** Next answers 500 where it cannot read what is its own; actions tell of all other failures in the page. */
function blameClient(response: ServerResponse): void {
  let status = response.statusCode
  Object.defineProperty(response, 'statusCode', {
    get: () => status,
    set(given: number) {
      status = given === 500 ? 400 : given
    },
  })
}

function pathOf(url: string): string {
  return url.split('?', 1)[0] ?? ''
}

function refuse(response: ServerResponse): void {
  response.writeHead(400, { 'Content-Type': 'application/json', 'Cache-Control': 'no-store' }).end(refusal)
}
