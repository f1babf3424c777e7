import { type Actor, explore, type Scenario } from '@tessera-auth/testing'
import { describe, expect, test } from 'vitest'
import { AuthError } from '../errors.js'
import { createLoginRecords, familyKind, presentedDigest } from '../store/login-records.js'
import { isDone, type Outcomes, rule } from '../store/fixtures/outcomes.js'
import { openWorld, sampled, slow, type SessionWorld, signedIn } from './fixtures/session-world.js'
import type { SessionWithToken } from './session.js'

/** A user, the app's table of hashes, and a cookie that was stolen. */
interface Stolen extends SessionWorld {
  readonly token: string
  readonly id: string
  readonly users: { hash: 'old' | 'new' }
}

type Run = (actor: Actor, world: Stolen) => Promise<unknown>

/** The order that the guide gives: hash, then this session under a new token, then all others. */
const changePassword: Run = async (actor, world) => {
  const { sessions } = world.process(actor)
  const session = await sessions.verify(world.token)
  if (!session) return null
  await actor.atomically('store the new hash', () => (world.users.hash = 'new'))
  const rotated = await sessions.rotate(session, { methods: ['pwd'] }).catch((error: unknown) => {
    if (error instanceof AuthError && error.code === 'unauthenticated') return null
    throw error
  })
  await sessions.revokeAll('ann', rotated ? { except: rotated.session } : {})
  return rotated
}

/** Somebody who knows the old password. */
const oldPassword: Run = async (actor, world) => {
  const { sessions } = world.process(actor)
  const attempt = await sessions.beginLogin('ann')
  const isRight = await actor.atomically('read the hash', () => world.users.hash === 'old')
  return isRight ? sessions.create({ attempt }) : null
}

/** Somebody who holds the cookie, and makes it a token of his own. */
const thiefRotates: Run = async (actor, world) => {
  const { sessions } = world.process(actor)
  const session = await sessions.verify(world.token)
  return session ? sessions.rotate(session, { methods: ['pwd'] }) : null
}

/** Somebody who holds the cookie, and makes refresh tokens from it. */
const thiefIssues: Run = async (actor, world) => {
  const session = await world.process(actor).sessions.verify(world.token)
  if (!session) return null
  const value = JSON.stringify({ sessionId: world.id })
  await actor.store.insert({ kind: familyKind, key: 'stolen', owner: 'ann', value, version: '1', expiresAt: null })
  const logins = createLoginRecords(actor.store, world.platform)
  if (await logins.isCurrent(world.id, presentedDigest(session) ?? '')) return true
  return actor.store.remove(familyKind, 'stolen')
}

const runs = { changePassword, oldPassword, thiefRotates, thiefIssues } satisfies Record<string, Run>

async function open(): Promise<Stolen> {
  const world = openWorld()
  const { token, session } = await signedIn(world, 'ann')
  return { ...world, token, id: session.id, users: { hash: 'old' } }
}

/** Once a change is answered, nothing from before it opens anything but the session of the person who changed it. */
async function check({ changePassword, oldPassword, thiefRotates }: Outcomes, world: Stolen): Promise<void> {
  if (!isDone(changePassword)) return
  const { sessions } = world.after
  const changed = changePassword.value as SessionWithToken | null
  const living = (await sessions.list('ann')).map(({ id }) => id)
  for (const stolen of [oldPassword, thiefRotates].filter(isDone)) {
    const made = stolen.value as SessionWithToken | null
    const isOpen = made !== null && (await sessions.verify(made.token)) !== null
    // The change found its cookie superseded before it began: then nobody changed a password.
    rule(!isOpen || changed === null, 'an older password or cookie opens nothing')
  }
  rule((await sessions.verify(world.token)) === null, 'the stolen cookie opens nothing')
  if (!changed) return
  rule((await sessions.verify(changed.token)) !== null, 'the person who changed it is signed in')
  rule(living.length === 1, 'and nobody else')
  rule((await world.store.get(familyKind, 'stolen')) === null, 'no refresh family from before is left')
}

function scenario(...names: (keyof typeof runs)[]): Scenario<Stolen> {
  return { open, check, actors: Object.fromEntries(names.map((name) => [name, runs[name]])) }
}

describe('changing a password, two actors, every schedule', () => {
  test('a sign-in by the old password that was under way dies', async () => {
    expect((await explore(scenario('changePassword', 'oldPassword'))).exhaustive).toBe(true)
  })

  test('a stolen cookie that was rotated meanwhile opens nothing', async () => {
    expect((await explore(scenario('changePassword', 'thiefRotates'))).exhaustive).toBe(true)
  })

  test('a refresh family made meanwhile from the older cookie does not outlive the change', async () => {
    expect((await explore(scenario('changePassword', 'thiefIssues'))).exhaustive).toBe(true)
  })

  test('an ending repeated after the process was killed ends all logins from before the change', async () => {
    const killed = scenario('changePassword', 'oldPassword')
    await explore(
      {
        ...killed,
        async check(outcomes, world) {
          if (world.users.hash === 'old') return
          await world.after.sessions.revokeAll('ann')
          const made = isDone(outcomes.oldPassword) ? (outcomes.oldPassword.value as SessionWithToken | null) : null
          rule(!made || (await world.after.sessions.verify(made.token)) === null, 'the old password opens nothing')
        },
      },
      { killable: ['changePassword'] },
    )
  })
})

describe('changing a password, three actors, ten thousand schedules', () => {
  test('neither the old password nor the stolen cookie outlives the change', slow, async () => {
    const { schedules } = await explore(scenario('changePassword', 'oldPassword', 'thiefIssues'), { sample: sampled })
    expect(schedules).toBe(sampled)
  })
})
