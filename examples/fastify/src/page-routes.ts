/** The page and its forms. Each form has a route of its own, as the JSON routes take nothing but JSON. */
import { AuthError, StoreError } from '@tessera-auth/core'
import type { FastifyInstance, FastifyPluginAsync, FastifyReply, FastifyRequest } from 'fastify'
import type { AccountRequest, Accounts } from './accounts.ts'
import { AppError } from './app-error.ts'
import type { Door } from './door.ts'
import { homePage, messagePage, type PageError, type SignedInVisitor, stylePath } from './page.ts'
import { takeForms } from './parsers.ts'
import { styleSheet } from './style.ts'

/** What the pages are made of. */
export interface PageParts {
  readonly door: Door
  readonly accounts: Accounts
  /** What the page shows of who is signed in; `null`: nobody. */
  visitor(request: FastifyRequest): Promise<SignedInVisitor | null>
}

type Submit = (request: FastifyRequest) => Promise<unknown>

/** The routes `/`, `/page/*` and the style sheet. */
export function pageRoutes(parts: PageParts): FastifyPluginAsync {
  return async (app) => {
    app.get<{ Querystring: { error?: unknown } }>('/', (request, reply) =>
      show(parts, { request, reply, error: errorOf(request.query.error) }),
    )
    app.get(stylePath, (_request, reply) =>
      reply.header('Cache-Control', 'public, max-age=31536000, immutable').type('text/css').send(styleSheet),
    )
    await app.register(async (scope) => formRoutes(scope, parts), { prefix: '/page' })
  }
}

async function formRoutes(app: FastifyInstance, parts: PageParts): Promise<void> {
  await takeForms(app, { only: true })
  for (const [path, submit] of Object.entries(formsOf(parts))) {
    app.get(path, (_request, reply) => reply.redirect('/', 303)) // a reload after an error
    app.post(path, async (request, reply) => {
      const error = await submit(request).then(() => null, refusalOf)
      if (!error) return reply.redirect('/', 303)
      if (error.retryAfterSeconds !== undefined) reply.header('Retry-After', String(error.retryAfterSeconds))
      return show(parts, { request, reply: reply.code(error.status), error })
    })
  }
}

function formsOf({ accounts, door: { getAuth, accountRequest } }: PageParts): Readonly<Record<string, Submit>> {
  const idOf = ({ params }: FastifyRequest): string => (params as { id: string }).id
  return {
    '/sign-up': (request) => accounts.signUp(accountRequest(request)),
    '/sign-in': (request) => accounts.signIn(withRemember(accountRequest(request))),
    '/sign-out': (request) => getAuth(request).signOut(),
    '/reauthenticate': (request) => accounts.reauthenticate(accountRequest(request)),
    '/change-password': (request) => accounts.changePassword(accountRequest(request)),
    '/delete-account': (request) => accounts.remove(getAuth(request)),
    '/sessions/end-others': (request) => accounts.endOtherSessions(getAuth(request)),
    '/sessions/:id/end': (request) => accounts.endSession(getAuth(request), idOf(request)),
  }
}

interface Shown {
  readonly request: FastifyRequest
  readonly reply: FastifyReply
  readonly error: PageError | null
}

/** The home page; where not even that can be shown, a page that says why. */
async function show({ visitor }: PageParts, { request, reply, error }: Shown): Promise<FastifyReply> {
  reply.type('text/html; charset=utf-8')
  try {
    const { email } = (request.body ?? {}) as { email?: unknown }
    const page = { visitor: await visitor(request), error, email: typeof email === 'string' ? email : '' }
    return reply.send(homePage(page))
  } catch (failure) {
    if (!(failure instanceof AuthError)) throw failure
    if (failure instanceof StoreError) reply.header('Retry-After', '5')
    return reply.code(failure.status).send(messagePage(failure.code))
  }
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
