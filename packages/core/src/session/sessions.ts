/** Sessions: made by the server, kept in a store, opened by a token, ended by deleting a record. */
import { StoreError } from '../errors.js'
import { createEmit } from '../events.js'
import { carriedOut } from '../internal/carried-out.js'
import { constantTimeEqual } from '../internal/equal.js'
import { readToken } from '../internal/opaque-token.js'
import { optionalFunction, requireMethods, seconds, wholeNumber } from '../internal/options.js'
import { isLate } from '../internal/late.js'
import { createQueue } from '../internal/queue.js'
import { systemPlatform } from '../platform.js'
import type { Shared } from '../shared.js'
import { boundedStore } from '../store/bounded-store.js'
import { inSlices } from '../store/in-slices.js'
import { createLoginRecords, type LoginAttempt, sessionKind } from '../store/login-records.js'
import { createRecords, expiredGraceSeconds } from '../store/records.js'
import { createWatches, keptRecords } from '../store/record-watch.js'
import { rotateSession, type SessionProof, updateSession } from './change-session.js'
import { createSession, type NewSession } from './create-session.js'
import { createProviderLogins, type ProviderLogout } from './provider-logins.js'
import {
  decodeSessionValue,
  type Session,
  type SessionData,
  type SessionWithToken,
  type UserSession,
} from './session.js'
import { judge, storedOf, type SessionContext, viewOf } from './session-context.js'
import { createDataCodec } from './session-data.js'
import { type SessionInternals, registerInternals } from './session-internals.js'
import { signInOver } from './sign-in.js'
import { lookUp, verifySession } from './verify-session.js'

/** Options of {@link createSessions}. */
export interface SessionsOptions extends Pick<Shared, 'store' | 'onEvent' | 'platform'> {
  /** Unused for this long, a session ends. Default 604,800 (7 days). */
  readonly idleTimeoutSeconds?: number
  /** This long after sign-in a session ends, however used. Default 2,592,000 (30 days). */
  readonly absoluteTimeoutSeconds?: number
  /** Use is written down at most this often; less than the idle timeout. Default a tenth of it, at most 3,600. */
  readonly touchIntervalSeconds?: number
  /** Default 100; at a further sign-in the oldest ends. */
  readonly maxSessionsPerUser?: number
  /** How long one call of the store may take before it counts as an outage. Default 5. */
  readonly storeTimeoutSeconds?: number
}

/** Session primitives on one store. Every method that reaches the store may throw `StoreError`. */
export interface Sessions<Data = null> {
  /** Call it before the credentials are checked: a fresh read. `null`, for nobody, does the same work and never signs in. */
  beginLogin(userId: string | null): Promise<LoginAttempt>
  /** Inserts a session, then checks the attempt: `unauthenticated` when all logins of the user were ended meanwhile. */
  create(input: NewSession<Data>): Promise<SessionWithToken<Data>>
  /** The session that a token opens, or `null`: one read, and one write per touch interval. */
  verify(token: string): Promise<Session<Data> | null>
  /**
   * The same session under a new token, as `verify` returned it; `unauthenticated` when its token is no longer current. A
   * proof older than the session's own changes neither time nor methods.
   */
  rotate(session: Session<Data>, proof: SessionProof): Promise<SessionWithToken<Data>>
  /** Changes the data by one compare-and-swap: `conflict` when it was changed meanwhile, `unauthenticated` when it ended. */
  update(sessionId: string, change: (data: Data) => Data): Promise<Session<Data>>
  /** The living sessions of a user, newest first. */
  list(userId: string): Promise<UserSession<Data>[]>
  /** Ends one session of a user and every token made from it; `false`: not that user's, or gone. */
  revoke(userId: string, sessionId: string): Promise<boolean>
  /**
   * Ends every session but one, every refresh family, and with them the access tokens; how many sessions this call ended.
   * Callers at once that keep the same session share one ending, and the first is told.
   */
  revokeAll(userId: string, options?: { readonly except?: Pick<Session<unknown>, 'id'> }): Promise<number>
  /** Ends the logins that a back-channel logout names; how many. */
  revokeProviderLogin(logout: ProviderLogout): Promise<number>
  /** Calls back once when a session has ended; returns the unsubscribe. For WebSockets and event streams. */
  onRevoked(sessionId: string, callback: () => void): () => void
  /** Removes records of every kind that expired over five minutes ago, at most `limit` (default 1,000); how many. */
  purge(options?: { readonly limit?: number }): Promise<number>
}

const longest = 315_360_000
/** Sessions end on time by themselves; the purge only frees space, so its batches are small. */
const purgeLimit = 1000
const storeMethods = ['get', 'insert', 'replace', 'remove', 'listByOwner', 'removeExpired']
const idShape = /^[\w-]{22}$/

/** Sessions without data of the app. */
export function createSessions(options: SessionsOptions & { readonly data?: undefined }): Sessions
/** Sessions with data of the app, checked by its own parser. */
export function createSessions<Data>(options: SessionsOptions & { readonly data: SessionData<Data> }): Sessions<Data>
export function createSessions(
  options: SessionsOptions & { readonly data?: SessionData<unknown> | undefined },
): Sessions<unknown> {
  return makeSessions(createContext(options))
}

function makeSessions<Data>(context: SessionContext<Data>): Sessions<Data> {
  const { records, logins, providerLogins, platform, emit } = context

  async function list(userId: string): Promise<UserSession<Data>[]> {
    let found = await logins.loginsOf(userId)
    if (found.pending) {
      await logins.finishPending(userId)
      found = await logins.loginsOf(userId)
    }
    const now = platform.now()
    return (
      found.entries
        .map((entry) => records.decode(entry))
        .filter((stored) => stored !== null)
        .filter(({ value }) => judge(context, value, now).state === 'active')
        .map((stored) => viewOf(context, stored, false))
        .filter(isUserSession)
        // Stores list in the order of insertion, where they have one: within a second it is all there is.
        .toReversed()
        .toSorted((left, right) => right.createdAt - left.createdAt)
    )
  }

  /** Whether this call ended it; `null`: it is not that user's, or gone. */
  async function remove(userId: string, sessionId: string): Promise<boolean | null> {
    if (!idShape.test(sessionId)) return null
    // The record as it is: one that cannot be read here may be alive beside a newer release.
    const found = await context.store.get(sessionKind, sessionId, { fresh: true })
    if (found?.owner !== userId) return null
    if (!(await records.remove(sessionId))) return false
    emit('session.revoked', { userId, sessionId, reason: 'revoked' })
    return true
  }

  async function revoke(userId: string, sessionId: string): Promise<boolean> {
    const ended = await remove(userId, sessionId)
    if (ended !== null) await logins.endFamilies(userId, [sessionId])
    return ended === true
  }

  const sessions: Sessions<Data> = {
    beginLogin: (userId) => logins.begin(userId),
    create: (input) => createSession(context, input),
    verify: (token) => verifySession(context, token),
    rotate: (session, proof) => rotateSession(context, session, proof),
    update: (sessionId, change) => updateSession(context, { id: sessionId }, change),
    list,
    revoke,
    revokeAll: (userId, { except } = {}) => logins.endAll(userId, except?.id ?? null),
    async revokeProviderLogin(logout) {
      const users = new Set<string>()
      const gone: string[] = []
      let count = 0
      await providerLogins.end(logout, async ({ userId, sessionId }) => {
        const ended = await remove(userId, sessionId)
        if (ended === null) return
        if (ended) count += 1
        users.add(userId)
        gone.push(sessionId)
      })
      await inSlices(platform, [...users], (userId) => logins.endFamilies(userId, gone))
      await carriedOut(logout)
      return count
    },
    onRevoked: (sessionId, callback) => onRevoked(context, sessionId, callback),
    async purge({ limit = purgeLimit } = {}) {
      return context.store.removeExpired(platform.now() - expiredGraceSeconds, limit)
    },
  }
  registerInternals(sessions, createInternals(context, revoke))
  return Object.freeze(sessions)
}

function createContext<Data>(
  options: SessionsOptions & { readonly data?: SessionData<Data> | undefined },
): SessionContext<Data> {
  const platform = options.platform ?? systemPlatform
  requireMethods('store', options.store, storeMethods)
  optionalFunction('onEvent', options.onEvent)
  const timeout = seconds('storeTimeoutSeconds', options.storeTimeoutSeconds, { default: 5, min: 1, max: 300 })
  const store = boundedStore(options.store, platform, timeout)
  const emit = createEmit(options.onEvent, platform)
  const idle = seconds('idleTimeoutSeconds', options.idleTimeoutSeconds, { default: 604_800, min: 1, max: longest })
  const touchRule = { default: Math.min(3600, Math.floor(idle / 10)), min: 0, max: idle - 1 }
  return {
    platform,
    store,
    records: createRecords(store, platform, { kind: sessionKind, decode: decodeSessionValue, unreadable: 'absent' }),
    kept: keptRecords(store, sessionKind),
    watch: createWatches(store, platform, sessionKind),
    logins: createLoginRecords(store, platform, (userId, sessionId) =>
      emit('session.revoked', { userId, sessionId, reason: 'all_revoked' }),
    ),
    providerLogins: createProviderLogins(store, platform),
    policy: {
      idle,
      absolute: seconds('absoluteTimeoutSeconds', options.absoluteTimeoutSeconds, {
        default: 2_592_000,
        min: 1,
        max: longest,
      }),
      touch: seconds('touchIntervalSeconds', options.touchIntervalSeconds, touchRule),
    },
    maxSessionsPerUser: wholeNumber('maxSessionsPerUser', options.maxSessionsPerUser, {
      default: 100,
      min: 1,
      max: 10_000,
      unit: 'sessions',
    }),
    codec: options.data === undefined ? null : createDataCodec(options.data),
    updates: createQueue(isLate),
    emit,
  }
}

function createInternals<Data>(
  context: SessionContext<Data>,
  revoke: (userId: string, sessionId: string) => Promise<boolean>,
): SessionInternals<Data> {
  const { records, store, platform } = context
  return {
    keepsData: context.codec !== null,
    initialData: () => (context.codec ? context.codec.initial() : (null as Data)),
    lookUp: (token, how) => lookUp(context, token, how),
    update: (session, change) => updateSession(context, session, change),
    signInOver: (input, earlier) => signInOver(context, input, earlier),
    // Accepts the last tokens too: a rotation in flight must not undo a sign-out.
    async endByToken(token) {
      const presented = readToken(platform, token)
      const entry = presented && (await store.get(sessionKind, presented.selector, { fresh: true }))
      if (!presented || !entry) return false
      const found = records.decode(entry)
      // It may be alive beside a newer release: its cookie is not to be deleted, as if the session had ended.
      if (!found) throw new StoreError('The record of a session cannot be read.')
      const digests = [found.value.hash, ...found.value.previous]
      if (!digests.some((digest) => constantTimeEqual(digest, presented.digest))) return false
      if (found.owner !== null) return revoke(found.owner, found.key)
      return records.remove(found.key)
    },
    cookieSeconds(session) {
      const value = storedOf(session)?.value
      if (!value?.remember) return null
      return Math.max(0, value.createdAt + value.policy.absolute - platform.now())
    },
  }
}

function onRevoked<Data>(context: SessionContext<Data>, sessionId: string, callback: () => void): () => void {
  const { watch, platform, records } = context
  let told = false
  const look = async (): Promise<void> => {
    const found = await records.readAny(sessionId, { fresh: true })
    if (told || (found && judge(context, found.value, platform.now()).state === 'active')) return
    told = true
    stop()
    // Awaited for what it rejects with: nobody else would.
    await callback()
  }
  // An outage is not an ending: the next look decides.
  const stop = watch(sessionId, () => void look().catch(() => {}))
  return () => {
    told = true
    stop()
  }
}

function isUserSession<Data>(session: Session<Data>): session is UserSession<Data> {
  return session.userId !== null && session.authenticatedAt !== null
}
