/** bcrypt as everybody stores it, and as Django and passlib store it over a digest of the password. */
import { createHmac, hash } from 'node:crypto'
import { verify } from '@node-rs/bcrypt'
import { type Reader, readNumber } from './stored-hash.js'

/** bcrypt reads no further. */
const mostOctets = 72
/** Each step doubles the work: 16 is some four seconds of one thread. */
const mostCost = 16
const digits = './ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789'
/** Settings and salt, whose last character has four bits too many; the tag, whose last has two, which are no bits of it. */
const shape = /^(\$2[aby]\$(\d\d)\$[./A-Za-z0-9]{21})([./A-Za-z0-9])([./A-Za-z0-9]{30}[.CGKOSWaeimquy26])$/

/** `$2b$12$…`, also 2a and 2y, and Django's `bcrypt$$2b$12$…`. */
export const readBcrypt: Reader = (stored) => {
  const compared = compare(stored.startsWith('bcrypt$$') ? stored.slice('bcrypt$'.length) : stored)
  if (!compared) return null
  return async (password) => {
    const octets = Buffer.from(password)
    const same = await compared(octets)
    // Beyond 72 octets, and with a NUL (which ends the key that bcrypt repeats), other passwords would pass as well.
    return same && octets.length <= mostOctets && !octets.includes(0)
  }
}

/** `bcrypt_sha256$$2b$12$…`, of the hex digest (Django). */
export const readDjangoBcryptSha256: Reader = (stored) => {
  if (!stored.startsWith('bcrypt_sha256$$')) return null
  const compared = compare(stored.slice('bcrypt_sha256$'.length))
  return compared && ((password) => compared(hash('sha256', password, 'hex')))
}

/**
 * `$bcrypt-sha256$v=2,t=2b,r=12$salt$tag`, of an HMAC under the salt, and version 1, of a bare digest (passlib, which
 * writes no salt with bits too many).
 */
export const readPasslibBcryptSha256: Reader = (stored) => {
  const [, two, one, cost = '', salt = '', tag = ''] =
    /^\$bcrypt-sha256\$(?:v=2,t=(2b),r=|(2[ab]),)(\d{1,2})\$([./A-Za-z0-9]{21}[.Oeu])\$([./A-Za-z0-9]{31})$/.exec(
      stored,
    ) ?? []
  const compared = compare(`$${two ?? one}$${cost.padStart(2, '0')}$${salt}${tag}`)
  if (!compared) return null
  return (password) =>
    compared(two ? createHmac('sha256', salt).update(password).digest('base64') : hash('sha256', password, 'base64'))
}

function compare(stored: string): ((password: string | Buffer) => Promise<boolean>) | null {
  const [, start = '', cost, last = '', tag = ''] = shape.exec(stored) ?? []
  if (readNumber(cost?.replace(/^0/, ''), 4, mostCost) === null) return null
  // Others read over the bits that are too many; this bcrypt says no at once, before any work.
  const canonical = start + digits.charAt(digits.indexOf(last) & 0b110000) + tag
  return (password) => verify(password, canonical)
}
