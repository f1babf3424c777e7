import { createHash, pbkdf2Sync } from 'node:crypto'
import { hashSync as bcryptHash } from '@node-rs/bcrypt'
import { describe, expect, it } from 'vitest'
import { createArgon2 } from '../argon2.js'
import { createPasswords } from '../index.js'
import { readForeignHash } from './foreign-hash.js'

const passwords = createPasswords()
/** Raw text: its ligature would not survive NFKC, and other software hashed what was typed. */
const password = 'lètmein, Ünïcode ﬁsh'

/** Made with Django 3.2.25, passlib 1.7.4, Werkzeug 2.2.2, bcrypt 3.2.2 and argon2-cffi 21.1.0, at low cost. */
const foreign: [string, string][] = [
  ['Django pbkdf2_sha256', 'pbkdf2_sha256$1000$seasalt2$wf5EMCTC7Ropprfigw1N3dZM3Xi5tREOF1mxHVUpV1I='],
  ['Django pbkdf2_sha1', 'pbkdf2_sha1$1000$seasalt2$0mm4ks1y6dF6Lc/+mXrjYGWjiqo='],
  ['Django argon2', 'argon2$argon2id$v=19$m=1024,t=2,p=8$c29tZXNhbHRzb21lc2FsdA$YQNPH/rd2dLmLEsBwuLEPw'],
  ['Django bcrypt_sha256', 'bcrypt_sha256$$2b$04$3W7v5ai4WVjEGe7gc9npZ.av.2T3sXgwq.CTwbFwUuEKx0a48AXLG'],
  ['Django bcrypt', 'bcrypt$$2b$04$a4mFxAQtEbFXeR3z4Tn57u1FmSQbXRdkNUspTr/PY/BPp0ICcy5LO'],
  ['passlib pbkdf2-sha256', '$pbkdf2-sha256$1000$nnOudc7ZOweAEIKwltIaAw$3S7QUucxFwsLq5U.BBLOK3lehMWsnO/mDUTlUlPLgBk'],
  [
    'passlib pbkdf2-sha512',
    '$pbkdf2-sha512$1000$k9L6n7NW6j1njHHuvXfOOQ$Xrwgk8rlzyagU6s.pANm1C63EnvWWw.EpoEyh87A24Ud8..qkSGwV3DCe.gN2GxOZ/fUvK/G71dbr/qeEJFXLA',
  ],
  ['passlib pbkdf2 (SHA-1)', '$pbkdf2$1000$iBEixNjbe4.RMsZ4L8V4bw$TNS92iHRoWjR0gQYxVD/fNxNj38'],
  ['passlib scrypt', '$scrypt$ln=10,r=8,p=1$qXVuLWXM2Rtj7H1Pyfk/hw$lfIz+7ZLDwdB5rH46amkD70fZKtH7WD3nKCVJgP09oI'],
  ['bcrypt 2a', '$2a$04$kEcapf5RIilyX7My0ihE/O1/IiTGefuRTM86l9ex19PPRqMHaPyrG'],
  ['bcrypt 2b', '$2b$04$ihh8yVmHFh2V.MLTbeADyuVimwW2TXa3rryU2qhl4ZkOc2klcqdeK'],
  ['bcrypt 2y', '$2y$04$U2Bez1w1nr1WOGQ6GlFIrOPtUaWDq3HtI7sdVOYPWs665yPwLnH4m'],
  [
    'passlib bcrypt-sha256, version 2',
    '$bcrypt-sha256$v=2,t=2b,r=4$o5sjBZpwm6O.4AYFcfEOJu$Rw1Oz3dUR9eqwA4lGiYWdx2r2j5WTD6',
  ],
  ['passlib bcrypt-sha256, version 1', '$bcrypt-sha256$2b,4$uPhI1Cg4aLtgkN6m1Pt8Mu$Y9zdvLYiRYBLM1ZrTB2hGf6Jp70jEBW'],
  ['passlib argon2id', '$argon2id$v=19$m=1024,t=2,p=2$3pvzfu99TylljDFmTMmZcw$JyRx77GvOrgGhNJc6BDhwg'],
  ['passlib argon2i', '$argon2i$v=19$m=1024,t=2,p=1$8x5DiJHyHqPUWoux9h5DSA$FBq3G9gfD2VvSVApyOEehg'],
  [
    'Werkzeug pbkdf2:sha256',
    'pbkdf2:sha256:1000$P8aPrXnRm9uD8iYT$54b68dd01556596a0fbe6b565d1f992943e1fad46064f024d242af31e9968be5',
  ],
  [
    'Werkzeug pbkdf2:sha512',
    'pbkdf2:sha512:1000$QD7akPICMRb36bdS$bfef9af01fab3145372a60cecc5ddb5d631812ba5192bf3a78e54b603e78d008ec233ba48cca0daf41c727491e2d8dcd17eb519379a916a3aaf472f89090d5f4',
  ],
  // By hashlib.scrypt of Python 3.11 in the form of Werkzeug 2.3 and later.
  [
    'Werkzeug scrypt',
    'scrypt:1024:8:1$Xs9sq0Pt3ZbSbQyT$9791c5049752eef6d7edd7f34935fa1689e6d8587b3991b33779238eac173c0ba812cb8566e9560f4f266109b75773d77ed72fe0c11497ce544d605be8542b0d',
  ],
]

/** Published vectors, with their source. */
const published: [string, string, string][] = [
  [
    'Django’s tests/auth_tests/test_hashers.py: scrypt',
    'lètmein',
    'scrypt$16384$seasalt$8$1$Qj3+9PPyRjSJIebHnG81TMjsqtaIGxNQG/aEB/NYafTJ7tibgfYz71m0ldQESkXFRkdVCBhhY8mx7rQwite/Pw==',
  ],
  [
    'Django’s tests/auth_tests/test_hashers.py: pbkdf2_sha256',
    'lètmein',
    'pbkdf2_sha256$390000$seasalt2$geC/uZ92nRXDSjSxeoiBqYyRcrLzMm8xK3ro1QS1uo8=',
  ],
  [
    'Django’s tests/auth_tests/test_hashers.py: argon2i before it had a version',
    'secret',
    'argon2$argon2i$m=8,t=1,p=1$c29tZXNhbHQ$gwQOXSNhxiOxPOA0+PY10P9QFO4NAYysnqRt1GSQLE55m+2GYDt9FEjPMHhP2Cuf0nOEXXMocVrsJAtNSsKyfg',
  ],
]

describe('verify of a hash that other software made', () => {
  it.each(foreign)('says yes to the password, and hands back an argon2id hash: %s', async (_, hash) => {
    const { ok, newHash } = await passwords.verify({ password, hash })
    expect(ok).toBe(true)
    expect(newHash).toMatch(/^\$argon2id\$v=19\$m=19456,t=2,p=1\$/)
    expect(await passwords.verify({ password, hash: newHash })).toEqual({ ok: true, newHash: null })
  })

  it.each(foreign)('says no to another password: %s', async (_, hash) => {
    const wrong = [`${password}z`, password.normalize('NFKC')]
    for (const twin of wrong) {
      expect(await passwords.verify({ password: twin, hash })).toEqual({ ok: false, newHash: null })
    }
  })

  it.each(foreign)('says no where the last character of the hash is another, or gone: %s', async (_, hash) => {
    const end = hash.endsWith('=') ? -2 : -1
    const other = hash.at(end) === 'a' ? 'b' : 'a'
    for (const changed of [hash.slice(0, end) + other, hash.slice(0, end), `${hash}\n`]) {
      expect((await passwords.verify({ password, hash: changed })).ok).toBe(false)
    }
  })

  it('says no to a password beyond 4,096 UTF-16 units, whatever was hashed', async () => {
    const hashOf = (text: string): string =>
      `pbkdf2_sha256$1$salt$${pbkdf2Sync(text, 'salt', 1, 32, 'sha256').toString('base64')}`
    const [long, longer] = ['x'.repeat(4096), 'x'.repeat(4097)] as const
    expect((await passwords.verify({ password: long, hash: hashOf(long) })).ok).toBe(true)
    expect((await passwords.verify({ password: longer, hash: hashOf(longer) })).ok).toBe(false)
  })

  it.each(published)('agrees with %s', async (_, text, hash) => {
    expect((await passwords.verify({ password: text, hash })).ok).toBe(true)
    expect((await passwords.verify({ password: `${text}z`, hash })).ok).toBe(false)
  })
})

describe('bcrypt', () => {
  it('takes 72 octets', async () => {
    const text = 'é'.repeat(36)
    expect((await passwords.verify({ password: text, hash: bcryptHash(text, { cost: 4 }) })).ok).toBe(true)
  })

  it('refuses a longer password, as bcrypt never saw its end', async () => {
    const hash = bcryptHash('x'.repeat(80), { cost: 4 })
    for (const length of [73, 80, 81]) {
      expect((await passwords.verify({ password: 'x'.repeat(length), hash })).ok).toBe(false)
    }
  })

  it('refuses a password with a NUL, after which bcrypt begins anew', async () => {
    const hash = bcryptHash('again', { cost: 4 })
    expect((await passwords.verify({ password: 'again', hash })).ok).toBe(true)
    expect((await passwords.verify({ password: 'again\0again', hash })).ok).toBe(false)
  })

  it('takes more than 72 octets under a digest', async () => {
    const digest = createHash('sha256').update('x'.repeat(80)).digest('hex')
    const hash = `bcrypt_sha256$${bcryptHash(digest, { cost: 4 })}`
    expect((await passwords.verify({ password: 'x'.repeat(80), hash })).ok).toBe(true)
    expect((await passwords.verify({ password: 'x'.repeat(81), hash })).ok).toBe(false)
  })
})

describe('a hostile stored hash', () => {
  const tag = Buffer.alloc(64).toString('base64').replace(/=+$/, '')
  const tag32 = Buffer.alloc(32).toString('base64')
  const hostile: [string, string][] = [
    ['4 TiB of argon2 memory', `$argon2id$v=19$m=4294967295,t=2,p=1$c29tZXNhbHRzb21lc2FsdA$${tag}`],
    ['4 billion argon2 passes', `$argon2id$v=19$m=19456,t=4294967295,p=1$c29tZXNhbHRzb21lc2FsdA$${tag}`],
    ['255 argon2 lanes', `$argon2id$v=19$m=19456,t=2,p=255$c29tZXNhbHRzb21lc2FsdA$${tag}`],
    ['less argon2 memory than its lanes need', '$argon2id$v=19$m=8,t=1,p=4$c29tZXNhbHQ$YC9+jJCrQhs5R6db7LlN8Q'],
    ['bcrypt cost 31', `$2b$31$${'a'.repeat(53)}`],
    ['bcrypt cost 17', `$2b$17$${'a'.repeat(53)}`],
    ['bcrypt cost 03', `$2b$03$${'a'.repeat(53)}`],
    ['2 billion PBKDF2 rounds', `pbkdf2_sha256$2147483647$salt$${tag32}`],
    ['no PBKDF2 round', `pbkdf2_sha256$0$salt$${tag32}`],
    ['an unknown digest', 'pbkdf2:md5:1000$salt$d41d8cd98f00b204e9800998ecf8427e'],
    ['no number of rounds', `pbkdf2:sha256$salt$${'0'.repeat(64)}`],
    ['an empty PBKDF2 tag', 'pbkdf2_sha256$1000$salt$'],
    ['one octet of a PBKDF2 tag', 'pbkdf2_sha256$1000$salt$AA=='],
    ['64 GiB of scrypt memory', `scrypt$67108864$salt$8$1$${tag}==`],
    ['scrypt’s N no power of two', `scrypt:1000:8:1$salt$${'0'.repeat(128)}`],
    ['scrypt’s r times N too much', `scrypt:1048576:64:1$salt$${'0'.repeat(128)}`],
    ['scrypt’s r times N a little too much', `scrypt:1048576:4:1$salt$${'0'.repeat(128)}`],
    ['scrypt’s p too much', `scrypt:1048576:2:64$salt$${'0'.repeat(128)}`],
    ['scrypt’s N too much for an r of 1', `scrypt:65536:1:1$salt$${'0'.repeat(128)}`],
    ['2 to the 63 scrypt blocks', `$scrypt$ln=63,r=8,p=1$c2FsdA$${tag}`],
    ['an empty scrypt tag', 'scrypt:1024:8:1$salt$'],
    ['a number with a sign', `scrypt:+1024:8:1$salt$${'0'.repeat(128)}`],
    ['a number with a leading zero', `scrypt:01024:8:1$salt$${'0'.repeat(128)}`],
    ['base64 that is not canonical', 'argon2$argon2i$v=19$m=8,t=1,p=1$c2FsdHNhbHQ$YC9+jJCrQhs5R6db7LlN8R'],
  ]
  it.each(hostile)('is not worked on: %s', async (_, hash) => {
    expect(createArgon2({}).read(hash) ?? readForeignHash(hash)).toBeNull()
    expect(await passwords.verify({ password: 'secret', hash })).toEqual({ ok: false, newHash: null })
  })
})
