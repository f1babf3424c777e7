/** Which logins were made at an identity provider, and the marks of its logouts (OpenID Connect Back-Channel Logout 1.0). */
import { type Platform, sha256Text } from '../platform.js'
import { inSlices } from '../store/in-slices.js'
import { createRecords, type Records } from '../store/records.js'
import type { Store } from '../store/store.js'
import type { ProviderLogin } from './session.js'

/** A logout as the provider named it: a session of its own, or all of a subject. */
export interface ProviderLogout {
  /** The provider's issuer. */
  readonly issuer: string
  /** The user's id at that provider; `null`: not named. */
  readonly subject: string | null
  /** The one session meant (`sid`); `null`: all of the subject. */
  readonly providerSessionId: string | null
  /** The logout token's `iat`; default: now. */
  readonly issuedAt?: number | undefined
}

/** A mark refuses sign-ins that were under way when the logout came; none is under way for longer than this. */
const markSeconds = 86_400
const indexKind = 'provider-login'

/** See each method; all may throw `StoreError`. */
export interface ProviderLogins {
  /** Writes down, before the session is inserted, at which provider it was made. */
  remember(login: ProviderLogin, session: NamedSession): Promise<void>
  /** Whether a logout that came meanwhile names this login: fresh reads, after the session was inserted. */
  wasEnded(login: ProviderLogin): Promise<boolean>
  /** Inserts the mark, then ends the sessions that the logout names; throws at the end where a record cannot be read. */
  end(logout: ProviderLogout, endOne: (login: { sessionId: string; userId: string }) => Promise<void>): Promise<void>
}

/** The session that a login at a provider made here. */
interface NamedSession {
  readonly sessionId: string
  readonly userId: string
  /** Epoch seconds. */
  readonly expiresAt: number
}

interface IndexValue {
  readonly v: 1
  readonly sessionId: string
  readonly userId: string
  /** The ID token's `iat`; 0: not known, so every logout of the subject is later. */
  readonly issuedAt: number
}

interface MarkValue {
  readonly v: 1
  readonly issuedAt: number
}

/** Makes the index on a bounded store. One record per login and name, so that no two sign-ins write the same one. */
export function createProviderLogins(store: Store, platform: Platform): ProviderLogins {
  const index: Records<IndexValue> = createRecords(store, platform, {
    kind: indexKind,
    decode: decodeIndex,
    unreadable: 'error',
  })
  const marks: Records<MarkValue> = createRecords(store, platform, {
    kind: 'provider-logout',
    decode: decodeMark,
    unreadable: 'error',
  })
  const nameOf = (issuer: string, kind: 'sid' | 'sub', value: string): string =>
    sha256Text(platform, JSON.stringify([kind, issuer, value]))

  function namesOf({ issuer, subject, providerSessionId }: ProviderLogout): { sid: string | null; sub: string | null } {
    return {
      sid: providerSessionId === null ? null : nameOf(issuer, 'sid', providerSessionId),
      sub: subject === null ? null : nameOf(issuer, 'sub', subject),
    }
  }

  async function mark(name: string, issuedAt: number): Promise<void> {
    const record = {
      key: name,
      owner: null,
      expiresAt: platform.now() + markSeconds,
      value: { v: 1, issuedAt } as const,
    }
    for (;;) {
      if (await marks.insert(record)) return
      const found = await marks.readAny(name, { fresh: true })
      if (!found) continue
      const value = { v: 1, issuedAt: Math.max(issuedAt, found.value.issuedAt) } as const
      if (await marks.replace(found, value, record.expiresAt)) return
    }
  }

  return {
    async remember(login, { sessionId, userId, expiresAt }) {
      const names = Object.entries(namesOf(login)).filter(([, name]) => name !== null)
      const value = { v: 1, sessionId, userId, issuedAt: login.issuedAt ?? 0 } as const
      await Promise.all(
        names.map(([kind, name]) => index.insert({ key: `${kind}.${sessionId}`, owner: name, expiresAt, value })),
      )
    },
    async wasEnded(login) {
      const { sid, sub } = namesOf(login)
      if (sid !== null && (await marks.read(sid, { fresh: true }))) return true
      const ended = sub === null ? null : await marks.read(sub, { fresh: true })
      return ended !== null && (login.issuedAt ?? 0) <= ended.value.issuedAt
    },
    async end(logout, endOne) {
      const { sid, sub } = namesOf(logout)
      const name = sid ?? sub
      if (name === null) return
      const issuedAt = logout.issuedAt ?? platform.now()
      await mark(name, issuedAt)
      await inSlices(platform, await store.listByOwner(indexKind, name), async (entry) => {
        if (entry.expiresAt !== null && entry.expiresAt <= platform.now()) return
        const login = index.decode(entry)?.value
        // A logout of the subject that comes late is not about a sign-in that followed it.
        if (login && (sid !== null || login.issuedAt <= issuedAt)) await endOne(login)
      })
    },
  }
}

function decodeIndex(stored: unknown): IndexValue | null {
  const { v, sessionId, userId, issuedAt } = stored as Partial<IndexValue>
  if (v !== 1 || typeof sessionId !== 'string' || typeof userId !== 'string') return null
  return typeof issuedAt === 'number' ? { v, sessionId, userId, issuedAt } : null
}

function decodeMark(stored: unknown): MarkValue | null {
  const { v, issuedAt } = stored as Partial<MarkValue>
  return v === 1 && typeof issuedAt === 'number' ? { v, issuedAt } : null
}
