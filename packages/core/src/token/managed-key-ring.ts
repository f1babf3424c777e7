/** A key ring that rotates by itself: kept in the store, private keys sealed, agreed between processes by compare-and-swap. */
import { AuthError, ConfigError, StoreError } from '../errors.js'
import { createEmit, type Emit } from '../events.js'
import { expected, optionalFunction, requireMethods, seconds } from '../internal/options.js'
import { createSealer, type Sealer } from '../internal/sealing.js'
import { randomText } from '../internal/opaque-token.js'
import type { JsonWebKey } from '../json-web-key.js'
import { type Platform, systemPlatform } from '../platform.js'
import type { Shared } from '../shared.js'
import { boundedStore } from '../store/bounded-store.js'
import { createRecords, type Records, type Stored } from '../store/records.js'
import { type Algorithm, checkJwk, type CheckedKey, keyShapes, mostKidLength, publicJwk } from './jwk.js'
import { createSigningKey, createVerifyingKey, type SigningKey, type VerifyingKey } from './jws-key.js'
import { keepCopy, type KeptCopy } from './kept-copy.js'
import { generateJwk } from './key-formats.js'
import { type KeyRing, type KeySource, withSource } from './key-ring.js'
import {
  advanceRing,
  compromiseKey,
  explainRing,
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
/** Names that are in nobody's ring; a flood of them only makes each be asked for again. */
const mostAbsent = 1000

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
  const copies = keepCopy(platform, rules.ringRefreshSeconds, () => readRing(ring))
  const source: KeySource = {
    longestTokenSeconds: rules.longestTokenSeconds,
    signingKey() {
      const found = copies.current()
      return found instanceof Promise ? found.then(({ signing }) => signing) : found.signing
    },
    find: keyFinder(ring, copies),
  }
  return withSource(
    {
      jwksCacheControl: `public, max-age=${rules.jwksMaxAgeSeconds}`,
      async jwks() {
        const { record } = await copies.current()
        return { keys: trusted(record.value).flatMap(({ publicKey }) => (publicKey ? [publicKey] : [])) }
      },
      async rotate() {
        await change(ring, async ({ keys }) => {
          if (keys.some(({ state }) => state === 'published')) return null
          return [...keys, await makeKey(ring, 'published')]
        })
        await copies.fresh()
      },
      async compromised(kid) {
        await change(ring, ({ keys }) => {
          const without = compromiseKey(keys, kid)
          if (!without) throw new AuthError('not_found')
          return keys.find((key) => key.kid === kid)?.state === 'compromised' ? null : without
        })
        ring.emit('key.compromised', { reason: kid })
        // Not by a read that was under way before: it may be older than the write.
        await copies.fresh()
      },
      async explain() {
        const { record } = await copies.fresh()
        return explainRing(record.value.keys, platform.now(), rules)
      },
    },
    source,
  )
}

function makeRing(options: Parameters<typeof createKeyRing>[0]): Ring {
  const { algorithm = 'ES256', platform = systemPlatform } = options
  requireMethods('store', options.store, ['get', 'insert', 'replace', 'remove', 'listByOwner'])
  optionalFunction('onEvent', options.onEvent)
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

/**
 * A name that the copy does not have is looked for in a fresh one before it is refused: after an incident a key signs that
 * other processes have not read yet. Names are random, so one that is not there is nobody's for as long as a copy is good.
 */
function keyFinder({ platform, rules }: Ring, copies: KeptCopy<RingCopy>): KeySource['find'] {
  const absent = new Map<string, number>()

  function isAbsent(kid: string): boolean {
    const askedAt = absent.get(kid) ?? -Infinity
    return kid.length > mostKidLength || platform.monotonic() - askedAt < rules.ringRefreshSeconds * 1000
  }

  async function confirm(kid: string, algorithm: string): Promise<VerifyingKey | null> {
    const askedAt = platform.monotonic()
    const key = (await copies.confirmed()).verifying.get(kid)
    if (key) return fitting(key, algorithm)
    if (absent.size >= mostAbsent) absent.clear()
    absent.set(kid, askedAt)
    return null
  }

  function look({ verifying }: RingCopy, kid: string, algorithm: string): ReturnType<KeySource['find']> {
    const key = verifying.get(kid)
    if (key) return fitting(key, algorithm)
    return isAbsent(kid) ? null : confirm(kid, algorithm)
  }

  return (kid, algorithm) => {
    // A ring that changes its keys signs no token without naming one.
    if (kid === undefined) return null
    const copy = copies.current()
    return copy instanceof Promise ? copy.then((found) => look(found, kid, algorithm)) : look(copy, kid, algorithm)
  }
}

function fitting(key: VerifyingKey, algorithm: string): VerifyingKey | null {
  return key.algorithm === algorithm ? key : null
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
