/** The page and its forms. Each form has a route of its own, as the JSON routes take nothing but JSON. */
import { AuthError, StoreError } from '@tessera-auth/core'
import { type Request, type Response, Router } from 'express'
import type { AccountRequest, Accounts } from './accounts.ts'
import { allow, AppError, exactly } from './app-error.ts'
import type { Door } from './door.ts'
import { homePage, messagePage, type PageError, type SignedInVisitor, stylePath } from './page.ts'
import { formBody } from './read-body.ts'
import { styleSheet } from './style.ts'

/** What the pages are made of. */
export interface PageParts {
  readonly door: Door
  readonly accounts: Accounts
  /** What the page shows of who is signed in; `null`: nobody. */
  visitor(request: Request): Promise<SignedInVisitor | null>
}

/** The routes `/`, `/page/*` and the style sheet. */
export function pageRoutes({ door, accounts, visitor }: PageParts): Router {
  const { getAuth, accountRequest } = door
  const forms: Readonly<Record<string, (request: Request) => Promise<unknown>>> = {
    '/page/sign-up': (request) => accounts.signUp(accountRequest(request)),
    '/page/sign-in': (request) => accounts.signIn(withRemember(accountRequest(request))),
    '/page/sign-out': (request) => getAuth(request).signOut(),
    '/page/reauthenticate': (request) => accounts.reauthenticate(accountRequest(request)),
    '/page/change-password': (request) => accounts.changePassword(accountRequest(request)),
    '/page/delete-account': (request) => accounts.remove(getAuth(request)),
    '/page/sessions/end-others': (request) => accounts.endOtherSessions(getAuth(request)),
    '/page/sessions/:id/end': (request) => accounts.endSession(getAuth(request), String(request.params['id'])),
  }

  /** The home page; where not even that can be shown, a page that says why. */
  async function show(request: Request, response: Response, error: PageError | null): Promise<void> {
    try {
      const { email } = (request.body ?? {}) as { email?: unknown }
      const page = { visitor: await visitor(request), error, email: typeof email === 'string' ? email : '' }
      response.type('html').send(homePage(page))
    } catch (failure) {
      if (!(failure instanceof AuthError)) throw failure
      if (failure instanceof StoreError) response.set('Retry-After', '5')
      response.status(failure.status).type('html').send(messagePage(failure.code))
    }
  }

  const router = Router(exactly)
  router
    .route('/')
    .get((request, response) => show(request, response, errorOf(request.query['error'])))
    .all(allow('GET'))
  router
    .route(stylePath)
    .get((_request, response) => {
      response.set('Cache-Control', 'public, max-age=31536000, immutable').type('css').send(styleSheet)
    })
    .all(allow('GET'))
  for (const [path, submit] of Object.entries(forms)) {
    router
      .route(path)
      .get((_request, response) => response.redirect(303, '/')) // a reload after an error
      .post(formBody, async (request: Request, response: Response) => {
        const error = await submit(request).then(() => null, refusalOf)
        if (!error) return response.redirect(303, '/')
        if (error.retryAfterSeconds !== undefined) response.set('Retry-After', String(error.retryAfterSeconds))
        return show(request, response.status(error.status), error)
      })
      .all(allow('GET', 'POST'))
  }
  return router
}

interface Refusal extends PageError {
  readonly status: number
  readonly retryAfterSeconds?: number
}

/** Where an OAuth sign-in ended: `/?error=code`. */
function errorOf(code: unknown): PageError | null {
  return typeof code === 'string' ? { code } : null
}

/** What a page can tell; anything else is for the error handler. */
function refusalOf(error: unknown): Refusal {
  if (!(error instanceof AuthError || error instanceof AppError)) throw error
  const { code, status, details } = error
  const { reasons, retryAfterSeconds = error instanceof StoreError ? 5 : undefined } = details
  return {
    code,
    status,
    ...(Array.isArray(reasons) ? { reasons: reasons.map(String) } : {}),
    ...(typeof retryAfterSeconds === 'number' ? { retryAfterSeconds } : {}),
  }
}

/** A box that is not ticked sends nothing. */
function withRemember({ body, ...request }: AccountRequest): AccountRequest {
  const fields: object = Object.assign({}, body)
  return { ...request, body: { ...fields, remember: 'remember' in fields } }
}
