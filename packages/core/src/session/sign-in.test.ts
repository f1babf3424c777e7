import { testPlatform } from '@tessera-auth/testing'
import { expect, test } from 'vitest'
import type { AuthEvent } from '../events.js'
import { memoryStore } from '../store/memory-store.js'
import { internalsOf } from './session-internals.js'
import { createSessions } from './sessions.js'

test.each([
  ['the same user', 'ann', 'of the user'],
  ['another user', 'bob', 'of the visitor'],
])('a sign-in over a session of %s and a visit ends both, and keeps one’s data', async (_, earlierUser, kept) => {
  const platform = testPlatform()
  const data = { initial: '', parse: String }
  const sessions = createSessions({ store: memoryStore({ platform }), platform, data })
  const attempt = await sessions.beginLogin(earlierUser)
  const user = await sessions.create({ attempt, data: 'of the user' })
  const visit = await sessions.create({ attempt: null, data: 'of the visitor' })
  const earlier = { user: user.session, anonymous: visit.session }
  const { session } = await internalsOf(sessions).signInOver({ attempt: await sessions.beginLogin('ann') }, earlier)
  expect(session).toMatchObject({ userId: 'ann', data: kept })
  for (const { token } of [user, visit]) expect(await sessions.verify(token)).toBeNull()
})

test.each([
  ['the same user keeps what was proven later, and how', 'ann', 100, { at: 0, methods: ['pwd'] }],
  ['the same user takes a later proof', 'ann', -100, { at: 100, methods: ['fed'] }],
  ['another user takes nothing of it', 'bob', 100, { at: -100, methods: ['fed'] }],
])('a sign-in by an older session at a provider, over one of %s', async (_, earlierUser, secondsOlder, proven) => {
  const platform = testPlatform()
  const sessions = createSessions({ store: memoryStore({ platform }), platform })
  const attempt = await sessions.beginLogin(earlierUser)
  const { session: user } = await sessions.create({ attempt, methods: ['pwd'] })
  const start = platform.now()
  platform.advance(300)
  const federated = { methods: ['fed'], authenticatedAt: start - secondsOlder }
  const input = { attempt: await sessions.beginLogin('ann'), ...federated }
  const { session } = await internalsOf(sessions).signInOver(input, { user, anonymous: null })
  expect(session).toMatchObject({ authenticatedAt: start + proven.at, methods: proven.methods })
})

test('a sign-in tells of the end of earlier sessions only where it ended them', async () => {
  const platform = testPlatform()
  const told: (string | null)[] = []
  const onEvent = ({ type, reason, sessionId }: AuthEvent): void => {
    if (type === 'session.revoked') told.push(`${reason} ${sessionId}`)
  }
  const sessions = createSessions({ store: memoryStore({ platform }), platform, onEvent })
  const replaced: string[] = []
  for (const isGone of [false, true]) {
    const { session: user } = await sessions.create({ attempt: await sessions.beginLogin('bob') })
    const { session: anonymous } = await sessions.create({ attempt: null })
    const earlier = { user, anonymous }
    if (isGone) await internalsOf(sessions).signInOver({ attempt: await sessions.beginLogin('cid') }, earlier)
    await internalsOf(sessions).signInOver({ attempt: await sessions.beginLogin('ann') }, earlier)
    replaced.push(`replaced ${user.id}`, `replaced ${anonymous.id}`)
  }
  expect(told.toSorted()).toEqual(replaced.toSorted())
})
