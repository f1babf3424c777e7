import { hashSync } from '@node-rs/bcrypt'
import { describe, expect, it } from 'vitest'
import { createPasswords } from '../index.js'
import { readForeignHash } from './foreign-hash.js'

const passwords = createPasswords()
const password = 'correct horse battery staple'
const digits = './ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789'

/** The text with the lowest bits of its base64 digit at the place turned over. */
function turned(hash: string, place: number, bits: number): string {
  const index = (place + hash.length) % hash.length
  const digit = digits.charAt(digits.indexOf(hash.charAt(index)) ^ bits)
  return hash.slice(0, index) + digit + hash.slice(index + 1)
}

const lastOfSalt = '$2b$04$'.length + 21

describe('the bits of a bcrypt hash that stand for nothing', () => {
  const hash = hashSync(password, { cost: 4 })

  it.each([1, 2, 4, 8, 15])('do not matter in the salt: %i', async (bits) => {
    const stored = turned(hash, lastOfSalt, bits)
    expect((await passwords.verify({ password, hash: stored })).ok).toBe(true)
    expect((await passwords.verify({ password: `${password}z`, hash: stored })).ok).toBe(false)
    const django = turned(`bcrypt$${hash}`, 'bcrypt$'.length + lastOfSalt, bits)
    expect((await passwords.verify({ password, hash: django })).ok).toBe(true)
  })

  it.each([16, 32])('are not those of the salt itself: %i', async (bits) => {
    expect((await passwords.verify({ password, hash: turned(hash, lastOfSalt, bits) })).ok).toBe(false)
  })

  // No bcrypt makes such a tag; it is as good as no hash, and the decoy's work is done for it.
  it.each([1, 2, 3])('make a tag unreadable: %i', async (bits) => {
    const stored = turned(hash, -1, bits)
    expect(readForeignHash(stored)).toBeNull()
    expect(await passwords.verify({ password, hash: stored })).toEqual({ ok: false, newHash: null })
  })

  it('are none in what passlib makes, which takes the salt as text', () => {
    const passlib = '$bcrypt-sha256$v=2,t=2b,r=4$o5sjBZpwm6O.4AYFcfEOJu$Rw1Oz3dUR9eqwA4lGiYWdx2r2j5WTD6'
    expect(readForeignHash(passlib)).not.toBeNull()
    expect(readForeignHash(turned(passlib, passlib.lastIndexOf('$') - 1, 1))).toBeNull()
    expect(readForeignHash(turned(passlib, -1, 1))).toBeNull()
  })
})
