/** What the functions of sessions share, made once by `createSessions`. */
import type { Emit } from '../events.js'
import type { Queue } from '../internal/queue.js'
import type { Platform } from '../platform.js'
import { judgeLogin, type LoginPolicy, type LoginState } from '../store/login-policy.js'
import { type LoginRecords, originOf, rememberOrigin } from '../store/login-records.js'
import type { Records, Stored } from '../store/records.js'
import type { KeptRecords, WatchRecord } from '../store/record-watch.js'
import type { Store } from '../store/store.js'
import type { ProviderLogins } from './provider-logins.js'
import type { Session, SessionValue } from './session.js'
import type { DataCodec } from './session-data.js'

/** A session's record. */
export type StoredSession = Stored<SessionValue>

/** Everything that a function of sessions may need. */
export interface SessionContext<Data> {
  readonly platform: Platform
  readonly store: Store
  readonly records: Records<SessionValue>
  /** The records that a cache has at hand; `undefined`: there is none. */
  readonly kept: KeptRecords | undefined
  readonly watch: WatchRecord
  readonly logins: LoginRecords
  readonly providerLogins: ProviderLogins
  readonly policy: LoginPolicy
  readonly maxSessionsPerUser: number
  /** `null`: this app keeps no data. */
  readonly codec: DataCodec<Data> | null
  /** Updates of one session in this process wait for each other: they would only conflict. */
  readonly updates: Queue
  readonly emit: Emit
}

/** A record, with the view of it that was made: apps without data get the same one for the same record. */
type ViewedSession = StoredSession & { view?: Session<unknown> }

/** The record that a session object was made of, where it was made by this library. */
export function storedOf(session: object): StoredSession | undefined {
  return originOf(session)?.stored as StoredSession | undefined
}

/** Today's policy, but never longer than the session was made for. */
export function policyOf<Data>(context: SessionContext<Data>, value: SessionValue): LoginPolicy {
  const { policy } = context
  if (value.policy.absolute >= policy.absolute) return policy
  return { ...policy, absolute: value.policy.absolute }
}

/** Judges a record by today's policy. */
export function judge<Data>(context: SessionContext<Data>, value: SessionValue, now: number): LoginState {
  return judgeLogin(value, policyOf(context, value), now)
}

/** The session as apps see it. `authenticated`: the request presented its current token. */
export function viewOf<Data>(
  context: SessionContext<Data>,
  stored: StoredSession,
  authenticated: boolean,
): Session<Data> {
  if (context.codec || !authenticated) return makeView(context, stored, authenticated)
  const viewed: ViewedSession = stored
  return (viewed.view ??= makeView(context, stored, authenticated)) as Session<Data>
}

/** A session that was known at once, and the promise of it that everybody gets: so that nothing is awaited. */
export interface KnownSession<Data> {
  readonly view: Session<Data>
  readonly promised: Promise<Session<Data>>
}

/** What is known of a presented token, or its answer when it is known. */
export type LookUp<Data> = KnownSession<Data> | Promise<Session<Data> | null>

function makeView<Data>(context: SessionContext<Data>, stored: StoredSession, authenticated: boolean): Session<Data> {
  const { value } = stored
  const session = {
    id: stored.key,
    userId: stored.owner,
    createdAt: value.createdAt,
    authenticatedAt: value.authenticatedAt,
    lastSeenAt: value.lastSeenAt,
    expiresAt: judge(context, value, value.lastSeenAt).expiresAt,
    methods: Object.freeze(value.methods),
    device: Object.freeze({ label: value.label }),
    data: readData(context, stored),
  }
  rememberOrigin(session, { stored, digest: authenticated ? value.hash : undefined })
  return Object.freeze(session)
}

function readData<Data>({ codec, emit }: SessionContext<Data>, stored: StoredSession): Data {
  // Without `data` the generic is `null`: that is what an app without a parser gets.
  if (!codec) return null as Data
  const decoded = codec.decode(stored.value.data)
  if (decoded) return decoded.data
  emit('session.data_reset', { userId: stored.owner, sessionId: stored.key, reason: 'parse_failed' })
  return codec.initial()
}
