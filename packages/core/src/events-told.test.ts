/** What the audit stream tells of sessions and sign-ins, whoever caused it. */
import { testPlatform } from '@tessera-auth/testing'
import { describe, expect, test } from 'vitest'
import { appBrowser } from './oauth/fixtures/app-browser.js'
import { beginForged } from './oauth/fixtures/attacked-login.js'
import { type AuthEvent, createAuthenticator, createSessions, memoryStore, type SessionsOptions } from './index.js'

/** Sessions that tell everything; `told` has what was told since it was asked last. */
function listened(options: Partial<SessionsOptions> = {}) {
  const platform = testPlatform()
  const events: AuthEvent[] = []
  const onEvent = (event: AuthEvent): void => void events.push(event)
  const sessions = createSessions({ store: memoryStore({ platform }), platform, onEvent, ...options })
  const signIn = async (userId = 'ada') => sessions.create({ attempt: await sessions.beginLogin(userId) })
  return { platform, sessions, signIn, told: () => events.splice(0) }
}

describe('sessions', () => {
  test('tell of a sign-in, with whose it is, its public id and the time', async () => {
    const { platform, signIn, told } = listened()
    const { session } = await signIn()
    const at = platform.now()
    expect(told()).toEqual([
      { type: 'session.created', version: 1, at, userId: 'ada', sessionId: session.id, reason: null },
    ])
  })

  test('tell of a visitor’s session, which is nobody’s', async () => {
    const { sessions, told } = listened()
    const { session } = await sessions.create({ attempt: null })
    expect(told()).toMatchObject([{ type: 'session.created', userId: null, sessionId: session.id }])
  })

  test('tell of a rotation, under the id that stays', async () => {
    const { sessions, signIn, told } = listened()
    const { session } = await signIn()
    told()
    await sessions.rotate(session, { methods: ['pwd'] })
    expect(told()).toMatchObject([{ type: 'session.rotated', userId: 'ada', sessionId: session.id, reason: null }])
  })

  test('tell of one that was ended, once however many ended it', async () => {
    const { sessions, signIn, told } = listened()
    const { session } = await signIn()
    told()
    await Promise.all([sessions.revoke('ada', session.id), sessions.revoke('ada', session.id)])
    expect(told()).toMatchObject([{ type: 'session.revoked', userId: 'ada', sessionId: session.id, reason: 'revoked' }])
  })

  test('tell of each one that "sign out everywhere" ended, and of none that stays', async () => {
    const { sessions, signIn, told } = listened()
    const [first, second, kept] = [await signIn(), await signIn(), await signIn()]
    await signIn('bob')
    told()
    await sessions.revokeAll('ada', { except: kept.session })
    const events = told()
    expect(events.map(({ type, userId, reason }) => [type, userId, reason])).toEqual([
      ['session.revoked', 'ada', 'all_revoked'],
      ['session.revoked', 'ada', 'all_revoked'],
    ])
    expect(new Set(events.map(({ sessionId }) => sessionId))).toEqual(new Set([first.session.id, second.session.id]))
  })

  test('tell of the oldest one that a new sign-in ended', async () => {
    const { platform, signIn, told } = listened({ maxSessionsPerUser: 1 })
    const { session: oldest } = await signIn()
    platform.advance(1)
    told()
    const { session } = await signIn()
    expect(told()).toMatchObject([
      { type: 'session.revoked', userId: 'ada', sessionId: oldest.id, reason: 'limit' },
      { type: 'session.created', userId: 'ada', sessionId: session.id },
    ])
  })

  test('tell of the one that a sign-in in the same browser replaced', async () => {
    const { sessions, told } = listened()
    const origin = 'https://app.example'
    const authenticator = createAuthenticator({ origin, sessions })
    const browser = appBrowser()
    const signIn = async (userId: string) => {
      const { request, responseHeaders } = browser.click('/login')
      const auth = authenticator.bind(request, responseHeaders)
      return auth.signIn(await auth.beginLogin(userId))
    }
    const { id: before } = await signIn('ada')
    told()
    const { id: after } = await signIn('bob')
    expect(told()).toMatchObject([
      { type: 'session.created', userId: 'bob', sessionId: after },
      { type: 'session.revoked', userId: 'ada', sessionId: before, reason: 'replaced' },
    ])
  })
})

describe('a sign-in at a provider', () => {
  test('is told when it begins and when its answer was good', async () => {
    const events: AuthEvent[] = []
    const { flow, browser, callback } = await beginForged({ options: { onEvent: (event) => void events.push(event) } })
    await flow.finish(browser.arrive(callback()))
    expect(events).toMatchObject([
      { type: 'oauth.started', version: 1, userId: null, sessionId: null, reason: null },
      { type: 'oauth.finished', version: 1, userId: null, sessionId: null, reason: null },
    ])
  })
})
