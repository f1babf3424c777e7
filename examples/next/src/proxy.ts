/** Before every page: the policy of what it may load, and methods that no page has. Who is signed in, pages ask themselves. */
import { randomBytes } from 'node:crypto'
import { type NextRequest, NextResponse, type ProxyConfig } from 'next/server'

export const config: ProxyConfig = { matcher: '/((?!_next/).*)' }

const isDevelopment = process.env.NODE_ENV === 'development'

/** Next finds the nonce in the request's own policy, and puts it on its scripts. */
export function proxy(request: NextRequest): Response {
  const { pathname } = request.nextUrl
  if (pathname === '/' && !['GET', 'HEAD', 'POST'].includes(request.method)) return otherMethod(request.method)
  const policy = policyFor(randomBytes(16).toString('base64'))
  const headers = new Headers(request.headers)
  headers.set('Content-Security-Policy', policy)
  const response = NextResponse.next({ request: { headers } })
  response.headers.set('Content-Security-Policy', policy)
  return response
}

function otherMethod(method: string): Response {
  const headers = { Allow: 'GET, HEAD, OPTIONS, POST', 'Cache-Control': 'no-store' }
  if (method === 'OPTIONS') return new Response(null, { status: 204, headers })
  const error = { code: 'method_not_allowed', message: 'This cannot be done here.' }
  return Response.json({ error }, { status: 405, headers })
}

function policyFor(nonce: string): string {
  // The tools of `next dev` need more; nothing of that is served in production.
  const script = isDevelopment ? "'unsafe-eval'" : ''
  const style = isDevelopment ? "'unsafe-inline'" : ''
  return [
    "default-src 'none'",
    `script-src 'nonce-${nonce}' 'strict-dynamic' ${script}`,
    `style-src 'self' ${style}`,
    "connect-src 'self'",
    "img-src 'self' data:",
    "form-action 'self'",
    "base-uri 'none'",
    "frame-ancestors 'none'",
  ].join('; ')
}
