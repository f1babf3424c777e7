import { AuthError } from '@tessera-auth/core/http'
import { describe, expect, it } from 'vitest'
import { commonPasswords } from './common-passwords.js'
import { type Blocklist, type PasswordsOptions, createPasswords } from './index.js'

async function reasons(password: string, context?: string[], options?: PasswordsOptions): Promise<unknown> {
  try {
    await createPasswords(options).hash(password, context)
    return null
  } catch (error) {
    if (!(error instanceof AuthError) || error.code !== 'password_rejected') throw error
    return error.details['reasons']
  }
}

describe('length', () => {
  it.each([
    ['', ['too_short']],
    ['zk4!pQw', ['too_short']],
    ['zk4!pQwv', null],
    ['🦉🦉🦉🦉', ['too_short']],
    ['🦉🦉🦉🦉🦉🦉🦉🦉', null],
    ['        ', null],
    ['71940286', null],
    ['ひらがなだけです', null],
    [`${'ab cd '.repeat(42)}1234`, null],
    [`${'ab cd '.repeat(42)}12345`, ['too_long']],
    ['z'.repeat(100_000), ['too_long']],
  ])('counts code points, 8 to 256, and asks for no kinds of characters: %j', async (password, expected) => {
    expect(await reasons(password)).toEqual(expected)
  })

  it('lets no form of the password be too short or too long', async () => {
    expect(await reasons('\ufdfa')).toEqual(['too_short'])
    expect(await reasons('e\u0301\u0327'.repeat(3))).toEqual(['too_short'])
    expect(await reasons('\ufdfa'.repeat(16))).toEqual(['too_long'])
  })

  it('is bounded by the options', async () => {
    const options = { minLength: 15, maxLength: 64 }
    expect(await reasons('fourteen chars', [], options)).toEqual(['too_short'])
    expect(await reasons('fifteen chars!!', [], options)).toBeNull()
    expect(await reasons('z'.repeat(65), [], options)).toEqual(['too_long'])
  })
})

describe('common passwords', () => {
  it('are more than 10,000 of 8 characters or more, all in the form they are looked up by', () => {
    expect(commonPasswords().size).toBeGreaterThan(20_000)
    const lost = [...commonPasswords()].filter(
      (word) => word.length < 8 || word !== word.toLowerCase().normalize('NFKC'),
    )
    expect(lost).toEqual([])
  })

  it.each(['password', '12345678', '123456789', 'qwertyuiop', 'iloveyou', 'password123', '00000000', '87654321'])(
    'are refused: %s',
    async (password) => {
      expect(await reasons(password)).toEqual(['common'])
    },
  )

  it.each(['PassWord', 'ｐａｓｓｗｏｒｄ', 'QWERTYUIOP'])('are refused in any case and width: %s', async (password) => {
    expect(await reasons(password)).toEqual(['common'])
  })

  it('may be part of a longer password', async () => {
    expect(await reasons('password of the week: owl')).toBeNull()
  })

  it('are not asked for when a password is verified', async () => {
    const passwords = createPasswords()
    expect((await passwords.verify({ password: 'password', hash: null })).ok).toBe(false)
  })
})

describe('context words', () => {
  const context = ['ann.lee-smith@initech.example', 'Tessera Cloud', 'Zoë Müller']
  it.each([
    ['myTESSERAlogin'],
    ['cloud-nine-7'],
    ['smithereens 99'],
    ['xx initech xx'],
    ['ann.lee-smith'],
    ['MU\u0308LLER & co'],
    ['ｔｅｓｓｅｒａ 2026'],
  ])('are refused within a password, without regard to case and Unicode form: %s', async (password) => {
    expect(await reasons(password, context)).toEqual(['context'])
  })

  it.each([
    ['ΟΔΥΣΣΕΥΣΑ42', 'Οδυσσευς'],
    ['οδυσσευς-42', 'ΟΔΥΣΣΕΥΣ'],
    ['οδυσσευσ-42', 'Οδυσσεύς'],
    ['STRASSE 12 b', 'Straße'],
    ['straße 12 b', 'strasse'],
    ['istanbul 34 x', 'İstanbul'],
    ['ISTANBUL 34 x', 'ıstanbul'],
    ['İSTANBUL 34 x', 'istanbul'],
    ['zoe muller 77', 'Müller'],
  ])('are refused in any case of any language: %s has %s', async (password, word) => {
    expect(await reasons(password, [word])).toEqual(['context'])
  })

  it.each([
    ['अलग पासवर्ड ३', 'हिन्दी'],
    ['비밀번호는길어요', '김철'],
    ['zk4!pQwv', '\u0301\u0301\u0301\u0301'],
    ['हन्द is no हनद', 'हिन्दी'],
  ])('are refused for no other word: %s has no %s', async (password, word) => {
    expect(await reasons(password, [word])).toBeNull()
  })

  it.each([['hannover 96!'], ['sleepless 12'], ['zoë was here']])(
    'of fewer than four characters are skipped: %s',
    async (password) => {
      expect(await reasons(password, context)).toBeNull()
    },
  )

  it('are told together with every other reason', async () => {
    expect(await reasons('password', ['password'])).toEqual(['common', 'context'])
    expect(await reasons('initech', context)).toEqual(['too_short', 'context'])
  })

  it('that are no text are skipped', async () => {
    expect(await reasons('zk4!pQwv', [undefined, null, 7] as unknown as string[])).toBeNull()
  })

  it('are the two sides of an address too, where its words are short', async () => {
    expect(await reasons('a.bc-de for two', ['a.bc-de@f.gh'])).toEqual(['context'])
    expect(await reasons('more at f.gh-', ['a.bc-de@f.gh'])).toEqual(['context'])
  })

  it('that are empty refuse nothing', async () => {
    expect(await reasons('zk4!pQwv', ['', ' ', '@', '....'])).toBeNull()
  })
})

describe('blocklist', () => {
  it.each<[string, Blocklist, unknown]>([
    ['true', () => true, ['blocked']],
    ['a promise of true', async () => true, ['blocked']],
    ['a reason', async () => 'seen_here_before', ['seen_here_before']],
    ['false', () => false, null],
    ['a promise of false', async () => false, null],
  ])('refuses or accepts by its answer: %s', async (_, blocklist, expected) => {
    expect(await reasons('zk4!pQwv', [], { blocklist })).toEqual(expected)
  })

  it('is asked for the password in NFKC, and only if nothing else is wrong with it', async () => {
    const asked: string[] = []
    const blocklist = (password: string): boolean => {
      asked.push(password)
      return false
    }
    await reasons('password', [], { blocklist })
    await reasons('\ufb01ne ｗｉｄｅ text', [], { blocklist })
    expect(asked).toEqual(['fine wide text'])
  })

  it('that fails makes no hash', async () => {
    const blocklist = (): Promise<boolean> => Promise.reject(new Error('no list today'))
    await expect(createPasswords({ blocklist }).hash('zk4!pQwv')).rejects.toThrow('no list today')
  })
})

describe('password_rejected', () => {
  it('has the status 422', async () => {
    await expect(createPasswords().hash('short')).rejects.toMatchObject({ code: 'password_rejected', status: 422 })
  })
})
