/**
 * What makes a signed token stop being good before it expires: its login ended, or a record says that the token or its client
 * was revoked. Read through the store's cache, so that it costs what a session costs.
 */
import { type Platform, sha256Text } from '../platform.js'
import { familyKind, sessionKind } from '../store/login-records.js'
import { createRecords, type RecordKind } from '../store/records.js'
import type { Entry, Store } from '../store/store.js'
import type { AccessTokenClaims } from './access-token.js'

/** `before`: the client's tokens that were issued at that time or earlier are revoked; `null`: the record names one token. */
interface Revocation {
  readonly v: 1
  readonly before: number | null
}

/** Where a record stands that could end a token, and what it is to it. */
interface Lifeline {
  readonly kind: string
  readonly key: string
  /** A login has to be there; a revocation must not be. */
  readonly isLogin: boolean
}

/** Everything that could end one token; made once per token. */
export interface Lifelines {
  readonly lines: readonly Lifeline[]
  readonly issuedAt: number
  /** The very answers by which the token was found alive, and until when they say so: a cache hands out the same again. */
  known: { readonly answers: readonly Promise<Entry | null>[]; readonly until: number } | null
}

/** Reads and writes revocations. Every method may throw `StoreError`. */
export interface Revocations {
  /** Whether nothing has ended the token yet, as known within the cache's bound. Not a promise where the cache said so before. */
  isLive(lifelines: Lifelines, now: number): boolean | Promise<boolean>
  /** Revokes one token, as long as any verifier could take it. `false`: none could any more. One atomic insert. */
  revokeToken(claims: AccessTokenClaims): Promise<boolean>
  /**
   * Revokes all of a client's tokens issued until `before`. One compare-and-swap, repeated. Kept for good: nobody knows how
   * long families live that another issuer made, or this one before its options changed.
   */
  revokeClient(clientId: string, before: number): Promise<void>
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
export function createRevocations(store: Store, platform: Platform): Revocations {
  const records = createRecords(store, platform, revocationKind)
  const keyOf = (kind: string, name: string): string => revocationKey(platform, kind, name)

  async function ask(lifelines: Lifelines, answers: readonly Promise<Entry | null>[]): Promise<boolean> {
    let until = Infinity
    const entries = await Promise.all(answers)
    for (const [index, { kind, key, isLogin }] of lifelines.lines.entries()) {
      const entry = entries[index] ?? null
      if (!isLogin && isRevoked(entry && records.decode(entry)?.value, lifelines.issuedAt)) return false
      if (!isLogin) continue
      if (isCurrent(entry, platform.now())) until = Math.min(until, entry?.expiresAt ?? Infinity)
      // Not refused on a copy: a login that was used meanwhile lives longer than the copy says.
      else if (entry === null || !isCurrent(await store.get(kind, key, { fresh: true }), platform.now())) return false
      else until = 0
    }
    lifelines.known = { answers, until }
    return true
  }

  return {
    // A loop without closures, and nothing made where all answers are the same: this runs at every request.
    isLive(lifelines, now) {
      const { lines, known } = lifelines
      for (let index = 0; index < lines.length; index += 1) {
        const { kind, key } = lines[index] as Lifeline
        const answer = store.get(kind, key)
        if (answer === known?.answers[index]) continue
        const later = lines.slice(index + 1).map((line) => store.get(line.kind, line.key))
        return ask(lifelines, [...(known?.answers.slice(0, index) ?? []), answer, ...later])
      }
      return known !== null && now < known.until ? true : ask(lifelines, known?.answers ?? [])
    },
    async revokeToken({ jti, exp }) {
      const expiresAt = Math.ceil(exp) + keptAfterExpirySeconds
      if (expiresAt <= platform.now()) return false
      await records.insert({ key: keyOf('token', jti), owner: null, expiresAt, value: { v: 1, before: null } })
      return true
    },
    async revokeClient(clientId, before) {
      const key = keyOf('client', clientId)
      for (;;) {
        const found = await records.read(key, { fresh: true })
        if (isRevoked(found?.value, before)) return
        const value = { v: 1, before } as const
        const written = found
          ? await records.replace(found, value)
          : await records.insert({ key, owner: null, expiresAt: null, value })
        if (written) return
      }
    },
    async clientRevokedUntil(clientId) {
      return (await records.read(keyOf('client', clientId), { fresh: true }))?.value.before ?? null
    },
  }
}

/** Names the records that could end this token. */
export function lifelinesOf(platform: Platform, { jti, client_id, iat, sid, fid }: AccessTokenClaims): Lifelines {
  const revocation = (kind: string, name: string): Lifeline => {
    return { kind: revocationKind.kind, key: revocationKey(platform, kind, name), isLogin: false }
  }
  const lines = [revocation('token', jti), revocation('client', client_id)]
  if (sid !== undefined && sid !== fid) lines.push({ kind: sessionKind, key: sid, isLogin: true })
  if (fid !== undefined) lines.push({ kind: familyKind, key: fid, isLogin: true })
  return { lines, issuedAt: iat, known: null }
}

function isRevoked(found: Revocation | null | undefined, issuedAt: number): boolean {
  return !!found && (found.before === null || issuedAt <= found.before)
}

function isCurrent(entry: Entry | null, now: number): boolean {
  return entry !== null && (entry.expiresAt === null || entry.expiresAt > now)
}

function revocationKey(platform: Platform, kind: string, name: string): string {
  return sha256Text(platform, `${kind}\n${name}`)
}

function decodeRevocation(stored: unknown): Revocation | null {
  const { v, before } = stored as Partial<Revocation>
  if (v !== 1 || !(before === null || typeof before === 'number')) return null
  return { v, before }
}
