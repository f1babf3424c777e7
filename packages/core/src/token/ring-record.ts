/**
 * The managed key ring as a state machine: pure functions of the record that was read, so that any number of processes agree
 * by compare-and-swap. published → signing → verifying → retired, or compromised.
 *
 * A state counts from `since`, which the first process that *reads* the state stamps: it was surely visible then, however slow
 * the write was.
 */
import type { JsonWebKey } from '../json-web-key.js'
import type { Algorithm } from './jwk.js'
import type { KeyState } from './key-ring.js'

/** One key as it is stored. Times are epoch seconds. */
export interface RingKey {
  readonly kid: string
  readonly algorithm: Algorithm
  readonly state: KeyState['state']
  /** `null`: written, not read back yet. */
  readonly since: number | null
  /** The public half; `null` for a secret. */
  readonly publicKey: JsonWebKey | null
  /** The private key or the secret, sealed; `null` once it is not needed any more. */
  readonly sealed: string | null
}

/** The whole ring, one record. */
export interface RingValue {
  readonly v: 1
  readonly keys: readonly RingKey[]
}

/** When keys change state; all in seconds. */
export interface RingTiming {
  readonly rotateEverySeconds: number
  readonly jwksMaxAgeSeconds: number
  readonly ringRefreshSeconds: number
  readonly clockSkewSeconds: number
  readonly longestTokenSeconds: number
}

/** What the ring asks for next. */
export interface RingStep {
  readonly keys: readonly RingKey[]
  /** A key of this state has to be made. */
  readonly needs: 'signing' | 'published' | null
}

/** How many keys that ended are kept, for `explain()`. */
const mostEndedKeys = 5

/** How long a key is published before it signs: until then some verifier may have an older JWKS. */
export function leadSeconds({ jwksMaxAgeSeconds, ringRefreshSeconds, clockSkewSeconds }: RingTiming): number {
  return jwksMaxAgeSeconds + ringRefreshSeconds + clockSkewSeconds
}

/** How long a key verifies after its successor signs: a process may sign with its copy of the ring a little longer. */
export function verifySeconds({ ringRefreshSeconds, longestTokenSeconds, clockSkewSeconds }: RingTiming): number {
  return ringRefreshSeconds + longestTokenSeconds + clockSkewSeconds
}

/** How long a compromised key may still be trusted somewhere: by a copy of the ring, and by a JWKS made from one. */
export function compromiseSeconds({ jwksMaxAgeSeconds, ringRefreshSeconds, clockSkewSeconds }: RingTiming): number {
  return ringRefreshSeconds + jwksMaxAgeSeconds + clockSkewSeconds
}

/** The ring as it is to be at this time. The same keys, by identity, where nothing is due. */
export function advanceRing(
  keys: readonly RingKey[],
  now: number,
  rules: RingTiming & { algorithm: Algorithm },
): RingStep {
  const timed = retireKeys(stampKeys(keys, now), now, rules)
  const promoted = promoteKey(timed, now, rules)
  const signing = promoted.find(({ state }) => state === 'signing')
  if (!signing) return { keys: promoted, needs: 'signing' }
  const isNextThere = promoted.some(({ state }) => state === 'published')
  return { keys: promoted, needs: !isNextThere && isRotationDue(signing, now, rules) ? 'published' : null }
}

/** The ring without trust in one key; `null`: no such key. A key that is published signs at once, if it was the signing one. */
export function compromiseKey(keys: readonly RingKey[], kid: string): readonly RingKey[] | null {
  if (!keys.some((key) => key.kid === kid)) return null
  return trim(keys.map((key) => (key.kid === kid ? { ...key, state: 'compromised', since: null, sealed: null } : key)))
}

/** What `explain()` tells of the keys. The one that signs is followed as soon as the published one, if there is one, may sign. */
export function explainRing(keys: readonly RingKey[], now: number, timing: RingTiming): KeyState[] {
  const published = keys.find(({ state }) => state === 'published')
  const promotedAt = published && (published.since ?? now) + leadSeconds(timing) + 1
  return keys.map(({ kid, algorithm, state, since }) => {
    const from = since ?? now
    const next = {
      published: { state: 'signing', at: from + leadSeconds(timing) + 1 },
      signing: { state: 'verifying', at: promotedAt ?? from + timing.rotateEverySeconds },
      verifying: { state: 'retired', at: from + verifySeconds(timing) + 1 },
      retired: null,
      compromised: { state: 'refused_everywhere', at: from + compromiseSeconds(timing) },
    }[state]
    return { kid, algorithm, state, since: from, next }
  })
}

function stampKeys(keys: readonly RingKey[], now: number): readonly RingKey[] {
  return keys.some(({ since }) => since === null) ? keys.map((key) => ({ ...key, since: key.since ?? now })) : keys
}

function retireKeys(keys: readonly RingKey[], now: number, timing: RingTiming): readonly RingKey[] {
  const isOver = (key: RingKey): boolean =>
    key.state === 'verifying' && now > (key.since ?? now) + verifySeconds(timing)
  if (!keys.some(isOver)) return keys
  return trim(keys.map((key) => (isOver(key) ? { ...key, state: 'retired', since: now, sealed: null } : key)))
}

/** Without a signing key (it was compromised) there is nothing to wait for: verifiers ask for a `kid` that they do not know. */
function promoteKey(keys: readonly RingKey[], now: number, timing: RingTiming): readonly RingKey[] {
  const next = keys.find(({ state }) => state === 'published')
  const isUrgent = !keys.some(({ state }) => state === 'signing')
  if (!next || !(isUrgent || now > (next.since ?? now) + leadSeconds(timing))) return keys
  return keys.map((key) => {
    if (key === next) return { ...key, state: 'signing', since: null }
    if (key.state !== 'signing') return key
    return { ...key, state: 'verifying', since: null, sealed: key.publicKey ? null : key.sealed }
  })
}

function isRotationDue(signing: RingKey, now: number, rules: RingTiming & { algorithm: Algorithm }): boolean {
  if (signing.algorithm !== rules.algorithm) return true
  return now >= (signing.since ?? now) + rules.rotateEverySeconds - leadSeconds(rules)
}

function trim(keys: readonly RingKey[]): readonly RingKey[] {
  const ended = keys.filter(({ state }) => state === 'retired' || state === 'compromised')
  const dropped = new Set(ended.slice(0, -mostEndedKeys))
  return keys.filter((key) => !dropped.has(key))
}
