/** Before every page: the policy of what it may load, and what no page can answer itself. Who is signed in, pages ask. */
import { randomBytes } from 'node:crypto'
import { type NextRequest, NextResponse, type ProxyConfig } from 'next/server'
import { prefersHtml } from './accept.ts'
import { nowhere } from './front.ts'
import { answerForPage } from './page-answers.ts'
import { runningApp } from './running-app.ts'

export const config: ProxyConfig = { matcher: '/((?!_next/).*)' }

const isDevelopment = process.env.NODE_ENV === 'development'

/** Next finds the nonce in the request's own policy, and puts it on its scripts. */
export async function proxy(request: NextRequest): Promise<Response> {
  const { pathname } = request.nextUrl
  const answer = pathname === '/' ? await answerForPage(request) : null
  if (answer) return answer
  const policy = policyFor(randomBytes(16).toString('base64'))
  const changed = { request: { headers: headersFor(request, policy) } }
  const isThere = pathname !== '/auth/token/introspect' || (await runningApp()).config.introspection !== null
  const response = isThere ? NextResponse.next(changed) : NextResponse.rewrite(new URL(nowhere, request.url), changed)
  response.headers.set('Content-Security-Policy', policy)
  return response
}

function headersFor({ headers: sent, nextUrl }: NextRequest, policy: string): Headers {
  const headers = new Headers(sent)
  headers.set('Content-Security-Policy', policy)
  // For next.config.ts, which cannot weigh what is in an Accept header.
  headers.set('X-Not-Found-As', prefersHtml(sent.get('accept') ?? '') ? 'html' : 'json')
  // Server Actions are on the page only; elsewhere Next would look for one, and answer 500 to a form that is none.
  const isForm = /^multipart\//i.test(sent.get('content-type') ?? '')
  if (nextUrl.pathname !== '/' && isForm) headers.set('Content-Type', 'application/octet-stream')
  return headers
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
