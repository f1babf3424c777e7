/** Making sessions: anonymous ones, and sign-ins that a "sign out everywhere" in between undoes. */
import { AuthError } from '../errors.js'
import { isLate } from '../internal/late.js'
import { mintToken } from '../internal/opaque-token.js'
import { inSlices } from '../store/in-slices.js'
import type { LoginAttempt, OwnerLogins } from '../store/login-records.js'
import type { NewRecord } from '../store/records.js'
import { checkValue, type ProviderLogin, type SessionValue, type SessionWithToken } from './session.js'
import { judge, type SessionContext, type StoredSession, viewOf } from './session-context.js'

/** How somebody signed in. */
export interface SignInOptions {
  /** RFC 8176 `amr` values such as `['pwd']` or `['pwd', 'otp']`; default: none. */
  readonly methods?: readonly string[]
  /** Default true: the cookie has a Max-Age; false: it ends with the browser. */
  readonly remember?: boolean
  /** When the credentials were proven, where that was earlier than now: elsewhere, or at an identity provider; epoch seconds. */
  readonly authenticatedAt?: number
  /** Ends this session earlier than the configured absolute timeout; seconds. */
  readonly absoluteTimeoutSeconds?: number
  /** At which identity provider, so that its back-channel logout finds this login. */
  readonly providerLogin?: ProviderLogin
}

/** What a session is made of. */
export interface NewSession<Data = null> extends SignInOptions {
  /** Begun before the credentials were checked; `null`: an anonymous visitor. */
  readonly attempt: LoginAttempt | null
  /** The session’s first data; default: `initial`. */
  readonly data?: Data
  /** Shown in the list of devices; at most 200 characters are kept. */
  readonly deviceLabel?: string
}

const mostLabelLength = 200

/**
 * Inserts a session and mints its token. A login is withdrawn, and `unauthenticated` thrown, when all logins of its owner
 * were ended since its attempt began, or its provider logged it out meanwhile.
 */
export async function createSession<Data>(
  context: SessionContext<Data>,
  input: NewSession<Data>,
): Promise<SessionWithToken<Data>> {
  const { attempt } = input
  if (attempt !== null && typeof attempt.userId !== 'string') throw new AuthError('unauthenticated')
  const { text, selector, digest } = mintToken(context.platform)
  const value = newValue(context, input, digest)
  const { expiresAt } = judge(context, value, value.createdAt)
  const userId = attempt?.userId ?? null
  if (userId !== null && input.providerLogin) {
    const named = { sessionId: selector, userId, expiresAt: value.createdAt + value.policy.absolute }
    await context.providerLogins.remember(input.providerLogin, named)
  }
  const stored = await insertSession(context, { key: selector, owner: userId, expiresAt, value }, input)
  if (!stored) throw new Error('A fresh random id was taken: the source of randomness is broken.')
  context.emit('session.created', { userId, sessionId: selector })
  return { session: viewOf(context, stored, true), token: text }
}

function newValue<Data>(context: SessionContext<Data>, input: NewSession<Data>, hash: string): SessionValue {
  const now = context.platform.now()
  const { codec, policy } = context
  const absolute = Math.min(policy.absolute, input.absoluteTimeoutSeconds ?? policy.absolute)
  return checkValue({
    v: 1,
    hash,
    previous: [],
    createdAt: now,
    authenticatedAt: input.attempt === null ? null : Math.min(now, input.authenticatedAt ?? now),
    lastSeenAt: now,
    policy: { ...policy, absolute },
    methods: [...(input.methods ?? [])],
    label: (input.deviceLabel ?? '').slice(0, mostLabelLength),
    remember: input.remember ?? true,
    ...(codec && input.data !== undefined ? { data: codec.encode(input.data) } : {}),
  })
}

// Whatever goes wrong, nobody was given the token yet: the record is taken back, and the error stands. That of an insert
// may be there too, as its answer may be lost and not the write. A store that hangs is not waited for again.
async function insertSession<Data>(
  context: SessionContext<Data>,
  record: NewRecord<SessionValue>,
  input: NewSession<Data>,
): Promise<StoredSession | null> {
  const { key, owner } = record
  try {
    const stored = await context.records.insert(record)
    if (stored && owner !== null) await admit(context, stored, input)
    return stored
  } catch (error) {
    const removing = context.records.remove(key).catch(() => false)
    if (!isLate(error)) await removing
    context.emit('session.rejected', { userId: owner, sessionId: key, reason: 'withdrawn' })
    throw error
  }
}

async function admit<Data>(
  context: SessionContext<Data>,
  stored: StoredSession,
  { attempt, providerLogin }: NewSession<Data>,
): Promise<void> {
  const logins = await context.logins.loginsOf(stored.owner ?? '')
  const overtaken =
    logins.epoch !== attempt?.epoch || (providerLogin && (await context.providerLogins.wasEnded(providerLogin)))
  if (overtaken) throw new AuthError('unauthenticated')
  await endOldest(context, stored, logins)
}

async function endOldest<Data>(
  context: SessionContext<Data>,
  created: StoredSession,
  { entries }: OwnerLogins,
): Promise<void> {
  const { records, logins, platform, maxSessionsPerUser, emit } = context
  if (entries.length <= maxSessionsPerUser) return
  const now = platform.now()
  const others = entries
    .filter(({ key }) => key !== created.key)
    .flatMap((entry) => records.decode(entry) ?? [])
    .filter(({ value }) => judge(context, value, now).state === 'active')
    .toReversed() // as in a list: of one second, the one that was inserted last is the newest
    .toSorted((left, right) => right.value.createdAt - left.value.createdAt)
  const ending = others.slice(maxSessionsPerUser - 1)
  if (ending.length === 0) return
  await inSlices(platform, ending, async ({ key }) => {
    if (await records.remove(key)) emit('session.revoked', { userId: created.owner, sessionId: key, reason: 'limit' })
  })
  const ended = ending.map(({ key }) => key)
  await logins.endFamilies(created.owner ?? '', ended)
}
