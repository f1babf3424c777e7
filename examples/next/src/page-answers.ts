/** Answers to requests for the page that it cannot give itself, as a component sets no status. */
import { AuthError } from '@tessera-auth/core'
import type { NextRequest } from 'next/server'
import { appErrorAnswer, errorAnswer } from './answer-errors.ts'
import { AppError } from './app-error.ts'
import { otherMethod } from './front.ts'
import { messageOf } from './messages.ts'
import { checkMultipart } from './request-body.ts'
import { runningApp } from './running-app.ts'

const allow = { Allow: 'GET, HEAD, OPTIONS', 'Cache-Control': 'no-store' }

/** The answer; `null` where the page gives it. */
export async function answerForPage(request: NextRequest): Promise<Response | null> {
  const { method, headers } = request
  if (method === 'GET' || method === 'HEAD') return outage(request)
  if (method === 'POST' && headers.has('next-action')) return null
  if (method === 'POST' && /^multipart\/form-data\b/i.test(headers.get('content-type') ?? '')) return badForm(request)
  if (method === 'OPTIONS' && !headers.has(otherMethod)) return new Response(null, { status: 204, headers: allow })
  return appErrorAnswer(new AppError('method_not_allowed'), allow)
}

/** Next answers 500 to a form that it cannot read. */
function badForm(request: Request): Promise<Response | null> {
  return checkMultipart(request).then(() => null, errorAnswer)
}

/** "Cannot know" is not "signed out": 503, as everywhere. */
async function outage(request: NextRequest): Promise<Response | null> {
  const { services } = await runningApp()
  const auth = services.authenticator.bind(request, new Headers())
  const error: unknown = await services.accounts.whoami(auth).catch((reason: unknown) => reason)
  if (!(error instanceof AuthError) || error.status !== 503) return null
  const headers = { 'Content-Type': 'text/html; charset=utf-8', 'Cache-Control': 'no-store', 'Retry-After': '5' }
  const page = `<!doctype html><html lang="en"><title>Sorry · Tessera example</title><h1>${messageOf(error.code)}</h1></html>`
  return new Response(page, { status: 503, headers })
}
