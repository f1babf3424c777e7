/** Checking a presented token: at most one read, and a write per touch interval. */
import { AuthError, StoreError } from '../errors.js'
import { constantTimeEqual } from '../internal/equal.js'
import { type OpaqueToken, readToken } from '../internal/opaque-token.js'
import { sessionKind } from '../store/login-records.js'
import type { Entry } from '../store/store.js'
import type { Session } from './session.js'
import {
  judge,
  knownSessionOf,
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
  const presented = readToken(context.platform, token)
  if (!presented) return Promise.resolve(refuse(context, { found: null, reason: 'malformed' }))
  // The hot path: one call of the store and at most one await, as each layer of promises costs as much as the digest.
  const asked = context.store.get(sessionKind, presented.selector, options)
  const known = context.answered.get(asked)
  if (known && constantTimeEqual(known.value.hash, presented.digest)) {
    const { state, touchDue } = judge(context, known.value, context.platform.now())
    if (state === 'active' && !touchDue) return knownSessionOf(context, known)
  }
  return verifyAnswer(context, { presented, asked }, options)
}

async function verifyAnswer<Data>(
  context: SessionContext<Data>,
  { presented, asked }: { readonly presented: OpaqueToken; readonly asked: Promise<Entry | null> },
  options?: CheckOptions,
): Promise<Session<Data> | null> {
  const entry = await asked
  const verdict = judgeToken(context, entry && context.records.decode(entry), presented)
  if (entry && verdict.found && Object.isFrozen(entry) && !context.answered.get(asked)) {
    context.answered.set(asked, verdict.found)
  }
  if (verdict.reason === null && !verdict.touchDue) return viewOf(context, verdict.found, true)
  if (verdict.reason !== null && (verdict.found === null || options?.fresh)) return refuse(context, verdict)
  // A refusal is never decided on a cached record.
  const confirmed = verdict.reason === null ? verdict : judgeToken(context, await reread(context, presented), presented)
  if (confirmed.reason !== null) return refuse(context, confirmed)
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

function refuse<Data>({ emit }: SessionContext<Data>, { found, reason }: Verdict): null {
  emit('session.rejected', { userId: found?.owner ?? null, sessionId: found?.key ?? null, reason })
  return null
}
