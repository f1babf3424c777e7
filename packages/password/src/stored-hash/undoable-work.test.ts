import { expect, it, vi } from 'vitest'
import { createPasswords } from '../index.js'

const asked: string[] = []

// As a runtime in FIPS mode does for a digest that it does not have, whatever bounds were checked before.
vi.mock('node:crypto', async (original) => ({
  ...(await original<object>()),
  pbkdf2: (...input: unknown[]) => {
    asked.push('pbkdf2')
    const done = input.at(-1) as (error: Error) => void
    done(new Error('unsupported'))
  },
}))

vi.mock('@node-rs/argon2', async (original) => {
  const argon2 = await original<typeof import('@node-rs/argon2')>()
  return {
    ...argon2,
    hashRaw: (...input: Parameters<typeof argon2.hashRaw>) => {
      asked.push('argon2')
      return argon2.hashRaw(...input)
    },
  }
})

it('says no, after the work of a hash of today, where the work of the stored one cannot be done', async () => {
  const hash = 'pbkdf2_sha1$1000$seasalt2$0mm4ks1y6dF6Lc/+mXrjYGWjiqo='
  expect(await createPasswords().verify({ password: 'secret', hash })).toEqual({ ok: false, newHash: null })
  expect(asked).toEqual(['pbkdf2', 'argon2'])
})
