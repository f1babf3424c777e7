/** Key rings: what signs, what verifies, and what the world may know of it. */
import { ConfigError } from '../errors.js'
import { expected } from '../internal/options.js'
import type { JsonWebKey } from '../json-web-key.js'
import { type Algorithm, type CheckedKey, checkJwk, publicJwk } from './jwk.js'
import { createSigningKey, createVerifyingKey, type SigningKey, type VerifyingKey } from './jws-key.js'

/** Keys with their life: made by `createKeyRing` or `staticKeyRing`. Methods of a managed ring may throw `StoreError`. */
export interface KeyRing {
  /** The JWKS document (RFC 7517 §5): public parts only. */
  jwks(): Promise<{ keys: JsonWebKey[] }>
  /** Send it as `Cache-Control` with the JWKS, such as `public, max-age=300`: verifiers must not keep it longer. */
  readonly jwksCacheControl: string
  /** Publishes the next key now; it signs once every verifier can know it. One compare-and-swap. */
  rotate(): Promise<void>
  /**
   * Stops trusting a key: here at once, elsewhere within the bound that `explain()` names. A successor signs at once if it was
   * the signing one. One compare-and-swap: succeeds or throws (`not_found`, `StoreError`).
   */
  compromised(kid: string): Promise<void>
  /** What each key is, since when, what comes next and when every verifier will know. */
  explain(): Promise<KeyState[]>
}

/** One key of a ring. Times are epoch seconds. */
export interface KeyState {
  /** The key’s id, as `kid` names it in tokens and in the JWKS. */
  readonly kid: string
  /** What it signs with. */
  readonly algorithm: Algorithm
  /** What the key may do now. */
  readonly state: 'published' | 'signing' | 'verifying' | 'retired' | 'compromised'
  /** When it came into this state, as counted by the ring. */
  readonly since: number
  /** What comes next, at the earliest; for a compromised key `refused_everywhere`, at the latest. */
  readonly next: { readonly state: string; readonly at: number } | null
}

/** The side of a ring (or of a remote key set) that issuers and verifiers use. */
export interface KeySource {
  /** The key that signs now. `ConfigError` where none can; `StoreError` where it cannot be known. */
  signingKey(): SigningKey | Promise<SigningKey>
  /** The trusted key of that name and algorithm; without a name, the only one of that algorithm. No promise where it is known at once. */
  find(kid: string | undefined, algorithm: string): VerifyingKey | null | Promise<VerifyingKey | null>
  /** The longest life of a token that the ring's timing allows for; `null`: any. */
  readonly longestTokenSeconds: number | null
}

const sources = new WeakMap<object, KeySource>()

/** Ties the two sides of a ring together, so that its public face shows no keys. */
export function withSource(ring: KeyRing, source: KeySource): KeyRing {
  sources.set(ring, source)
  return Object.freeze(ring)
}

/** The keys behind a ring; throws `ConfigError` for anything that is none. */
export function sourceOf(ring: unknown): KeySource {
  const source = typeof ring === 'object' && ring !== null ? sources.get(ring) : undefined
  if (source) return source
  throw expected('keys', 'what createKeyRing or staticKeyRing returned', ring)
}

/**
 * A ring of your own keys, newest first: private ones and secrets sign (the first of them) and verify, public ones only
 * verify. Use `jwkFromPem` and `jwkFromSecret` for keys in other forms. Rotation is by deploying another list.
 *
 * Throws `ConfigError` for a weak, unknown or doubled key.
 *
 * @example
 * ```ts
 * const keys = staticKeyRing([JSON.parse(process.env.SIGNING_KEY ?? '')])
 * ```
 */
export function staticKeyRing(keys: readonly JsonWebKey[]): KeyRing {
  const checked = checkKeys('keys', keys)
  const set = createKeySet(checked)
  const first = checked.find(({ isPrivate }) => isPrivate)
  const signing = first && createSigningKey(first)
  return withSource(
    {
      jwks: async () => ({ keys: checked.map(publicJwk).filter((jwk) => jwk !== null) }),
      jwksCacheControl: 'public, max-age=300',
      async rotate() {
        throw new ConfigError('rotate: a static ring rotates by another list of keys')
      },
      async compromised() {
        throw new ConfigError('compromised: take the key out of the list of a static ring')
      },
      explain: async () => checked.map((key) => stateOf(key, key === first)),
    },
    {
      find: set.find,
      longestTokenSeconds: null,
      signingKey() {
        if (signing) return signing
        throw new ConfigError('keys: expected a private key or a secret to sign with')
      },
    },
  )
}

/** Verifying keys by name, and by algorithm where a token names none. */
export function createKeySet(keys: readonly CheckedKey[]): Pick<KeySource, 'find'> {
  const verifying = keys.map((key) => createVerifyingKey(key))
  const named = new Map(verifying.map((key) => [key.kid, key]))
  return {
    find(kid, algorithm) {
      if (kid !== undefined) {
        const key = named.get(kid)
        return key?.algorithm === algorithm ? key : null
      }
      const [only, another] = verifying.filter((key) => key.algorithm === algorithm)
      return only && !another ? only : null
    },
  }
}

/** The keys of a set that can be used here (RFC 7517 §5): others, whose owner publishes them for others, are passed over. */
export function usableKeys(listed: readonly unknown[], algorithms: readonly Algorithm[]): CheckedKey[] {
  const found = new Map<string, CheckedKey>()
  for (const jwk of listed) {
    const key = typeof jwk === 'object' && jwk !== null ? checkJwk(jwk) : ''
    if (typeof key !== 'string' && algorithms.includes(key.algorithm) && !found.has(key.kid)) found.set(key.kid, key)
  }
  return [...found.values()]
}

/** A list of keys, each checked; throws `ConfigError` naming the place. */
export function checkKeys(option: string, keys: unknown): CheckedKey[] {
  if (!Array.isArray(keys) || keys.length === 0) throw expected(option, 'a list of one or more JSON Web Keys', keys)
  const checked = keys.map((key: unknown, index) => {
    const name = `${option}[${index}]`
    if (typeof key !== 'object' || key === null) throw expected(name, 'a JSON Web Key', key)
    const found = checkJwk(key)
    if (typeof found === 'string') throw new ConfigError(`${name}: expected ${found}`)
    return found
  })
  if (new Set(checked.map(({ kid }) => kid)).size < checked.length)
    throw new ConfigError(`${option}: one kid is named twice`)
  return checked
}

/** A key to sign with that no verifier has to share; throws `ConfigError`. */
export function checkPrivateKey(option: string, key: JsonWebKey): CheckedKey {
  const what = 'a private key for ES256, EdDSA, RS256 or PS256'
  if (typeof key !== 'object' || key === null) throw expected(option, what, key)
  const checked = checkJwk(key)
  if (typeof checked !== 'string' && checked.isPrivate && checked.algorithm !== 'HS256') return checked
  throw new ConfigError(`${option}: expected ${what}`)
}

function stateOf({ kid, algorithm }: CheckedKey, isSigning: boolean): KeyState {
  return { kid, algorithm, state: isSigning ? 'signing' : 'verifying', since: 0, next: null }
}
