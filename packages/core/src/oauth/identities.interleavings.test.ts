import {
  type Actor,
  explore,
  type Outcome,
  repeatablePlatform,
  type Scenario,
  type TestPlatform,
  type World,
} from '@tessera-auth/testing'
import { describe, expect, test } from 'vitest'
import { createSessions, type Sessions } from '../session/sessions.js'
import type { LoginAttempt } from '../store/login-records.js'
import { markSelfBounded } from '../store/bounded-store.js'
import { isDone, type Outcomes, refusal, rule } from '../store/fixtures/outcomes.js'
import { memoryStore } from '../store/memory-store.js'
import { createIdentities, type Identities } from './identities.js'
import type { Identity } from './identity.js'

const identity: Identity = {
  provider: 'example',
  issuer: 'https://issuer.example',
  subject: 's',
  email: null,
  emailProven: false,
  name: null,
  claims: {},
}

/** An app whose users table is a list of ids. */
interface Users extends World {
  readonly platform: TestPlatform
  readonly users: string[]
  readonly after: { readonly identities: Identities; readonly sessions: Sessions }
}

type Run = (actor: Actor, world: Users) => Promise<unknown>

function identitiesOn(actor: Actor, { platform, users }: Pick<Users, 'platform' | 'users'>): Identities {
  return createIdentities({
    // Without a bound of its own, whose timer would wait by steps too.
    store: markSelfBounded(actor.store),
    // Waiting is a step: whoever waits looks again at any later time.
    platform: { ...platform, sleep: () => actor.atomically('wait', () => {}) },
    createUser: () => actor.atomically('create the user', () => `user ${users.push('made')}`),
    findUserByEmail: async () => null,
  })
}

const signIn: Run = (actor, world) => identitiesOn(actor, world).resolve({ identity }, null)
const unlink: Run = (actor, world) => identitiesOn(actor, world).unlink('user 1', identity)

async function open(): Promise<Users> {
  const platform = repeatablePlatform()
  const store = memoryStore({ platform })
  const users: string[] = []
  const now: Actor = { store, atomically: async (_, run) => run() }
  const identities = identitiesOn(now, { platform, users })
  return { store, platform, users, after: { identities, sessions: createSessions({ store, platform }) } }
}

async function openLinked(): Promise<Users> {
  const world = await open()
  await world.after.identities.resolve({ identity }, null)
  return world
}

const userIdOf = (outcome: Outcome | undefined): string | null =>
  isDone(outcome) ? (outcome.value as LoginAttempt).userId : null

async function oneUser(outcomes: Outcomes, world: Users): Promise<void> {
  const ids = new Set(
    Object.values(outcomes)
      .map(userIdOf)
      .filter((id) => id !== null),
  )
  rule(ids.size <= 1, 'one identity is one user')
  const killed = Object.values(outcomes).some(({ status }) => status === 'killed')
  rule(world.users.length === 1 || killed, 'one user is made')
  // What a killed process claimed is free again half a minute later.
  world.platform.advance(31)
  const later = await world.after.identities.resolve({ identity }, null)
  rule(ids.size === 0 || ids.has(later.userId ?? ''), 'the next sign-in is of the same user')
}

describe('resolve of one identity, by several callbacks at once', () => {
  const scenario: Scenario<Users> = { open, actors: { one: signIn, other: signIn }, check: oneUser }

  test('makes one user, and each of them is signed in as that one', async () => {
    const { schedules } = await explore(
      {
        ...scenario,
        async check(outcomes, world) {
          rule(userIdOf(outcomes.one) !== null || refusal(outcomes.one) === 'conflict', 'signed in')
          await oneUser(outcomes, world)
        },
      },
      { sample: 1_000 },
    )
    expect(schedules).toBe(1_000)
  })

  test('never links two users when a process is killed at any step', async () => {
    const { schedules } = await explore(scenario, { sample: 1_000, killable: ['one', 'other'] })
    expect(schedules).toBe(1_000)
  })

  test('beside an unlinking signs in as before, or is refused, or makes a user anew', async () => {
    const actors = { one: signIn, unlink }
    const check = async (outcomes: Outcomes, { after, users }: Users): Promise<void> => {
      const userId = userIdOf(outcomes.one)
      const links = await Promise.all(users.map((_, index) => after.identities.list(`user ${index + 1}`)))
      rule(links.flat().length <= 1, 'at most one link')
      if (userId === null) rule(refusal(outcomes.one) === 'link_refused', 'refused')
      if (userId === 'user 2') rule(links[1]?.length === 1, 'whoever is made anew is linked')
    }
    expect((await explore({ open: openLinked, actors, check })).exhaustive).toBe(true)
  })
})
