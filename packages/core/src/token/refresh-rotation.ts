/** The refresh itself: who may, what comes back, and what ends. */
import { AuthError } from '../errors.js'
import type { Emit } from '../events.js'
import type { Platform } from '../platform.js'
import type { LoginRecords } from '../store/login-records.js'
import type { Records } from '../store/records.js'
import type { WrittenToken } from './access-token-writer.js'
import { type Family, type FamilyValue, judgeRefresh, type RefreshTiming, rotatedFamily } from './refresh-family.js'
import { readRefreshToken, type RefreshTokenCodec } from './refresh-token.js'
import type { Revocations } from './revocation.js'
import { aboutFamily } from './token-grant.js'

/** What the caller of a refresh has proven, besides holding the token. */
export interface RefreshOptions {
  /** The client that authenticated: it must be the family's. Not named: not checked, for first-party apps. */
  readonly clientId?: string
  /** Less scope than was granted, for this access token only (RFC 6749 §6). */
  readonly scope?: string
  /** The thumbprint of the key a DPoP proof was made with; a family that was bound to one needs it (RFC 9449 §5). */
  readonly jkt?: string
}

/** What the rotation needs. */
export interface RotationParts {
  readonly platform: Platform
  readonly emit: Emit
  readonly families: Records<FamilyValue>
  readonly codec: RefreshTokenCodec
  readonly timing: RefreshTiming
  readonly logins: LoginRecords
  readonly revocations: Revocations
}

/** What was presented, and how the access token of its answer is signed. */
export interface PresentedRefresh extends RefreshOptions {
  readonly text: string
  /** Asked before anything is written, with the family as it is then: rotation changes nothing that a token says. */
  sign(family: Family): WrittenToken | Promise<WrittenToken>
}

/** A family at its start or after its refresh, and the access token that goes with it. */
export interface RefreshedFamily {
  readonly family: Family
  readonly written: WrittenToken
}

/** A family whose holder was recognised, and the generation that was presented. */
export interface PresentedFamily {
  readonly family: Family
  readonly generation: number
}

/** Against a store that never lets a write through; honest contention ends after two rounds. */
const mostRounds = 50

/** The family a refresh token is of, read fresh, whatever became of its generation; `null`: no such token was ever made. */
export async function readPresented(
  { families, codec }: Pick<RotationParts, 'families' | 'codec'>,
  text: string,
): Promise<PresentedFamily | null> {
  const parts = readRefreshToken(text)
  const family = parts && (await families.read(parts.selector, { fresh: true }))
  return family && codec.proves(parts, family.value.seed) ? { family, generation: parts.generation } : null
}

/**
 * The family after this refresh: rotated, or as it was where the token comes back inside the retry window. At most one
 * compare-and-swap is written; on a conflict the rule is applied again to what is there then.
 *
 * Throws `invalid_grant`, `StoreError`. Reuse, a dead login and a revoked client end the family.
 */
export async function refreshFamily(parts: RotationParts, refresh: PresentedRefresh): Promise<RefreshedFamily> {
  let written: WrittenToken | null = null
  for (let round = 0; round < mostRounds; round += 1) {
    const now = parts.platform.now()
    const presented = await readPresented(parts, refresh.text)
    if (!presented || !fits(presented.family.value, refresh)) throw refused(parts, presented, 'unknown_token')
    const { family, generation } = presented
    const verdict = judgeRefresh(family.value, generation, { now, timing: parts.timing })
    if (verdict === 'unknown') throw refused(parts, presented, 'unknown_token')
    if (verdict === 'reuse') throw await ended(parts, family, 'reuse')
    if (!(await isLoginAlive(parts, family))) throw await ended(parts, family, 'login_ended')
    // Nothing that can fail comes after the rotation: an answer of ours that is lost for longer than the window turns the
    // client's next try into reuse, and its user is logged out.
    written ??= await refresh.sign(family)
    if (verdict === 'repeat') return { family, written }
    // Signing may have waited: the window begins with the write, else who lost the swap might come after its end.
    const times = { timing: parts.timing, now: parts.platform.now() }
    const next = rotatedFamily(family.value, { ...times, secretId: parts.codec.secretId })
    const rotated = await parts.families.replace(family, next.value, next.expiresAt)
    if (rotated) return { family: rotated, written }
  }
  throw new AuthError('unavailable')
}

/** A token in other hands than its client's, or without its key, says nothing about the family: it ends nothing. */
function fits({ clientId, jkt }: FamilyValue, options: RefreshOptions): boolean {
  return (options.clientId ?? clientId) === clientId && (jkt === null || options.jkt === jkt)
}

async function isLoginAlive({ logins, revocations }: RotationParts, { value }: Family): Promise<boolean> {
  const revokedUntil = await revocations.clientRevokedUntil(value.clientId)
  if (revokedUntil !== null && value.createdAt <= revokedUntil) return false
  return value.sessionId === null || logins.use(value.sessionId)
}

async function ended({ families, emit }: RotationParts, family: Family, reason: string): Promise<AuthError> {
  await families.remove(family.key)
  emit(reason === 'reuse' ? 'token.reused' : 'token.revoked', { ...aboutFamily(family), reason })
  return new AuthError('invalid_grant')
}

function refused({ emit }: RotationParts, presented: PresentedFamily | null, reason: string): AuthError {
  emit('token.rejected', { ...(presented ? aboutFamily(presented.family) : {}), reason })
  return new AuthError('invalid_grant')
}
