/** Checking a presented token: at most one read, and a write per touch interval. */
import { AuthError, StoreError } from '../errors.js'
import { constantTimeEqual } from '../internal/equal.js'
import { isAsLongAsToken, type OpaqueToken, tokenOf } from '../internal/opaque-token.js'
import { sha256Text } from '../platform.js'
import { sessionKind } from '../store/login-records.js'
import type { Entry } from '../store/store.js'
import type { Session } from './session.js'
import {
  judge,
  type KnownSession,
  type LookUp,
  policyOf,
  type SessionContext,
  type StoredSession,
  viewOf,
} from './session-context.js'

/** How a check may differ from the ordinary one. */
export interface CheckOptions {
  /** Reads past any cache. */
  readonly fresh?: boolean
}

/**
 * What is known of a record in the cache, kept with it under the digest of its token. Of one context: a view depends on its
 * policy and its data.
 */
interface Known<Data> {
  readonly context: SessionContext<Data>
  /** The second from which on it must be judged anew: it ended, or its use is to be written down. */
  readonly until: number
  readonly stored: StoredSession
  /** `null`: this app keeps data, so that everybody gets a session of their own. */
  readonly session: KnownSession<Data> | null
}

type Verdict =
  | { readonly found: StoredSession; readonly touchDue: boolean; readonly reason: null }
  | { readonly found: StoredSession | null; readonly reason: string }

/** The session that a token opens, or `null`. A refusal of a known id is confirmed by a fresh read. */
export function verifySession<Data>(context: SessionContext<Data>, token: unknown): Promise<Session<Data> | null> {
  const found = lookUp(context, token)
  return found instanceof Promise ? found : found.promised
}

/** The same, but no promise where a cache has it and nothing is to be written. */
export function lookUp<Data>(context: SessionContext<Data>, token: unknown, options?: CheckOptions): LookUp<Data> {
  if (isAsLongAsToken(token)) {
    // The hot path: a digest and a look-up by it. Each promise, and each further call into the engine, costs as much.
    const digest = sha256Text(context.platform, token)
    const known = options?.fresh ? undefined : recall(context, digest)
    if (known) return known
    const presented = tokenOf(token, digest)
    if (presented) return verifyPresented(context, presented, options)
  }
  return Promise.resolve(refuse(context, { found: null, reason: 'malformed' }))
}

function recall<Data>(context: SessionContext<Data>, digest: string): KnownSession<Data> | undefined {
  const known = context.kept?.recall(digest) as Known<Data> | undefined
  if (!known || known.context !== context || context.platform.now() >= known.until) return undefined
  return known.session ?? knownSession(viewOf(context, known.stored, true))
}

function remember<Data>(context: SessionContext<Data>, entry: Promise<Entry | null>, stored: StoredSession): void {
  const { kept, codec } = context
  if (!kept) return
  const { key, value } = stored
  const { expiresAt } = judge(context, value, value.lastSeenAt)
  const until = Math.min(expiresAt, value.lastSeenAt + policyOf(context, value).touch)
  const session = codec ? null : knownSession(viewOf(context, stored, true))
  const made: Known<Data> = { context, until, stored, session }
  kept.keep({ key, entry }, { name: value.hash, made })
}

function knownSession<Data>(view: Session<Data>): KnownSession<Data> {
  return { view, promised: Promise.resolve(view) }
}

async function verifyPresented<Data>(
  context: SessionContext<Data>,
  presented: OpaqueToken,
  options?: CheckOptions,
): Promise<Session<Data> | null> {
  const asked = context.store.get(sessionKind, presented.selector, options)
  const entry = await asked
  const verdict = judgeToken(context, entry && context.records.decode(entry), presented)
  if (verdict.reason === null && !verdict.touchDue) {
    remember(context, asked, verdict.found)
    return viewOf(context, verdict.found, true)
  }
  if (verdict.reason !== null && (verdict.found === null || options?.fresh)) return refuseForGood(context, verdict)
  // A refusal is never decided on a cached record.
  const confirmed = verdict.reason === null ? verdict : judgeToken(context, await reread(context, presented), presented)
  if (confirmed.reason !== null) return refuseForGood(context, confirmed)
  return confirmed.touchDue ? touch(context, confirmed.found, presented) : viewOf(context, confirmed.found, true)
}

/** The session again, by a fresh read: it lives, and the token it was authenticated with is still the current one. */
export async function confirmSession<Data>(
  context: SessionContext<Data>,
  session: { readonly id: string },
  digest: string,
): Promise<StoredSession> {
  const presented = { selector: session.id, digest }
  const verdict = judgeToken(context, await reread(context, presented), presented)
  if (verdict.reason === null) return verdict.found
  refuse(context, verdict)
  throw new AuthError('unauthenticated')
}

function reread<Data>({ records }: SessionContext<Data>, { selector }: OpaqueToken): Promise<StoredSession | null> {
  return records.readAny(selector, { fresh: true })
}

function judgeToken<Data>(
  context: SessionContext<Data>,
  found: StoredSession | null,
  { digest }: OpaqueToken,
): Verdict {
  if (!found) return { found, reason: 'unknown' }
  const { hash, previous } = found.value
  if (!constantTimeEqual(hash, digest)) {
    return { found, reason: previous.includes(digest) ? 'superseded' : 'mismatch' }
  }
  const { state, touchDue } = judge(context, found.value, context.platform.now())
  return state === 'active' ? { found, touchDue, reason: null } : { found, reason: state }
}

// Writes down that the session is in use. Whatever comes of the write, it signs nobody out: only what is read does.
async function touch<Data>(
  context: SessionContext<Data>,
  found: StoredSession,
  presented: OpaqueToken,
): Promise<Session<Data> | null> {
  const now = context.platform.now()
  const value = { ...found.value, lastSeenAt: now, policy: policyOf(context, found.value) }
  let written: StoredSession | null
  try {
    written = await context.records.replace(found, value, judge(context, value, now).expiresAt)
  } catch (error) {
    if (error instanceof StoreError) return viewOf(context, found, true)
    throw error
  }
  if (written) return viewOf(context, written, true)
  const verdict = judgeToken(context, await reread(context, presented), presented)
  return verdict.reason === null ? viewOf(context, verdict.found, true) : refuse(context, verdict)
}

// A session that ended by a policy that was made shorter has a record that has not: a refresh, which goes by the seconds in
// the record, would bring it back.
async function refuseForGood<Data>(context: SessionContext<Data>, verdict: Verdict): Promise<null> {
  const { records, platform } = context
  const { found, reason } = verdict
  const isOver = reason === 'idle_expired' || reason === 'absolute_expired'
  if (found && isOver && (found.expiresAt ?? 0) > platform.now()) {
    await records.remove(found.key, found.version).catch(() => false)
  }
  return refuse(context, verdict)
}

function refuse<Data>({ emit }: SessionContext<Data>, { found, reason }: Verdict): null {
  emit('session.rejected', { userId: found?.owner ?? null, sessionId: found?.key ?? null, reason })
  return null
}
