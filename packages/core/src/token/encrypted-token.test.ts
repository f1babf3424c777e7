import { testPlatform } from '@tessera-auth/testing'
import { CompactEncrypt } from 'jose'
import { describe, expect, test } from 'vitest'
import { deriveKeys } from '../internal/secrets.js'
import { createEncryptedTokens } from './encrypted-token.js'
import { secrets } from './fixtures/token-app.js'

const platform = testPlatform()
const invitations = createEncryptedTokens({ secrets, platform, purpose: 'invitation', lifetimeSeconds: 60 })

describe('createEncryptedTokens', () => {
  test('gives back what was put in, with its times', async () => {
    const token = await invitations.issue({ team: 'blue' })
    expect(await invitations.verify(token)).toEqual({ team: 'blue', iat: platform.now(), exp: platform.now() + 60 })
  })

  test('shows its content to nobody', async () => {
    const token = await invitations.issue({ team: 'blue-team-name' })
    const seen = token.split('.').map((part) => Buffer.from(part, 'base64url').toString('latin1'))
    expect(seen.join()).not.toContain('blue')
  })

  test('is nothing to another purpose, or to another secret', async () => {
    const token = await invitations.issue({ team: 'blue' })
    const options = { secrets, platform, lifetimeSeconds: 60 }
    expect(await createEncryptedTokens({ ...options, purpose: 'reset' }).verify(token)).toBe(null)
    const stranger = { ...options, secrets: ['another secret of this test, 32 characters or more'] }
    expect(await createEncryptedTokens({ ...stranger, purpose: 'invitation' }).verify(token)).toBe(null)
  })

  test('ends at its second', async () => {
    const clock = testPlatform()
    const tokens = createEncryptedTokens({ secrets, platform: clock, purpose: 'p', lifetimeSeconds: 60 })
    const token = await tokens.issue({})
    clock.advance(59)
    expect(await tokens.verify(token)).not.toBe(null)
    clock.advance(1)
    expect(await tokens.verify(token)).toBe(null)
  })

  test('refuses every change of a character', async () => {
    const token = await invitations.issue({ team: 'blue' })
    for (let index = 0; index < token.length; index += 1) {
      const changed = `${token.slice(0, index)}${token[index] === 'A' ? 'B' : 'A'}${token.slice(index + 1)}`
      expect(await invitations.verify(changed)).toBe(null)
    }
  })

  test('refuses compressed content, other encryptions and extensions, though the key is right', async () => {
    const [{ id: kid, key }] = deriveKeys(platform, secrets, 'encrypted-token/invitation')
    const plaintext = new TextEncoder().encode(JSON.stringify({ exp: platform.now() + 60 }))
    const seal = (header: object) =>
      new CompactEncrypt(plaintext).setProtectedHeader({ alg: 'dir', enc: 'A256GCM', kid, ...header }).encrypt(key)
    expect(await invitations.verify(await seal({}))).not.toBe(null)
    expect(await invitations.verify(await seal({ zip: 'DEF' }))).toBe(null)
    expect(await invitations.verify(await seal({ enc: 'A128CBC-HS256' }))).toBe(null)
    expect(await invitations.verify(await seal({ jku: 'https://evil.example' }))).toBe(null)
  })

  test.each(['', 'x', '....', 'a.b.c', 'a.b.c.d.e', 'x'.repeat(100_000)])(
    'refuses a text that is none',
    async (text) => {
      expect(await invitations.verify(text)).toBe(null)
    },
  )

  test.each(['iat', 'exp'])('refuses the claim %s', async (name) => {
    await expect(invitations.issue({ [name]: 1 })).rejects.toMatchObject({ code: 'invalid_request' })
  })

  test.each([
    ['lifetimeSeconds', { purpose: 'p' }],
    ['lifetimeSeconds', { purpose: 'p', lifetimeSeconds: 0 }],
    ['purpose', { purpose: '', lifetimeSeconds: 1 }],
  ])('names %s when it is wrong', (name, options) => {
    expect(() => createEncryptedTokens({ secrets, ...options } as Parameters<typeof createEncryptedTokens>[0])).toThrow(
      name,
    )
  })
})
