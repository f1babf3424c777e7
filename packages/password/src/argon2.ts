/** argon2id (RFC 9106) in PHC strings: today's settings, the pepper, and the argon2 hashes of others. */
import { timingSafeEqual } from 'node:crypto'
import { hash as argon2Hash, hashRaw } from '@node-rs/argon2'
import { wholeNumber } from './options.js'
import { normalizePassword } from './password-text.js'
import { type Pepper, readPeppers } from './pepper.js'
import { readBase64 } from './stored-hash/encodings.js'
import { type Comparison, readNumber } from './stored-hash/stored-hash.js'

/** What new hashes are made with. */
export interface Argon2Options {
  /** Memory of one hash in KiB, 19 456 to 262 144. Default: 19 456 (OWASP). */
  readonly memoryKiB?: number
  /** Passes over the memory, 2 to 16. Default: 2. */
  readonly iterations?: number
  /** Lanes, 1 to 16. Default: 1. */
  readonly parallelism?: number
  /**
   * A secret that every hash needs besides the password, as text of at least 32 characters, kept outside the database; or
   * several, newest first. New hashes are made with the first. Default: none.
   */
  readonly pepper?: string | readonly string[]
}

/** Makes hashes and reads them. */
export interface Argon2 {
  /** A PHC string of today's settings, with a fresh salt of 16 octets. */
  hash(password: string): Promise<string>
  /** How to compare with a stored PHC string, Django's form too; `null` for another form, costs out of bounds, an unknown pepper. */
  read(stored: string): Comparison | null
  /** Whether a stored hash is as strong as one made today, and made with today's pepper. */
  isCurrent(stored: string): boolean
  /** The work of comparing with a hash of today's settings, for somebody who has none. Always no. */
  decoy: Comparison
}

/** The parts of a PHC string. */
interface Argon2Hash {
  readonly type: 'd' | 'i' | 'id'
  readonly version: '16' | '19'
  readonly memoryCost: number
  readonly timeCost: number
  readonly parallelism: number
  /** Names the pepper; `null`: made without one. */
  readonly pepperId: string | null
  readonly salt: Buffer
  readonly tag: Buffer
}

/** Bounds of today's settings and of stored ones alike, so that no setting makes a hash that later cannot be read. */
const mostMemoryKiB = 262_144
const mostIterations = 16
const mostLanes = 16
/** Django writes the name of its own hasher before the PHC string. */
const djangoPrefix = 'argon2$'
const saltLength = 16
const tagLength = 32
/** The numbers that the native library has for them. */
const types = { d: 0, i: 1, id: 2 } as const
const versions = { '16': 0, '19': 1 } as const
const shape =
  /^\$argon2(id|i|d)\$(?:v=(16|19)\$)?m=(\d+),t=(\d+),p=(\d+)(?:,keyid=([\w+/]{1,11}))?\$([\w+/]{11,86})\$([\w+/]{22,86})$/

/** Makes it. Throws `ConfigError` for settings below the floor or out of bounds, or a pepper that is too short. */
export function createArgon2(options: Argon2Options): Argon2 {
  const settings = readSettings(options)
  const peppers = readPeppers(options.pepper)
  const [pepper = null] = peppers
  const today = { ...settings, type: 'id', version: '19', pepperId: pepper?.id ?? null } as const

  return {
    async hash(password) {
      const phc = await argon2Hash(normalizePassword(password), { ...settings, ...secretOf(pepper) })
      return pepper ? phc.replace(/(,p=\d+)\$/, `$1,keyid=${pepper.id}$`) : phc
    },
    read(stored) {
      const parsed = parsePhc(stored.startsWith(djangoPrefix) ? stored.slice(djangoPrefix.length - 1) : stored)
      if (!parsed) return null
      const known = peppers.find(({ id }) => id === parsed.pepperId) ?? null
      return parsed.pepperId !== null && !known ? null : compare(parsed, known)
    },
    isCurrent(stored) {
      const parsed = parsePhc(stored)
      return parsed !== null && isAsStrong(parsed, today)
    },
    decoy: compare({ ...today, salt: Buffer.alloc(saltLength), tag: Buffer.alloc(tagLength) }, pepper),
  }
}

function readSettings(options: Argon2Options): Pick<Argon2Hash, 'memoryCost' | 'timeCost' | 'parallelism'> {
  const { memoryKiB, iterations, parallelism } = options
  return {
    memoryCost: wholeNumber('memoryKiB', memoryKiB, { default: 19_456, min: 19_456, max: mostMemoryKiB, unit: 'KiB' }),
    timeCost: wholeNumber('iterations', iterations, { default: 2, min: 2, max: mostIterations, unit: 'passes' }),
    parallelism: wholeNumber('parallelism', parallelism, { default: 1, min: 1, max: mostLanes, unit: 'lanes' }),
  }
}

function parsePhc(stored: string): Argon2Hash | null {
  const [, type, version = '16', m, t, p, pepperId = null, salt = '', tag = ''] = shape.exec(stored) ?? []
  const [memoryCost, timeCost] = [readNumber(m, 8, mostMemoryKiB), readNumber(t, 1, mostIterations)]
  const parallelism = readNumber(p, 1, mostLanes)
  const octets = { salt: readBase64(salt), tag: readBase64(tag) }
  if (memoryCost === null || timeCost === null || parallelism === null || memoryCost < 8 * parallelism) return null
  if (!octets.salt || !octets.tag) return null
  return {
    type: type as Argon2Hash['type'],
    version: version as Argon2Hash['version'],
    memoryCost,
    timeCost,
    parallelism,
    pepperId,
    salt: octets.salt,
    tag: octets.tag,
  }
}

/** A wrong password costs the same whoever it is for: what was typed is tried too where NFKC changes it. */
function compare(hash: Argon2Hash, pepper: Pepper | null): Comparison {
  const { type, version, tag, pepperId: _, ...cost } = hash
  const options = {
    ...cost,
    ...secretOf(pepper),
    outputLen: tag.length,
    algorithm: types[type],
    version: versions[version],
  }
  const matches = async (text: string): Promise<boolean> => timingSafeEqual(await hashRaw(text, options), tag)
  return async (password) => {
    const text = normalizePassword(password)
    return (await matches(text)) || (text !== password && (await matches(password)))
  }
}

function secretOf(pepper: Pepper | null): { secret?: Uint8Array } {
  return pepper ? { secret: pepper.key } : {}
}

function isAsStrong(stored: Argon2Hash, today: Omit<Argon2Hash, 'salt' | 'tag'>): boolean {
  if (stored.type !== today.type || stored.version !== today.version || stored.pepperId !== today.pepperId) return false
  if (stored.salt.length < saltLength || stored.tag.length < tagLength) return false
  return (
    stored.memoryCost >= today.memoryCost &&
    stored.timeCost >= today.timeCost &&
    stored.parallelism >= today.parallelism
  )
}
