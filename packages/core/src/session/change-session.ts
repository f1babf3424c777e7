/** Changing a living session: a new token for it, or new data in it. Each is one compare-and-swap. */
import { AuthError } from '../errors.js'
import { isLate } from '../internal/late.js'
import { mintToken } from '../internal/opaque-token.js'
import { presentedDigest } from '../store/login-records.js'
import { checkValue, type Session, type SessionValue, type SessionWithToken } from './session.js'
import { judge, storedOf, policyOf, type SessionContext, type StoredSession, viewOf } from './session-context.js'
import { confirmSession } from './verify-session.js'

/** How a living session is proven again; what `finish` of an OAuth attempt resolves to is one. */
export interface SessionProof {
  /** As for a sign-in: RFC 8176 `amr` values. */
  readonly methods: readonly string[]
  /** When it was proven, where that was earlier than now: an identity provider may say so; epoch seconds. */
  readonly authenticatedAt?: number
}

/** How many older tokens sign-out still accepts. */
const keptDigests = 3
/** Each conflict means that somebody else's write succeeded; more of them in a row are not a browser's doing. */
const mostTries = 20

/**
 * The same session under a new token, proven again. Takes the session as the request authenticated it: on a
 * conflict it goes on only while the presented token is still the current one, else throws `unauthenticated`.
 */
export async function rotateSession<Data>(
  context: SessionContext<Data>,
  session: Session<Data>,
  proof: SessionProof,
): Promise<SessionWithToken<Data>> {
  const digest = presentedDigest(session)
  let found = storedOf(session)
  if (!found || digest === undefined || found.owner === null) throw new AuthError('unauthenticated')
  // The session may have been held for long, by a socket: a rotation would bring one back that has ended by itself.
  if (judge(context, found.value, context.platform.now()).state !== 'active') {
    found = await confirmSession(context, session, digest)
  }
  for (let tries = 0; tries < mostTries; tries += 1) {
    const now = context.platform.now()
    const { methods, authenticatedAt = now } = laterProof(found.value, proof)
    const next = mintToken(context.platform, session.id)
    const value = checkValue({
      ...found.value,
      hash: next.digest,
      previous: [digest, ...found.value.previous].slice(0, keptDigests),
      authenticatedAt: Math.min(now, authenticatedAt),
      lastSeenAt: now,
      methods: [...methods],
      policy: policyOf(context, found.value),
    })
    const written = await writeRotated(context, found, value)
    if (written) {
      context.emit('session.rotated', { userId: written.owner, sessionId: written.key })
      return { session: viewOf(context, written, true), token: next.text }
    }
    found = await confirmSession(context, session, digest)
  }
  throw new AuthError('conflict')
}

/** When and how: the later proof stands, whole, so that an old session at a provider makes no fresh proof old. */
export function laterProof<Proof extends Partial<SessionProof>>(
  { authenticatedAt, methods }: Pick<SessionValue, 'authenticatedAt' | 'methods'>,
  proof: Proof,
): Proof | SessionProof {
  const isOlder =
    proof.authenticatedAt !== undefined && authenticatedAt !== null && proof.authenticatedAt < authenticatedAt
  return isOlder ? { authenticatedAt, methods } : proof
}

// The answer may be lost, not the write: then the older token is dead, and this one opens the session. A store that hangs
// is not asked again.
async function writeRotated<Data>(
  context: SessionContext<Data>,
  found: StoredSession,
  value: SessionValue,
): Promise<StoredSession | null> {
  const { records } = context
  try {
    return await records.replace(found, value, judge(context, value, value.lastSeenAt).expiresAt)
  } catch (error) {
    if (isLate(error)) throw error
    const after = await records.readAny(found.key, { fresh: true }).catch(() => null)
    if (after?.value.hash === value.hash) return after
    throw error
  }
}

/**
 * Changes a session's data by one compare-and-swap over a fresh read. Throws `unauthenticated` when the session is gone,
 * `conflict` when somebody else changed it meanwhile; nothing is lost silently.
 */
export function updateSession<Data>(
  context: SessionContext<Data>,
  session: { readonly id: string },
  change: (data: Data) => Data,
): Promise<Session<Data>> {
  return context.updates.run(session.id, () => updateOnce(context, session, change))
}

async function updateOnce<Data>(
  context: SessionContext<Data>,
  session: { readonly id: string },
  change: (data: Data) => Data,
): Promise<Session<Data>> {
  const { codec, records, platform } = context
  if (!codec) throw new TypeError('These sessions keep no data: createSessions was given no `data`.')
  const found = await records.read(session.id, { fresh: true })
  if (!found || judge(context, found.value, platform.now()).state !== 'active') throw new AuthError('unauthenticated')
  const data = codec.encode(change(viewOf(context, found, false).data))
  const written = await records.replace(found, { ...found.value, data })
  if (written) return viewOf(context, written, presentedDigest(session) === written.value.hash)
  throw new AuthError((await records.read(session.id, { fresh: true })) ? 'conflict' : 'unauthenticated')
}
