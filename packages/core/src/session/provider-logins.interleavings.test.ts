import { type Actor, explore, type ExploreOptions, type Scenario } from '@tessera-auth/testing'
import { describe, expect, test } from 'vitest'
import { isDone, type Outcomes, refusal, rule } from '../store/fixtures/outcomes.js'
import { openWorld, type SessionWorld } from './fixtures/session-world.js'
import type { ProviderLogout } from './provider-logins.js'

type Run = (actor: Actor, world: SessionWorld) => Promise<unknown>

const issuer = 'https://issuer.example'
const bySession: ProviderLogout = { issuer, subject: 's', providerSessionId: 'p1' }
const bySubject: ProviderLogout = { issuer, subject: 's', providerSessionId: null, issuedAt: 1_000 }

const signIn =
  (providerSessionId: string, issuedAt: number): Run =>
  async (actor, world) => {
    const { sessions } = world.process(actor)
    const attempt = await sessions.beginLogin('ann')
    return sessions.create({ attempt, providerLogin: { issuer, subject: 's', providerSessionId, issuedAt } })
  }

const logout =
  (named: ProviderLogout): Run =>
  (actor, world) =>
    world.process(actor).sessions.revokeProviderLogin(named)

const isAlive = async ({ after }: SessionWorld): Promise<boolean> => (await after.sessions.list('ann')).length > 0

/** A login that the logout names is dead once the logout is answered; the other way round it was refused. */
async function isFinal({ signIn, logout }: Outcomes, world: SessionWorld): Promise<void> {
  if (!isDone(logout)) await world.after.sessions.revokeProviderLogin(bySession)
  if (isDone(signIn) || refusal(signIn) === 'unauthenticated') rule(!(await isAlive(world)), 'the login is dead')
}

async function prove(scenario: Scenario<SessionWorld>, options: ExploreOptions = {}): Promise<void> {
  expect((await explore(scenario, options)).exhaustive).toBe(true)
}

describe('back-channel logout against a sign-in under way, every schedule', () => {
  const open = async (): Promise<SessionWorld> => openWorld()

  test('a logout of the provider’s session wins over a sign-in, even when it is killed and sent again', () => {
    const actors = { signIn: signIn('p1', 1_000), logout: logout(bySession) }
    return prove({ open, actors, check: isFinal }, { killable: ['logout'] })
  })

  test('a logout of the subject wins over a sign-in whose ID token is not newer', () => {
    const actors = { signIn: signIn('p1', 1_000), logout: logout(bySubject) }
    return prove({ open, actors, check: async (_, world) => rule(!(await isAlive(world)), 'the login is dead') })
  })

  test('a logout of the subject never ends a login whose ID token is newer', () => {
    const actors = { signIn: signIn('p1', 1_001), logout: logout(bySubject) }
    return prove({
      open,
      actors,
      async check({ signIn }, world) {
        rule(isDone(signIn) && (await isAlive(world)), 'the login lives')
      },
    })
  })

  test('a logout of another session of the provider leaves a sign-in alone', () => {
    const actors = { signIn: signIn('p2', 1_000), logout: logout(bySession) }
    return prove({
      open,
      actors,
      async check({ signIn }, world) {
        rule(isDone(signIn) && (await isAlive(world)), 'the login lives')
      },
    })
  })

  test('two logouts of one subject at once leave the later mark', () => {
    const later: ProviderLogout = { ...bySubject, issuedAt: 2_000 }
    return prove({
      open,
      actors: { logout: logout(bySubject), later: logout(later) },
      async check(_, world) {
        const { sessions } = world.after
        const attempt = await sessions.beginLogin('ann')
        const providerLogin = { issuer, subject: 's', providerSessionId: null, issuedAt: 2_000 }
        const refused = await sessions.create({ attempt, providerLogin }).then(
          () => false,
          () => true,
        )
        rule(refused, 'the later mark refuses')
      },
    })
  })
})
