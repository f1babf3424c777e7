import { hashSync } from '@node-rs/argon2'
import { AuthError, ConfigError } from '@tessera-auth/core/http'
import { describe, expect, it } from 'vitest'
import { type PasswordsOptions, createPasswords } from './index.js'

const passwords = createPasswords()
const password = 'correct horse battery staple'

async function rejection(promise: Promise<unknown>): Promise<AuthError> {
  const error: unknown = await promise.then(
    () => null,
    (thrown: unknown) => thrown,
  )
  if (!(error instanceof AuthError)) throw new Error('expected an AuthError', { cause: error })
  return error
}

describe('createPasswords', () => {
  const bad: [string, PasswordsOptions][] = [
    ['memory below 19 456 KiB', { memoryKiB: 19_455 }],
    ['memory beyond 256 MiB', { memoryKiB: 262_145 }],
    ['a single pass', { iterations: 1 }],
    ['passes that are no whole number', { iterations: 2.5 }],
    ['no lane', { parallelism: 0 }],
    ['a least length below 8', { minLength: 7 }],
    ['a most length below 64', { maxLength: 63 }],
    ['a number as text', { memoryKiB: '65536' as unknown as number }],
    ['a blocklist that is no function', { blocklist: [] as unknown as () => boolean }],
  ]
  it.each(bad)('refuses %s', (_, options) => {
    expect(() => createPasswords(options)).toThrow(ConfigError)
  })

  it('names the option, what it should be, and what it is', () => {
    expect(() => createPasswords({ memoryKiB: 1024 })).toThrow(
      'memoryKiB: expected a whole number of KiB from 19456 to 262144, received the number 1024',
    )
  })
})

describe('hash', () => {
  it('makes an argon2id PHC string of 19 456 KiB, 2 passes and 1 lane', async () => {
    expect(await passwords.hash(password)).toMatch(
      /^\$argon2id\$v=19\$m=19456,t=2,p=1\$[A-Za-z0-9+/]{22}\$[A-Za-z0-9+/]{43}$/,
    )
  })

  it('takes a fresh salt each time', async () => {
    expect(await passwords.hash(password)).not.toBe(await passwords.hash(password))
  })

  it.each([[undefined], [null], [12_345_678], [[password]], [{ toString: () => password }], [new String(password)]])(
    'refuses %j, which is no text, with invalid_request',
    async (value) => {
      expect((await rejection(passwords.hash(value))).code).toBe('invalid_request')
    },
  )

  it('refuses half of a surrogate pair, as all of them are hashed alike', async () => {
    expect((await rejection(passwords.hash(`${password}\ud800`))).code).toBe('invalid_request')
  })

  it('tells nothing of a password in an error', async () => {
    const secret = 'ab-canary'
    const error = await rejection(passwords.hash(secret, [secret]))
    expect(error.code).toBe('password_rejected')
    expect(JSON.stringify([error, error.message, error.stack, error.cause, error.details])).not.toContain('canary')
  })
})

describe('verify', () => {
  it('says yes to the password that was hashed, and hands back no new hash', async () => {
    const hash = await passwords.hash(password)
    expect(await passwords.verify({ password, hash })).toEqual({ ok: true, newHash: null })
  })

  it.each([
    ['another case', 'Correct horse battery staple'],
    ['a trailing space', `${password} `],
    ['a leading space', ` ${password}`],
    ['a NUL at the end', `${password}\0`],
    ['a tail after a NUL', `${password}\0tail`],
    ['a Cyrillic letter for a Latin one', password.replace('o', 'о')],
    ['a zero-width joiner within', password.replace('o', 'o\u200d')],
    ['nothing', ''],
  ])('tells a password from its twin with %s (ASVS 6.2.8)', async (_, twin) => {
    const hash = await passwords.hash(password)
    expect(await passwords.verify({ password: twin, hash })).toEqual({ ok: false, newHash: null })
  })

  it('keeps what stands after a NUL', async () => {
    const hash = await passwords.hash('before the\0after it')
    expect((await passwords.verify({ password: 'before the\0after it', hash })).ok).toBe(true)
    expect((await passwords.verify({ password: 'before the\0', hash })).ok).toBe(false)
  })

  it('tells passwords apart that differ in byte 73 only', async () => {
    const hash = await passwords.hash(`${'x'.repeat(72)}a`)
    expect((await passwords.verify({ password: `${'x'.repeat(72)}b`, hash })).ok).toBe(false)
  })

  it.each([64, 128, 256])('round-trips %i characters (ASVS 6.2.9)', async (length) => {
    const long = '🦉ë字 '.repeat(64).slice(0, length * 2)
    const text = [...long].slice(0, length).join('').padEnd(length, 'z')
    const hash = await passwords.hash(text)
    expect((await passwords.verify({ password: text, hash })).ok).toBe(true)
    expect((await passwords.verify({ password: text.slice(0, -1), hash })).ok).toBe(false)
  })

  it.each([
    ['composed', 'caf\u00e9 au lait, cafe\u0301 noir'],
    ['ligatures and full width', '\ufb01ne ｗｉｄｅ text'],
  ])('takes one password in two Unicode forms for the same (NFKC, NIST SP 800-63B): %s', async (_, text) => {
    const hash = await passwords.hash(text.normalize('NFD'))
    expect(await passwords.verify({ password: text.normalize('NFKC'), hash })).toEqual({ ok: true, newHash: null })
    expect(await passwords.verify({ password: text, hash })).toEqual({ ok: true, newHash: null })
  })

  it('judges no policy: what would be refused today still signs in', async () => {
    const old = hashSync('password')
    expect(await passwords.verify({ password: 'password', hash: old })).toEqual({ ok: true, newHash: null })
  })

  it.each([[undefined], [null], [0], [[password]], [{}]])('says no to %j, which is no text', async (value) => {
    const hash = await passwords.hash(password)
    expect(await passwords.verify({ password: value, hash })).toEqual({ ok: false, newHash: null })
  })

  it('says no to a text of a million characters', async () => {
    const hash = await passwords.hash(password)
    expect((await passwords.verify({ password: 'x'.repeat(1_000_000), hash })).ok).toBe(false)
  })

  it.each([[null], [undefined], [''], ['plain text'], ['!unusable'], ['$argon2id$'], ['x'.repeat(100_000)], [42]])(
    'says no where the stored hash is %j',
    async (hash) => {
      const check = await passwords.verify({ password, hash: hash as string })
      expect(check).toEqual({ ok: false, newHash: null })
    },
  )

  it('says no where the stored text is the password itself', async () => {
    expect((await passwords.verify({ password, hash: password })).ok).toBe(false)
  })
})

describe('newHash', () => {
  const salt = Buffer.alloc(16, 1)
  const weaker: [string, string][] = [
    ['less memory', hashSync(password, { memoryCost: 19_455, timeCost: 2 })],
    ['fewer passes', hashSync(password, { memoryCost: 47_104, timeCost: 1 })],
    ['argon2i', hashSync(password, { algorithm: 1, salt })],
    ['argon2d', hashSync(password, { algorithm: 0, salt })],
    ['argon2 1.0', hashSync(password, { version: 0, salt })],
    ['a salt of 8 octets', hashSync(password, { salt: Buffer.alloc(8, 1) })],
    ['a tag of 16 octets', hashSync(password, { outputLen: 16 })],
    ['the name of Django’s hasher before it', `argon2${hashSync(password)}`],
  ]
  it.each(weaker)('replaces a hash with %s by one of today’s settings', async (_, hash) => {
    const { ok, newHash } = await passwords.verify({ password, hash })
    expect(ok).toBe(true)
    expect(newHash).toMatch(/^\$argon2id\$v=19\$m=19456,t=2,p=1\$/)
    expect(await passwords.verify({ password, hash: newHash })).toEqual({ ok: true, newHash: null })
  })

  it('comes with a yes only', async () => {
    const hash = hashSync(password, { timeCost: 1 })
    expect(await passwords.verify({ password: 'another one', hash })).toEqual({ ok: false, newHash: null })
  })

  it('follows settings that were raised, and leaves a hash that is stronger than today’s', async () => {
    const stronger = createPasswords({ memoryKiB: 20_000, iterations: 3, parallelism: 2 })
    const { newHash } = await stronger.verify({ password, hash: await passwords.hash(password) })
    expect(newHash).toMatch(/m=20000,t=3,p=2/)
    expect(await passwords.verify({ password, hash: newHash })).toEqual({ ok: true, newHash: null })
  })

  it('replaces an argon2 hash of text that was not normalised', async () => {
    const typed = 'the \ufb01rst \ufb02oor'
    const { ok, newHash } = await passwords.verify({ password: typed, hash: hashSync(typed, { timeCost: 3 }) })
    expect(ok).toBe(true)
    expect((await passwords.verify({ password: 'the first floor', hash: newHash })).ok).toBe(false)
  })
})

describe('pepper', () => {
  const [older, newer] = ['an older pepper of 32 characters!!', 'a newer pepper of 32 characters!!!']
  const peppered = createPasswords({ pepper: older })

  it('is named in the hash by an id that is not the secret', async () => {
    const hash = await peppered.hash(password)
    expect(hash).toMatch(/^\$argon2id\$v=19\$m=19456,t=2,p=1,keyid=[A-Za-z0-9+/]{8}\$/)
    expect(hash).not.toContain(older)
  })

  it('is needed to say yes', async () => {
    const hash = await peppered.hash(password)
    expect(await peppered.verify({ password, hash })).toEqual({ ok: true, newHash: null })
    expect((await passwords.verify({ password, hash })).ok).toBe(false)
    expect((await createPasswords({ pepper: newer }).verify({ password, hash })).ok).toBe(false)
    expect((await passwords.verify({ password, hash: hash.replace(/,keyid=[^$]+/, '') })).ok).toBe(false)
  })

  it('that nobody knows is a no, even where the hash needs none', async () => {
    const hash = hashSync(password).replace(',p=1$', ',p=1,keyid=AAAAAAAA$')
    expect(await passwords.verify({ password, hash })).toEqual({ ok: false, newHash: null })
  })

  it('is added to a hash that was made without one', async () => {
    const { ok, newHash } = await peppered.verify({ password, hash: await passwords.hash(password) })
    expect(ok).toBe(true)
    expect(newHash).toContain(',keyid=')
    expect(await peppered.verify({ password, hash: newHash })).toEqual({ ok: true, newHash: null })
  })

  it('rotates: the older one still verifies, and the hash moves to the newer', async () => {
    const both = createPasswords({ pepper: [newer, older] })
    const { ok, newHash } = await both.verify({ password, hash: await peppered.hash(password) })
    expect(ok).toBe(true)
    expect(await createPasswords({ pepper: newer }).verify({ password, hash: newHash })).toEqual({
      ok: true,
      newHash: null,
    })
  })

  it.each([
    ['31 characters', 'x'.repeat(31)],
    ['an empty text', ''],
    ['an empty list', []],
    ['the same one twice', [older, older]],
    ['bytes', Buffer.alloc(32) as unknown as string],
  ])('refuses %s', (_, pepper) => {
    expect(() => createPasswords({ pepper })).toThrow(ConfigError)
  })

  it('is not told by the error about it', () => {
    expect(() => createPasswords({ pepper: 'short-canary' })).toThrow(/^(?!.*canary)/)
  })
})
