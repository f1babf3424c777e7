/** A key ring that rotates by itself: kept in the store, private keys sealed, agreed between processes by compare-and-swap. */
import { AuthError, ConfigError, StoreError } from '../errors.js'
import { createEmit, type Emit } from '../events.js'
import { expected, requireMethods, seconds } from '../internal/options.js'
import { createSealer, type Sealer } from '../internal/sealing.js'
import { randomText } from '../internal/opaque-token.js'
import { type Platform, systemPlatform } from '../platform.js'
import type { Shared } from '../shared.js'
import { boundedStore } from '../store/bounded-store.js'
import { createRecords, type Records, type Stored } from '../store/records.js'
import { type Algorithm, checkJwk, type CheckedKey, keyShapes, publicJwk } from './jwk.js'
import { createSigningKey, createVerifyingKey, type SigningKey, type VerifyingKey } from './jws-key.js'
import { generateJwk } from './key-formats.js'
import { type KeyRing, type KeySource, withSource } from './key-ring.js'
import {
  advanceRing,
  compromiseKey,
  explainKey,
  leadSeconds,
  type RingKey,
  type RingTiming,
  type RingValue,
} from './ring-record.js'
import { isJsonObject } from './strict-json.js'

/** Options of {@link createKeyRing}, besides the shared ones. */
export interface KeyRingOptions {
  /** What new keys are made for. Default `ES256`. A change is a rotation. */
  readonly algorithm?: Algorithm
  /** How long a key signs. Default 2_592_000 (30 days). */
  readonly rotateEverySeconds?: number
  /** How long verifiers may keep the JWKS. Default 300. */
  readonly jwksMaxAgeSeconds?: number
  /** How old a process's copy of the ring may be. Default 30. */
  readonly ringRefreshSeconds?: number
  /** How far clocks of this system's processes may be apart. Default 5. */
  readonly clockSkewSeconds?: number
  /** The longest life of any token signed with the ring; issuers may not exceed it. Default 3_600. */
  readonly longestTokenSeconds?: number
}

/** A process's copy of the ring. */
interface RingCopy {
  /** When its read started, on the monotonic clock. */
  readonly readAt: number
  readonly record: Stored<RingValue>
  readonly signing: SigningKey
  readonly verifying: ReadonlyMap<string, VerifyingKey>
}

/** What the ring is made with. */
interface Ring {
  readonly platform: Platform
  readonly emit: Emit
  readonly records: Records<RingValue>
  readonly sealer: Sealer
  readonly rules: RingTiming & { readonly algorithm: Algorithm }
  /** Opened keys, so that each is unsealed and imported once. */
  readonly signingKeys: Map<string, SigningKey>
  readonly verifyingKeys: Map<string, VerifyingKey>
}

const recordKey = 'ring'
const day = 86_400
const storeTimeoutSeconds = 5
const kidBytes = 12
/** A refresh writes at most a few times (make, stamp, promote); more means that the store never lets it. */
const mostRounds = 20

/**
 * A ring that makes, publishes, promotes and retires its keys on schedule, when it is used: there is no timer. All processes on
 * one store share it. Tokens signed before a rotation stay good; nobody is logged out.
 *
 * Its methods throw `StoreError` where the ring cannot be read or was sealed with a secret that is not known here: a process
 * never starts a ring of its own instead. Throws `ConfigError` for bad options.
 *
 * @example
 * ```ts
 * const keys = createKeyRing({ ...shared, algorithm: 'EdDSA' })
 * app.get('/.well-known/jwks.json', async (_req, res) => { res.set('Cache-Control', keys.jwksCacheControl).json(await keys.jwks()) })
 * ```
 */
export function createKeyRing(
  options: Pick<Shared, 'store' | 'secrets' | 'onEvent' | 'platform'> & KeyRingOptions,
): KeyRing {
  const ring = makeRing(options)
  const { platform, rules } = ring
  let copy: RingCopy | null = null
  let running: Promise<RingCopy> | null = null

  /** A copy whose read starts now or later than the last one ended. */
  function refresh(): Promise<RingCopy> {
    if (running) return running
    const land = (): void => {
      running = null
    }
    running = readRing(ring).then((fresh) => {
      copy = fresh
      return fresh
    })
    running.then(land, land)
    return running
  }

  function current(): RingCopy | Promise<RingCopy> {
    const age = copy ? platform.monotonic() - copy.readAt : Infinity
    return copy && age < rules.ringRefreshSeconds * 1000 ? copy : refresh()
  }

  const source: KeySource = {
    longestTokenSeconds: rules.longestTokenSeconds,
    signingKey() {
      const found = current()
      return found instanceof Promise ? found.then(({ signing }) => signing) : found.signing
    },
    find(kid, algorithm) {
      const found = current()
      return found instanceof Promise
        ? found.then((fresh) => findKey(fresh, kid, algorithm))
        : findKey(found, kid, algorithm)
    },
  }
  return withSource(
    {
      jwksCacheControl: `public, max-age=${rules.jwksMaxAgeSeconds}`,
      async jwks() {
        const { record } = await current()
        return { keys: trusted(record.value).flatMap(({ publicKey }) => (publicKey ? [publicKey] : [])) }
      },
      async rotate() {
        await change(ring, async ({ keys }) => {
          if (keys.some(({ state }) => state === 'published')) return null
          return [...keys, await makeKey(ring, 'published')]
        })
        await refresh()
      },
      async compromised(kid) {
        await change(ring, ({ keys }) => {
          const without = compromiseKey(keys, kid)
          if (!without) throw new AuthError('not_found')
          return keys.find((key) => key.kid === kid)?.state === 'compromised' ? null : without
        })
        ring.emit('key.compromised', { reason: kid })
        // Not a copy that was under way before: it may have been read before the write.
        await running?.catch(() => undefined)
        await refresh()
      },
      async explain() {
        const { record } = await refresh()
        return record.value.keys.map((key) => explainKey(key, platform.now(), rules))
      },
    },
    source,
  )
}

function makeRing(options: Parameters<typeof createKeyRing>[0]): Ring {
  const { algorithm = 'ES256', platform = systemPlatform } = options
  requireMethods('store', options.store, ['get', 'insert', 'replace', 'remove', 'listByOwner'])
  if (!Object.hasOwn(keyShapes, algorithm))
    throw expected('algorithm', `one of ${Object.keys(keyShapes).join(', ')}`, algorithm)
  const rules = {
    algorithm,
    rotateEverySeconds: seconds('rotateEverySeconds', options.rotateEverySeconds, {
      default: 30 * day,
      min: 1,
      max: 4000 * day,
    }),
    jwksMaxAgeSeconds: seconds('jwksMaxAgeSeconds', options.jwksMaxAgeSeconds, { default: 300, min: 1, max: day }),
    ringRefreshSeconds: seconds('ringRefreshSeconds', options.ringRefreshSeconds, { default: 30, min: 1, max: 3600 }),
    clockSkewSeconds: seconds('clockSkewSeconds', options.clockSkewSeconds, { default: 5, min: 0, max: 60 }),
    longestTokenSeconds: seconds('longestTokenSeconds', options.longestTokenSeconds, {
      default: 3600,
      min: 1,
      max: 30 * day,
    }),
  }
  if (rules.rotateEverySeconds <= leadSeconds(rules)) {
    throw new ConfigError(
      `rotateEverySeconds: expected more than jwksMaxAgeSeconds + ringRefreshSeconds + clockSkewSeconds, which is ${leadSeconds(rules)}`,
    )
  }
  return {
    platform,
    rules,
    emit: createEmit(options.onEvent, platform),
    records: createRecords(boundedStore(options.store, platform, storeTimeoutSeconds), platform, {
      kind: 'key-ring',
      decode: decodeRing,
      unreadable: 'error',
    }),
    sealer: createSealer(platform, options.secrets, 'key-ring'),
    signingKeys: new Map(),
    verifyingKeys: new Map(),
  }
}

/** Reads the ring fresh, after bringing it to what it is to be now. */
async function readRing(ring: Ring): Promise<RingCopy> {
  for (let round = 0; round < mostRounds; round += 1) {
    const readAt = ring.platform.monotonic()
    const record = await ring.records.read(recordKey, { fresh: true })
    if (!record) {
      await insertRing(ring)
      continue
    }
    // Before anything is written: a process that cannot open the ring has no business changing it.
    const opened = await openRing(ring, record.value)
    const step = advanceRing(record.value.keys, ring.platform.now(), ring.rules)
    const made = step.needs ? [...step.keys, await makeKey(ring, step.needs)] : step.keys
    const keys = await resealKeys(ring, made)
    if (keys === record.value.keys && opened.signing) return { readAt, record, ...opened, signing: opened.signing }
    if (await ring.records.replace(record, { v: 1, keys })) emitChanges(ring, record.value.keys, keys)
  }
  throw new StoreError('The key ring could not be settled.')
}

/** One change by compare-and-swap, repeated on what is there then; `null`: nothing is to be changed. */
async function change(
  ring: Ring,
  decide: (value: RingValue) => readonly RingKey[] | null | Promise<readonly RingKey[] | null>,
): Promise<void> {
  for (let round = 0; round < mostRounds; round += 1) {
    const { record } = await readRing(ring)
    const keys = await decide(record.value)
    if (!keys) return
    if (!(await ring.records.replace(record, { v: 1, keys }))) continue
    emitChanges(ring, record.value.keys, keys)
    return
  }
  throw new AuthError('conflict')
}

async function insertRing(ring: Ring): Promise<void> {
  const keys = [await makeKey(ring, 'signing')]
  const inserted = await ring.records.insert({ key: recordKey, owner: null, expiresAt: null, value: { v: 1, keys } })
  if (inserted) emitChanges(ring, [], keys)
}

async function openRing(
  ring: Ring,
  value: RingValue,
): Promise<Pick<RingCopy, 'verifying'> & { signing: SigningKey | null }> {
  const verifying = new Map<string, VerifyingKey>()
  let signing: SigningKey | null = null
  for (const key of trusted(value)) {
    if (key.sealed !== null && !ring.signingKeys.has(key.kid)) await openKey(ring, key)
    const found = ring.verifyingKeys.get(key.kid) ?? rememberPublic(ring, key)
    verifying.set(key.kid, found)
    if (key.state === 'signing') signing = ring.signingKeys.get(key.kid) ?? null
  }
  forgetOthers(ring, verifying)
  return { verifying, signing }
}

async function openKey(ring: Ring, key: RingKey): Promise<void> {
  const opened = await ring.sealer.open(key.sealed)
  if (!opened) throw new StoreError('The key ring was sealed with a secret that this process does not have.')
  const checked = checkJwk(JSON.parse(opened.plaintext))
  if (typeof checked === 'string') throw new StoreError('The key ring holds a key that cannot be used.')
  ring.signingKeys.set(key.kid, createSigningKey(checked))
  if (!ring.verifyingKeys.has(key.kid)) ring.verifyingKeys.set(key.kid, createVerifyingKey(checked))
}

function rememberPublic(ring: Ring, { kid, publicKey }: RingKey): VerifyingKey {
  const checked = publicKey ? checkJwk(publicKey) : 'a key'
  if (typeof checked === 'string') throw new StoreError('The key ring holds a key that cannot be used.')
  const key = createVerifyingKey(checked)
  ring.verifyingKeys.set(kid, key)
  return key
}

function forgetOthers({ signingKeys, verifyingKeys }: Ring, kept: ReadonlyMap<string, unknown>): void {
  for (const kid of verifyingKeys.keys()) if (!kept.has(kid)) verifyingKeys.delete(kid)
  for (const kid of signingKeys.keys()) if (!kept.has(kid)) signingKeys.delete(kid)
}

/** Keys that an older secret sealed are sealed again with the first one. The same list where none is. */
async function resealKeys(ring: Ring, keys: readonly RingKey[]): Promise<readonly RingKey[]> {
  const opened = await Promise.all(keys.map(({ sealed }) => (sealed === null ? null : ring.sealer.open(sealed))))
  if (opened.every((found) => found === null || found.current)) return keys
  return Promise.all(
    keys.map(async (key, index) => {
      const found = opened[index]
      return found && !found.current ? { ...key, sealed: await ring.sealer.seal(found.plaintext) } : key
    }),
  )
}

async function makeKey({ platform, sealer, rules }: Ring, state: 'signing' | 'published'): Promise<RingKey> {
  const { algorithm } = rules
  const kid = randomText(platform, kidBytes)
  const checked = checkJwk({ ...(await generateJwk(algorithm)), kid } as JsonWebKey)
  if (typeof checked === 'string') throw new StoreError(`The runtime made something else than ${checked}.`)
  const sealed = await sealer.seal(JSON.stringify(privateJwk(checked)))
  return { kid, algorithm, state, since: null, publicKey: publicJwk(checked), sealed }
}

function privateJwk({ jwk, kid, algorithm }: CheckedKey): Record<string, unknown> {
  return { ...jwk, kid, alg: algorithm }
}

function findKey({ verifying }: RingCopy, kid: string | undefined, algorithm: string): VerifyingKey | null {
  // A ring that changes its keys signs no token without naming one.
  const key = kid === undefined ? undefined : verifying.get(kid)
  return key?.algorithm === algorithm ? key : null
}

function trusted({ keys }: RingValue): RingKey[] {
  return keys.filter(({ state }) => state === 'published' || state === 'signing' || state === 'verifying')
}

function emitChanges({ emit }: Ring, before: readonly RingKey[], after: readonly RingKey[]): void {
  for (const { kid, state } of after) {
    if (before.find((key) => key.kid === kid)?.state === state) continue
    if (state === 'published' || state === 'signing' || state === 'retired') emit(`key.${state}`, { reason: kid })
  }
}

function decodeRing(stored: unknown): RingValue | null {
  const { v, keys } = stored as Partial<RingValue>
  return v === 1 && Array.isArray(keys) && keys.every(isRingKey) ? { v, keys } : null
}

function isRingKey(value: unknown): value is RingKey {
  if (!isJsonObject(value) || typeof value.kid !== 'string' || !Object.hasOwn(keyShapes, String(value.algorithm)))
    return false
  const isKnown = ['published', 'signing', 'verifying', 'retired', 'compromised'].includes(String(value.state))
  const isTimed = value.since === null || Number.isSafeInteger(value.since)
  const isPublic = value.publicKey === null || isJsonObject(value.publicKey)
  return isKnown && isTimed && isPublic && (value.sealed === null || typeof value.sealed === 'string')
}
