/** Signing in over what the browser had before: its data is carried over, its earlier sessions end. */
import { AuthError } from '../errors.js'
import { laterProof } from './change-session.js'
import { type NewSession, createSession } from './create-session.js'
import type { Session, SessionWithToken } from './session.js'
import { storedOf, type SessionContext, type StoredSession, viewOf } from './session-context.js'

/** The sessions that the browser presented, both verified. */
export interface EarlierSessions<Data> {
  readonly user: Session<Data> | null
  readonly anonymous: Session<Data> | null
}

/**
 * Makes the new session with the data of the earlier one of the same user, else of the anonymous visitor, and ends both
 * earlier ones. The one that data is taken from is removed only in the version that was copied: a later save of it is
 * merged first, so none is lost. Throws `unauthenticated` as `createSession` does, also where the login ends meanwhile.
 */
export async function signInOver<Data>(
  context: SessionContext<Data>,
  input: NewSession<Data>,
  earlier: EarlierSessions<Data>,
): Promise<SessionWithToken<Data>> {
  const sameUser = earlier.user?.userId === input.attempt?.userId ? earlier.user : null
  const carried = sameUser ?? earlier.anonymous
  // Who connects an identity has signed in already.
  const proven = sameUser ? { ...input, ...laterProof(sameUser, input) } : input
  const created = await createSession(context, carried && context.codec ? { ...proven, data: carried.data } : proven)
  const origin = carried && storedOf(carried)
  const session = origin ? await replaceEarlier(context, origin, created.session) : created.session
  for (const other of [earlier.user, earlier.anonymous]) {
    if (other && other !== carried) await end(context, other.id, other.userId)
  }
  return { session, token: created.token }
}

async function replaceEarlier<Data>(
  context: SessionContext<Data>,
  origin: StoredSession,
  created: Session<Data>,
): Promise<Session<Data>> {
  const { records } = context
  let copied = origin
  let merged: StoredSession | null = null
  for (;;) {
    if (await records.remove(copied.key, copied.version)) {
      report(context, origin.key, origin.owner)
      break
    }
    const changed = await records.read(copied.key, { fresh: true })
    const current = merged ?? storedOf(created)
    if (!changed || !current) break
    merged = await records.replace(current, { ...current.value, data: changed.value.data })
    // The login was ended meanwhile: the earlier session keeps what was saved in it, for the next sign-in.
    if (!merged) throw new AuthError('unauthenticated')
    copied = changed
  }
  return merged ? viewOf(context, merged, true) : created
}

async function end<Data>(context: SessionContext<Data>, id: string, userId: string | null): Promise<void> {
  if (await context.records.remove(id)) report(context, id, userId)
}

function report<Data>({ emit }: SessionContext<Data>, sessionId: string, userId: string | null): void {
  emit('session.revoked', { userId, sessionId, reason: 'replaced' })
}
