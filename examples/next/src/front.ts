/** What Node tells of a request before Next sees it: put right, or answered, where Next would fail or not answer at all. */
import type { IncomingMessage, RequestListener, ServerResponse } from 'node:http'
import { unreadable } from './client-errors.ts'
import { isOddPath } from './path-spelling.ts'

/** Names the method of a request that Next would not hand on: it knows seven. It then comes as OPTIONS, which changes nothing. */
export const otherMethod = 'x-other-method'

/** Where nothing is. */
export const nowhere = '/nowhere'

const knownMethods = new Set(['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS'])

/** Lets Next answer what it can. */
export function front(next: RequestListener, origin: string): RequestListener {
  const { host, protocol } = new URL(origin)
  return (request, response) => {
    if (protocol === 'https:') response.setHeader('Strict-Transport-Security', 'max-age=31536000')
    // As proxies ask, RFC 9112 §3.2.2.
    request.url = request.url?.replace(/^https?:\/\/[^/?]*\/?/i, '/') ?? ''
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
  // Next would redirect, or take it for a path that it then does not find.
  if (isOddPath(pathOf(url))) request.url = nowhere
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
  response.writeHead(400, { 'Content-Type': 'application/json', 'Cache-Control': 'no-store' }).end(unreadable)
}
