/**
 * Logins as records: the epoch of their owner, whether one is alive, and how all of them end. Sessions and tokens both
 * consult this, so that neither outlives the other.
 */
import { mintToken, randomText } from '../internal/opaque-token.js'
import { constantTimeEqual } from '../internal/equal.js'
import { hiddenField } from '../internal/hidden-field.js'
import { type Platform, sha256Text } from '../platform.js'
import { inSlices } from './in-slices.js'
import { judgeLogin, type LoginPolicy } from './login-policy.js'
import { createRecords, type Records, type Stored } from './records.js'
import { createSharedEndings } from './shared-endings.js'
import type { Entry, Store } from './store.js'

/** Sessions, and the one owner record of each user: one list by owner reads both. */
export const sessionKind = 'session'
/** Refresh families; owner is the user, `sessionId` in the value names the login. */
export const familyKind = 'refresh-family'

const epochBytes = 16
/** Ids of users are the app's; this much fits every engine's index. */
const mostUserIdLength = 255
/** NUL and halves of surrogate pairs: not every engine can store them. */
const unstorable = /[\0\p{Surrogate}]/u

/** Opaque: whose login, and the owner record's epoch when it began. */
export interface LoginAttempt {
  /** Whose login; `null`: nobody’s, it never signs in. */
  readonly userId: string | null
  /** The owner’s epoch when the attempt began; `null`: there was none yet. */
  readonly epoch: string | null
}

/** The record a login is alive by. */
export interface LoginName {
  readonly kind: 'session' | 'refresh-family'
  readonly key: string
}

/** All that one list by owner tells. */
export interface OwnerLogins {
  /** The owner record's epoch; `null` before the first "sign out everywhere". */
  readonly epoch: string | null
  /** Whether an ending of all logins was begun and not finished. */
  readonly pending: boolean
  /** Records of kind `session`, the owner record among them. */
  readonly entries: readonly Entry[]
}

/** See each method; all may throw `StoreError`. */
export interface LoginRecords {
  /** Takes the snapshot a login is created with: a fresh read, before the credentials are checked. Same work for `null`. */
  begin(userId: string | null): Promise<LoginAttempt>
  /** Whether nothing ended all logins of the owner since the attempt began: a fresh read. */
  holds(attempt: LoginAttempt): Promise<boolean>
  /** One read of all sessions of an owner and of the owner's epoch. */
  loginsOf(userId: string): Promise<OwnerLogins>
  /** Ends what an unfinished "sign out everywhere" left. */
  finishPending(userId: string): Promise<void>
  /** Ends every session but one and every refresh family; how many sessions this call ended. */
  endAll(userId: string, keep: string | null): Promise<number>
  /** Ends the refresh families made from these sessions; call it after the sessions' records are gone. */
  endFamilies(userId: string, sessionIds: readonly string[]): Promise<void>
  /** Whether the record of a login is there and has not expired, read through the cache. */
  isAlive(login: LoginName): Promise<boolean>
  /** Whether a session is alive and `digest` is that of its current token: a fresh read. */
  isCurrent(sessionId: string, digest: string): Promise<boolean>
  /** Counts as use of a session: one read, and a write when one is due. `false`: the session is gone. */
  use(sessionId: string): Promise<boolean>
}

/** Told of each session that an ending of all logins removed, whoever had begun that. */
type OnEnded = (userId: string, sessionId: string) => void

/** The owner record's value. */
interface Owner {
  readonly v: 1
  readonly epoch: string
  readonly pending: boolean
  readonly keep: string | null
}

/** What tokens read of a session's value; the rest is carried over unread. */
interface SessionCore {
  readonly hash: string
  readonly createdAt: number
  readonly lastSeenAt: number
  readonly policy: LoginPolicy
}

/** What is known of a session object beyond what apps see. */
interface Origin {
  /** The record it was made of. */
  readonly stored: unknown
  /** The digest of the token it was authenticated with; `undefined`: it was only listed or changed. */
  readonly digest: string | undefined
}

const origins = hiddenField<Origin>()

/** Remembers what a session object was made of, and with which token (its digest) it was authenticated. Once for each. */
export const rememberOrigin: (session: object, origin: Origin) => void = origins.set

/** What a session object was made of, where this library made it. */
export const originOf: (session: object) => Origin | undefined = origins.get

/** The digest of the token that a session object was authenticated with; `undefined`: it was not. */
export function presentedDigest(session: object): string | undefined {
  return originOf(session)?.digest
}

/** A user's id as it may be stored; throws `TypeError` for anything else. */
export function checkUserId(userId: unknown): asserts userId is string {
  if (typeof userId === 'string' && userId !== '' && userId.length <= mostUserIdLength) {
    if (!unstorable.test(userId)) return
  }
  throw new TypeError(`A user id is a text of 1 to ${mostUserIdLength} characters without NUL.`)
}

/** Makes the view of logins on a store that is already bounded in time. */
export function createLoginRecords(store: Store, platform: Platform, onEnded: OnEnded = () => {}): LoginRecords {
  const owners = createRecords<Owner>(store, platform, { kind: sessionKind, decode: decodeOwner, unreadable: 'error' })
  const sessions = createRecords<SessionCore>(store, platform, {
    kind: sessionKind,
    decode: decodeSession,
    unreadable: 'absent',
  })
  const ownerKey = (userId: string): string => sha256Text(platform, `owner\n${userId}`)
  const readOwner = (userId: string): Promise<Stored<Owner> | null> => owners.read(ownerKey(userId), { fresh: true })
  const endings = createSharedEndings()

  /** The owner record when no ending is unfinished. */
  async function settle(userId: string): Promise<Stored<Owner> | null> {
    for (;;) {
      const owner = await readOwner(userId)
      if (!owner?.value.pending) return owner
      await endings.run({ userId }, () => finish(userId, owner.value))
    }
  }

  async function endAll(userId: string, keep: string | null): Promise<number> {
    for (let ended = 0; ;) {
      const owner = await readOwner(userId)
      if (owner?.value.pending) {
        ended += await finish(userId, owner.value)
        continue
      }
      const value: Owner = { v: 1, epoch: randomText(platform, epochBytes), pending: true, keep }
      const written = owner
        ? await owners.replace(owner, value)
        : await owners.insert({ key: ownerKey(userId), owner: userId, expiresAt: null, value })
      if (written) return ended + (await finish(userId, value))
    }
  }

  // What is listed before the owner record is read again cannot be a login that began after the ending was finished.
  async function finish(userId: string, ending: Owner): Promise<number> {
    for (let ended = 0; ;) {
      const [listed, families] = await Promise.all([
        store.listByOwner(sessionKind, userId),
        store.listByOwner(familyKind, userId),
      ])
      const owner = await readOwner(userId)
      if (!owner?.value.pending || owner.value.epoch !== ending.epoch) return ended
      const others = listed.filter(({ key }) => key !== owner.key && key !== ending.keep)
      await inSlices(platform, [...others, ...families], async ({ kind, key }) => {
        if (!(await store.remove(kind, key)) || kind !== sessionKind) return
        ended += 1
        onEnded(userId, key)
      })
      if (await owners.replace(owner, { ...owner.value, pending: false, keep: null })) return ended
    }
  }

  return {
    async begin(userId) {
      if (userId === null) {
        await owners.read(mintToken(platform).digest, { fresh: true })
        return Object.freeze({ userId, epoch: null })
      }
      checkUserId(userId)
      return Object.freeze({ userId, epoch: (await settle(userId))?.value.epoch ?? null })
    },
    async holds({ userId, epoch }) {
      if (userId === null) return false
      const owner = await readOwner(userId)
      return (owner?.value.epoch ?? null) === epoch
    },
    async loginsOf(userId) {
      const entries = await store.listByOwner(sessionKind, userId)
      const key = ownerKey(userId)
      const found = entries.find((entry) => entry.key === key)
      const owner = found && owners.decode(found)
      return { entries, epoch: owner?.value.epoch ?? null, pending: owner?.value.pending ?? false }
    },
    async finishPending(userId) {
      await settle(userId)
    },
    async endAll(userId, keep) {
      checkUserId(userId)
      return endings.run({ userId, keep }, () => endAll(userId, keep))
    },
    async endFamilies(userId, sessionIds) {
      const ended = new Set<unknown>(sessionIds)
      const families = await store.listByOwner(familyKind, userId)
      const ending = families.filter(({ value }) => ended.has(sessionIdOf(value)))
      await inSlices(platform, ending, ({ key }) => store.remove(familyKind, key))
    },
    isAlive: (login) => isAlive(store, platform, login),
    async isCurrent(sessionId, digest) {
      const found = await sessions.read(sessionId, { fresh: true })
      return found !== null && constantTimeEqual(found.value.hash, digest)
    },
    use: (sessionId) => useSession(sessions, platform, sessionId),
  }
}

function sessionIdOf(value: string): unknown {
  try {
    return (JSON.parse(value) as { sessionId?: unknown }).sessionId
  } catch {
    return undefined
  }
}

// Absence may come from a cache, as the key is random and nobody knew it before the insert was answered; expiry may not.
async function isAlive(store: Store, platform: Platform, { kind, key }: LoginName): Promise<boolean> {
  const living = (entry: Entry | null): boolean =>
    entry !== null && (entry.expiresAt === null || entry.expiresAt > platform.now())
  const entry = await store.get(kind, key)
  if (entry === null || living(entry)) return entry !== null
  return living(await store.get(kind, key, { fresh: true }))
}

async function useSession(sessions: Records<SessionCore>, platform: Platform, sessionId: string): Promise<boolean> {
  const now = platform.now()
  const found = (await sessions.read(sessionId)) ?? (await sessions.read(sessionId, { fresh: true }))
  if (!found) return false
  if (!judgeLogin(found.value, found.value.policy, now).touchDue) return true
  const value = { ...found.value, lastSeenAt: now }
  if (await sessions.replace(found, value, judgeLogin(value, value.policy, now).expiresAt)) return true
  return (await sessions.read(sessionId, { fresh: true })) !== null
}

function decodeOwner(stored: unknown): Owner | null {
  const { v, epoch, pending, keep } = stored as Partial<Owner>
  if (v !== 1 || typeof epoch !== 'string' || typeof pending !== 'boolean') return null
  return { v, epoch, pending, keep: typeof keep === 'string' ? keep : null }
}

/** Keeps every member of the value, so that writing `lastSeenAt` loses nothing. */
function decodeSession(stored: unknown): SessionCore | null {
  const value = stored as Partial<SessionCore>
  const times = [value.createdAt, value.lastSeenAt, value.policy?.idle, value.policy?.absolute, value.policy?.touch]
  return typeof value.hash === 'string' && times.every(Number.isSafeInteger) ? (value as SessionCore) : null
}
