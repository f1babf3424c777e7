/**
 * What makes a signed token stop being good before it expires: its login ended, or a record says that the token or its client
 * was revoked. Read through the store's cache, so that it costs what a session costs.
 */
import { type Platform, sha256Text } from '../platform.js'
import type { LoginName, LoginRecords } from '../store/login-records.js'
import { createRecords, type RecordKind, type Stored } from '../store/records.js'
import type { Store } from '../store/store.js'
import type { AccessTokenClaims } from './access-token.js'

/** `before`: the client's tokens that were issued at that time or earlier are revoked; `null`: the record names one token. */
interface Revocation {
  readonly v: 1
  readonly before: number | null
}

/** Where everything that could end a token is kept; made once per token. */
export interface Lifelines {
  readonly token: string
  readonly client: string
  readonly issuedAt: number
  readonly logins: readonly LoginName[]
}

/** Reads and writes revocations. Every method may throw `StoreError`. */
export interface Revocations {
  /** Whether nothing has ended the token yet, as known within the cache's bound. */
  isLive(lifelines: Lifelines): Promise<boolean>
  /** Revokes one token until `expiresAt`. One atomic insert. */
  revokeToken(claims: AccessTokenClaims): Promise<void>
  /** Revokes all of a client's tokens issued until `before`. One compare-and-swap, repeated. */
  revokeClient(clientId: string, before: number, keptUntil: number): Promise<void>
  /** Until when tokens of the client are revoked, by a fresh read; `null`: none are. */
  clientRevokedUntil(clientId: string): Promise<number | null>
}

/** Must not be evicted: absence means that a token is good. */
const revocationKind: RecordKind<Revocation> = {
  kind: 'token-revocation',
  decode: decodeRevocation,
  unreadable: 'error',
}
/** How long a token's record outlives it, for verifiers with generous leeway. */
const keptAfterExpirySeconds = 300

/** Makes the view of revocations on a store that is already bounded in time. */
export function createRevocations(store: Store, platform: Platform, logins: LoginRecords): Revocations {
  const records = createRecords(store, platform, revocationKind)
  const keyOf = (kind: string, name: string): string => revocationKey(platform, kind, name)

  function isRevoked(found: Stored<Revocation> | null, issuedAt: number): boolean {
    return found !== null && (found.value.before === null || issuedAt <= found.value.before)
  }

  return {
    async isLive({ token, client, issuedAt, logins: names }) {
      for (const name of names) if (!(await logins.isAlive(name))) return false
      const [byToken, byClient] = await Promise.all([records.readAny(token), records.readAny(client)])
      return !isRevoked(byToken, issuedAt) && !isRevoked(byClient, issuedAt)
    },
    async revokeToken({ jti, exp }) {
      const expiresAt = Math.ceil(exp) + keptAfterExpirySeconds
      await records.insert({ key: keyOf('token', jti), owner: null, expiresAt, value: { v: 1, before: null } })
    },
    async revokeClient(clientId, before, keptUntil) {
      const key = keyOf('client', clientId)
      for (;;) {
        const found = await records.readAny(key, { fresh: true })
        if (found?.value.before && found.value.before >= before) return
        const value = { v: 1, before } as const
        const written = found
          ? await records.replace(found, value, keptUntil)
          : await records.insert({ key, owner: null, expiresAt: keptUntil, value })
        if (written) return
      }
    },
    async clientRevokedUntil(clientId) {
      return (await records.readAny(keyOf('client', clientId), { fresh: true }))?.value.before ?? null
    },
  }
}

/** Names the records that could end this token. */
export function lifelinesOf(platform: Platform, { jti, client_id, iat, sid, fid }: AccessTokenClaims): Lifelines {
  const logins: LoginName[] = []
  if (sid !== undefined && sid !== fid) logins.push({ kind: 'session', key: sid })
  if (fid !== undefined) logins.push({ kind: 'refresh-family', key: fid })
  const token = revocationKey(platform, 'token', jti)
  return { token, client: revocationKey(platform, 'client', client_id), issuedAt: iat, logins }
}

function revocationKey(platform: Platform, kind: string, name: string): string {
  return sha256Text(platform, `${kind}\n${name}`)
}

function decodeRevocation(stored: unknown): Revocation | null {
  const { v, before } = stored as Partial<Revocation>
  if (v !== 1 || !(before === null || typeof before === 'number')) return null
  return { v, before }
}
