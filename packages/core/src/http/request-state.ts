/** What is known of one request so far, and how it is read: each thing once, and a cookie only after the guard passed. */
import { cookieValues } from '../cookie/cookie.js'
import type { Exchange, RequestView } from '../cookie/request-view.js'
import { AuthError, ConfigError } from '../errors.js'
import { isProven } from '../internal/proven.js'
import type { Session, UserSession } from '../session/session.js'
import type { LookUp } from '../session/session-context.js'
import type { LoginAttempt } from '../store/login-records.js'
import type { AccessTokenClaims } from '../token/access-token.js'
import type { AuthContext, SessionPart } from './auth-context.js'
import { isFromOurPages, isUnsafe } from './csrf.js'

/** One request on its way. */
export interface RequestState<Data> {
  readonly context: AuthContext<Data>
  readonly request: Exchange['request']
  readonly responseHeaders: Exchange['responseHeaders']
  /** The `RequestAuth` itself: what an OAuth attempt proves. */
  readonly door: object
  /** Whether its answer depends on who asks. */
  used: boolean
  user: Promise<UserSession<Data> | null> | undefined
  /** The very promise, where it is known that somebody is signed in. */
  knownUser: Promise<UserSession<Data>> | undefined
  /** The token that its answer gives, which is the one that counts from then on; `null`: signed out. */
  given: string | null | undefined
  visitor: Promise<Session<Data> | null> | undefined
  claims: Promise<AccessTokenClaims> | undefined
}

/** The request. An answer that depends on who asks is not for caches, unless the handler says otherwise. */
export function requestOf<Data>(state: RequestState<Data>): RequestView | Promise<RequestView> {
  if (!state.used) {
    state.used = true
    state.responseHeaders.append('Cache-Control', 'no-store')
  }
  return state.request
}

/** Sessions and cookies; throws `ConfigError` for an authenticator of bearer tokens only. */
export function sessionPart<Data>({ context }: RequestState<Data>): SessionPart<Data> {
  if (context.part) return context.part
  throw new ConfigError('sessions: expected by this method, but createAuthenticator was given none')
}

/**
 * The CSRF guard: an unsafe request that carries a cookie of ours, or is about to be given one, must come from our own
 * pages. Throws `csrf_rejected`.
 */
export function guard<Data>(state: RequestState<Data>, request: RequestView, setsCookie: boolean): void {
  if (!isUnsafe(request) || isProven(state.door)) return
  const { jar, origins } = sessionPart(state)
  const carriesCookie = jar.carriesAny(request)
  if (!carriesCookie && !setsCookie) return
  if (isFromOurPages(request, { origins, carriesCookie })) return
  state.context.emit('csrf.rejected', { reason: request.headers.get('sec-fetch-site') === null ? 'origin' : 'site' })
  throw new AuthError('csrf_rejected')
}

/** Who is signed in, or `null`. */
export function currentSession<Data>(state: RequestState<Data>): Promise<UserSession<Data> | null> {
  return (state.user ??= findUser(state, false))
}

/** Who is signed in, or `unauthenticated`. */
export function requiredSession<Data>(state: RequestState<Data>): Promise<UserSession<Data>> {
  const answer = currentSession(state)
  return state.knownUser === answer ? state.knownUser : required(state, answer)
}

async function required<Data>(
  state: RequestState<Data>,
  answer: Promise<UserSession<Data> | null>,
): Promise<UserSession<Data>> {
  const found = await answer
  if (found) return found
  // Without sessions nobody could ever sign in.
  sessionPart(state)
  throw new AuthError('unauthenticated')
}

/** Who is signed in, read past any cache, and authenticated less than `seconds` ago. */
export async function recentSession<Data>(state: RequestState<Data>, seconds: number): Promise<UserSession<Data>> {
  const found = await required(state, (state.user = findUser(state, true)))
  const age = state.context.platform.now() - found.authenticatedAt
  if (age < seconds) return found
  throw new AuthError('reauthentication_required')
}

/** The anonymous visitor's session, or `null`. Who asks has passed the guard: {@link currentSession} is asked before, always. */
export function currentVisitor<Data>(state: RequestState<Data>): Promise<Session<Data> | null> {
  return (state.visitor ??= findVisitor(state))
}

/** The data of whoever it is. */
export async function readData<Data>(state: RequestState<Data>): Promise<Data> {
  const found = (await currentSession(state)) ?? (await currentVisitor(state))
  return found ? found.data : sessionPart(state).internals.initialData()
}

/** The snapshot that a login needs, behind the guard, as it ends in a cookie. */
export async function beginLogin<Data>(state: RequestState<Data>, userId: string | null): Promise<LoginAttempt> {
  guard(state, await requestOf(state), true)
  return sessionPart(state).sessions.beginLogin(userId)
}

/** Whether a session is somebody's who is signed in. */
export function isUser<Data>(session: Session<Data>): session is UserSession<Data> {
  return session.userId !== null && session.authenticatedAt !== null
}

// No promise is made and nothing is awaited where the request is at hand and its session is known: each costs as much as
// the look-up, and this runs for every request.
function findUser<Data>(state: RequestState<Data>, fresh: boolean): Promise<UserSession<Data> | null> {
  try {
    const request = requestOf(state)
    if (request instanceof Promise) return request.then((given) => findUserOf(state, given, fresh))
    return findUserOf(state, request, fresh)
  } catch (error) {
    return Promise.reject(error)
  }
}

function findUserOf<Data>(
  state: RequestState<Data>,
  request: RequestView,
  fresh: boolean,
): Promise<UserSession<Data> | null> {
  const { part } = state.context
  if (!part) return Promise.resolve(null)
  guard(state, request, false)
  const tokens = tokensOf(state, cookieValues(request.headers.get('cookie'), part.jar.session.name))
  if (tokens[0] === undefined) return Promise.resolve(null)
  const { lookUp } = part.internals
  const how = fresh ? pastCaches : undefined
  const found = lookUp(tokens[0], how)
  if (found instanceof Promise || !isUser(found.view)) return firstUser(tokens, found, (token) => lookUp(token, how))
  state.knownUser = found.promised as Promise<UserSession<Data>>
  return state.knownUser
}

const pastCaches = { fresh: true }

// Of several cookies with our name the one that validates wins: the others were planted, or are old.
async function firstUser<Data>(
  tokens: readonly string[],
  first: LookUp<Data>,
  lookUp: (token: string) => LookUp<Data>,
): Promise<UserSession<Data> | null> {
  for (const [index, token] of tokens.entries()) {
    const answer = index === 0 ? first : lookUp(token)
    const found = answer instanceof Promise ? await answer : answer.view
    if (found && isUser(found)) return found
  }
  return null
}

function tokensOf<Data>({ given }: RequestState<Data>, sent: string[]): string[] {
  if (given === undefined) return sent
  return given === null ? [] : [given]
}

async function findVisitor<Data>(state: RequestState<Data>): Promise<Session<Data> | null> {
  const request = await requestOf(state)
  const { sessions, jar, internals } = sessionPart(state)
  if (!internals.keepsData) return null
  for (const value of cookieValues(request.headers.get('cookie'), jar.anonymous.name)) {
    const found = await sessions.verify(value)
    if (found?.userId === null) return found
  }
  return null
}
