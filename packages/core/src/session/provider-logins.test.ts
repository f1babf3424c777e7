/** Back-channel logouts and the times that their tokens and the logins' tokens name, or do not. */
import { testPlatform } from '@tessera-auth/testing'
import { expect, test } from 'vitest'
import { memoryStore } from '../store/memory-store.js'
import { createSessions } from './sessions.js'

const subject = { issuer: 'https://id.example', subject: 'sub-1', providerSessionId: null }

function setUp() {
  const platform = testPlatform()
  const sessions = createSessions({ store: memoryStore({ platform }), platform })
  const signIn = async (issuedAt?: number) =>
    sessions.create({
      attempt: await sessions.beginLogin('ann'),
      providerLogin: issuedAt === undefined ? subject : { ...subject, issuedAt },
    })
  return { platform, sessions, signIn }
}

test('a login whose time is not known is earlier than any logout', async () => {
  const { platform, sessions, signIn } = setUp()
  const { token } = await signIn()
  const logout = { ...subject, issuedAt: platform.now() - 1000 }
  expect(await sessions.revokeProviderLogin(logout)).toBe(1)
  expect(await sessions.verify(token)).toBeNull()
  await expect(signIn()).rejects.toMatchObject({ code: 'unauthenticated' })
})

test('a logout that comes late takes nothing back from a later one', async () => {
  const { platform, sessions, signIn } = setUp()
  const now = platform.now()
  for (const issuedAt of [now, now - 100]) await sessions.revokeProviderLogin({ ...subject, issuedAt })
  await expect(signIn(now - 50)).rejects.toMatchObject({ code: 'unauthenticated' })
  expect((await signIn(now + 1)).session.userId).toBe('ann')
})

test('a second logout refuses logins up to its own time, and for as long as the first', async () => {
  const { platform, sessions, signIn } = setUp()
  await sessions.revokeProviderLogin(subject)
  platform.advance(86_000)
  const issuedAt = platform.now()
  await sessions.revokeProviderLogin({ ...subject, issuedAt })
  platform.advance(86_000)
  await expect(signIn(issuedAt)).rejects.toMatchObject({ code: 'unauthenticated' })
})
