/** What a request may change: it signs somebody in or out, proves them again, or keeps data for them. */
import { cookieValues } from '../cookie/cookie.js'
import { AuthError } from '../errors.js'
import { createQueue } from '../internal/queue.js'
import { isProven, markProven } from '../internal/proven.js'
import type { SessionProof } from '../session/change-session.js'
import type { NewSession, SignInOptions } from '../session/create-session.js'
import type { Session, UserSession } from '../session/session.js'
import { requireData } from '../session/session-data.js'
import { inSlices } from '../store/in-slices.js'
import type { LoginAttempt } from '../store/login-records.js'
import { deviceLabel } from './device-label.js'
import {
  currentSession,
  currentVisitor,
  guard,
  isUser,
  requestOf,
  requiredSession,
  sessionPart,
  type RequestState,
} from './request-state.js'

const mostUpdateTries = 3
const turns = createQueue()

/** Runs a write of this request after those that were called before it, so that it finds what they made: a visit, a login. */
export function inTurn<Data, Answer>(
  state: RequestState<Data>,
  write: (state: RequestState<Data>) => Promise<Answer>,
): Promise<Answer> {
  return turns.run(state, () => write(state))
}

/** Signs in over what the browser had before, and sets its cookie. */
export async function signIn<Data>(
  state: RequestState<Data>,
  attempt: LoginAttempt,
  options: SignInOptions = {},
): Promise<UserSession<Data>> {
  requireAttempt(attempt)
  const request = await requestOf(state)
  const { internals, jar } = sessionPart(state)
  // An OAuth attempt proves the whole request: its answer may come by a cross-site POST.
  if (isProven(options)) markProven(state.door)
  guard(state, request, true)
  const earlier = { user: await currentSession(state), anonymous: await currentVisitor(state) }
  const input = inputOf<Data>(attempt, options, deviceLabel(request.headers.get('user-agent')))
  const created = await internals.signInOver(input, earlier)
  if (earlier.anonymous || cookieValues(request.headers.get('cookie'), jar.anonymous.name).length > 0) {
    state.responseHeaders.append('Set-Cookie', jar.anonymous.delete())
  }
  state.visitor = Promise.resolve(null)
  return giveCookie(state, created.session, created.token)
}

/** Ends the session that the request carries, or was given a moment ago. A cookie is deleted only after its session. */
export async function signOut<Data>(state: RequestState<Data>): Promise<void> {
  const request = await requestOf(state)
  const { sessions, internals, jar } = sessionPart(state)
  guard(state, request, false)
  const tokens = cookieValues(request.headers.get('cookie'), jar.session.name)
  if (state.given) tokens.push(state.given)
  await inSlices(state.context.platform, tokens, internals.endByToken)
  // That a look-up failed earlier says nothing about now: the tokens have ended.
  const known = await state.user?.catch(() => null)
  if (known) await sessions.revoke(known.userId, known.id)
  state.user = Promise.resolve(null)
  state.given = null
  if (!known && tokens.length === 0) return
  try {
    state.responseHeaders.append('Set-Cookie', jar.session.delete())
  } catch {
    // Too late, as on a socket: the token has ended, and its cookie opens nothing.
  }
}

/** The same session under a new token, proven again. No cookie is set when the session ended meanwhile. */
export async function reauthenticate<Data>(state: RequestState<Data>, proof: SessionProof): Promise<UserSession<Data>> {
  const found = await requiredSession(state)
  const rotated = await sessionPart(state).sessions.rotate(found, proof)
  return giveCookie(state, rotated.session, rotated.token)
}

/** Changes the data of whoever it is; an anonymous visitor without a session gets one. */
export async function updateData<Data>(state: RequestState<Data>, change: (data: Data) => Data): Promise<Data> {
  const user = await currentSession(state)
  if (user) {
    const updated = await update(state, user, change)
    state.user = Promise.resolve(isUser(updated) ? updated : null)
    return updated.data
  }
  const visitor = await currentVisitor(state)
  if (!visitor) return startVisit(state, change)
  const updated = await update(state, visitor, change)
  state.visitor = Promise.resolve(updated)
  return updated.data
}

// A user's id, or a promise that nobody awaited, would be refused as nobody's login: 401, on the very route that signs in.
function requireAttempt(attempt: unknown): void {
  if (typeof attempt === 'object' && attempt !== null && 'userId' in attempt) return
  throw new TypeError('signIn: expected what beginLogin resolves to: `await auth.beginLogin(userId)`.')
}

function inputOf<Data>(attempt: LoginAttempt, options: SignInOptions, label: string): NewSession<Data> {
  const { methods, remember, providerLogin, authenticatedAt, absoluteTimeoutSeconds } = options
  return {
    attempt,
    deviceLabel: label,
    ...(methods === undefined ? {} : { methods }),
    ...(remember === undefined ? {} : { remember }),
    ...(providerLogin === undefined ? {} : { providerLogin }),
    ...(authenticatedAt === undefined ? {} : { authenticatedAt }),
    ...(absoluteTimeoutSeconds === undefined ? {} : { absoluteTimeoutSeconds }),
  }
}

function giveCookie<Data>(state: RequestState<Data>, session: Session<Data>, token: string): UserSession<Data> {
  const { jar, internals } = sessionPart(state)
  if (!isUser(session)) throw new AuthError('unauthenticated')
  const line = jar.session.set(token, internals.cookieSeconds(session))
  state.responseHeaders.append('Set-Cookie', line)
  state.user = Promise.resolve(session)
  state.given = token
  return session
}

async function startVisit<Data>(state: RequestState<Data>, change: (data: Data) => Data): Promise<Data> {
  const request = await requestOf(state)
  const { sessions, internals, jar } = sessionPart(state)
  guard(state, request, true)
  const data = change(internals.initialData())
  // A session that is made without data has what all start with: what was to be kept would be lost in silence.
  requireData(data)
  const label = deviceLabel(request.headers.get('user-agent'))
  const { session, token } = await sessions.create({ attempt: null, data, deviceLabel: label })
  const line = jar.anonymous.set(token, internals.cookieSeconds(session))
  state.responseHeaders.append('Set-Cookie', line)
  state.visitor = Promise.resolve(session)
  return session.data
}

// Tries again when another writer came first, but not when the app's own function refuses.
async function update<Data>(
  state: RequestState<Data>,
  session: Session<Data>,
  change: (data: Data) => Data,
): Promise<Session<Data>> {
  const { internals } = sessionPart(state)
  let refused = false
  const watched = (data: Data): Data => {
    refused = true
    const changed = change(data)
    refused = false
    return changed
  }
  for (let tries = 1; ; tries += 1) {
    try {
      return await internals.update(session, watched)
    } catch (error) {
      const conflict = error instanceof AuthError && error.code === 'conflict'
      if (!conflict || refused || tries === mostUpdateTries) throw error
    }
  }
}
