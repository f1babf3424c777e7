/**
 * Refresh families: one record each, so that rotation is one compare-and-swap. Rotation is successor-confirmed: whoever
 * refreshes twice, at once or because an answer was lost, gets the same successor.
 */
import { randomText } from '../internal/opaque-token.js'
import type { Platform } from '../platform.js'
import { familyKind } from '../store/login-records.js'
import { createRecords, type Records, type Stored } from '../store/records.js'
import type { Store } from '../store/store.js'
import { isJsonObject, type JsonObject } from './strict-json.js'

/** What one refresh family keeps. Times are epoch seconds. */
export interface FamilyValue {
  readonly v: 1
  /** The login it belongs to; `null`: it is a login of its own. */
  readonly sessionId: string | null
  readonly clientId: string
  readonly audience: string
  readonly scope: string | null
  /** The app's own claims, which every access token of the family carries. */
  readonly claims: JsonObject
  readonly authTime: number | null
  /** Thumbprint of the key that must be proven at every refresh (RFC 9449); `null`: none. */
  readonly jkt: string | null
  readonly createdAt: number
  /** No refresh goes past this time. */
  readonly endsAt: number
  /** Counts rotations; a refresh token names the one it is of. */
  readonly generation: number
  readonly rotatedAt: number
  readonly seed: string
  /** The id of the secret that the current refresh token is made with. */
  readonly secretId: string
}

/** A refresh family as it is stored. */
export type Family = Stored<FamilyValue>

/** What a refresh token is to its family now. */
export type RefreshVerdict = 'rotate' | 'repeat' | 'reuse' | 'unknown'

/** How long families and their tokens are good for. */
export interface RefreshTiming {
  readonly retryWindowSeconds: number
  readonly clockSkewSeconds: number
  /** How long a family lives without use. */
  readonly refreshTokenSeconds: number
  readonly familySeconds: number
}

/** A new family, before it has a time and a secret. */
export type NewFamily = Pick<
  FamilyValue,
  'sessionId' | 'clientId' | 'audience' | 'scope' | 'claims' | 'authTime' | 'jkt'
>

const selectorBytes = 16
const seedBytes = 16

/** The typed view of the family records. Nothing reads a family from a cache before it decides a write. */
export function familyRecords(store: Store, platform: Platform): Records<FamilyValue> {
  return createRecords(store, platform, { kind: familyKind, decode: decodeFamily, unreadable: 'absent' })
}

/** What a proven token of `generation` is to the family: pure. */
export function judgeRefresh(
  { generation: current, rotatedAt }: Pick<FamilyValue, 'generation' | 'rotatedAt'>,
  generation: number,
  { now, timing }: { now: number; timing: Pick<RefreshTiming, 'retryWindowSeconds' | 'clockSkewSeconds'> },
): RefreshVerdict {
  if (generation > current) return 'unknown'
  if (generation < current - 1) return 'reuse'
  const strict = timing.retryWindowSeconds === 0
  const window = timing.retryWindowSeconds + timing.clockSkewSeconds
  if (generation === current) return strict || now - rotatedAt > window ? 'rotate' : 'repeat'
  return strict || Math.abs(now - rotatedAt) > window ? 'reuse' : 'repeat'
}

/** The record of a new family. */
export function newFamily(
  platform: Platform,
  family: NewFamily,
  { timing, secretId, now }: { timing: RefreshTiming; secretId: string; now: number },
): { readonly key: string; readonly value: FamilyValue; readonly expiresAt: number } {
  const seed = randomText(platform, seedBytes)
  const endsAt = now + timing.familySeconds
  const value = { v: 1, ...family, createdAt: now, endsAt, generation: 0, rotatedAt: now, seed, secretId } as const
  return { key: randomText(platform, selectorBytes), value, expiresAt: idleEnd(value, timing) }
}

/** The family after a rotation. */
export function rotatedFamily(
  value: FamilyValue,
  { timing, secretId, now }: { timing: RefreshTiming; secretId: string; now: number },
): { readonly value: FamilyValue; readonly expiresAt: number } {
  const rotated = { ...value, generation: value.generation + 1, rotatedAt: now, secretId }
  return { value: rotated, expiresAt: idleEnd(rotated, timing) }
}

function idleEnd({ rotatedAt, endsAt }: FamilyValue, { refreshTokenSeconds }: RefreshTiming): number {
  return Math.min(rotatedAt + refreshTokenSeconds, endsAt)
}

function decodeFamily(stored: unknown): FamilyValue | null {
  const value = stored as Partial<FamilyValue>
  const times = [value.createdAt, value.endsAt, value.rotatedAt, value.generation]
  const texts = [value.clientId, value.audience, value.seed, value.secretId]
  const optional = [value.sessionId, value.scope, value.jkt]
  if (value.v !== 1 || !times.every(Number.isSafeInteger) || !isJsonObject(value.claims)) return null
  if (!texts.every((text) => typeof text === 'string')) return null
  if (!optional.every((text) => text === null || typeof text === 'string')) return null
  return value.authTime === null || Number.isSafeInteger(value.authTime) ? (value as FamilyValue) : null
}
