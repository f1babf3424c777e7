import { type Actor, explore, type ExploreOptions, type Scenario } from '@tessera-auth/testing'
import { describe, expect, test } from 'vitest'
import {
  createLoginRecords,
  familyKind,
  type LoginAttempt,
  type LoginRecords,
  presentedDigest,
} from '../store/login-records.js'
import { isDone, type Outcomes, rule } from '../store/fixtures/outcomes.js'
import { openWorld, sampled, slow, type SessionWorld, signedIn } from './fixtures/session-world.js'

/** A user with one login that has a refresh family, or with two that have none. */
interface Logins extends SessionWorld {
  readonly kept: { readonly id: string }
  readonly other: { readonly id: string } | null
}

type Run = (actor: Actor, world: Logins) => Promise<unknown>

/** A login that returned, and the epoch it was begun in. */
interface Login {
  readonly id: string
  readonly attempt: LoginAttempt
}

const signIn: Run = async (actor, world): Promise<Login> => {
  const { sessions } = world.process(actor)
  const attempt = await sessions.beginLogin('ann')
  return { id: (await sessions.create({ attempt })).session.id, attempt }
}

const loginsOf = (actor: Actor, { platform, told }: SessionWorld): LoginRecords =>
  createLoginRecords(actor.store, platform, (_, sessionId) => told.push(sessionId))

/** As a token issuer does for a native app: insert, then look whether all logins were ended since. */
const ownFamily: Run = async (actor, world): Promise<Login | null> => {
  const logins = loginsOf(actor, world)
  const attempt = await logins.begin('ann')
  await insertFamily(actor, 'own', null)
  if (await logins.holds(attempt)) return { id: 'own', attempt }
  await actor.store.remove(familyKind, 'own')
  return null
}

/** As a token issuer does for a session: insert, then look whether the session lives under the token presented. */
const sessionFamily: Run = async (actor, world): Promise<boolean> => {
  const digest = presentedDigest(world.kept) ?? ''
  await insertFamily(actor, 'new', world.kept.id)
  if (await loginsOf(actor, world).isCurrent(world.kept.id, digest)) return true
  await actor.store.remove(familyKind, 'new')
  return false
}

const runs = {
  signIn,
  otherSignIn: signIn,
  ownFamily,
  sessionFamily,
  endAll: (actor, world) => world.process(actor).sessions.revokeAll('ann'),
  endOthers: (actor, world) => world.process(actor).sessions.revokeAll('ann', { except: world.kept }),
  endElse: (actor, world) => world.process(actor).sessions.revokeAll('ann', world.other ? { except: world.other } : {}),
  async list(actor, world) {
    const shown = await world.process(actor).sessions.list('ann')
    return { shown, families: await world.store.listByOwner(familyKind, 'ann') }
  },
} satisfies Record<string, Run>

async function open(hasOther: boolean): Promise<Logins> {
  const world = openWorld()
  const { session: kept } = await signedIn(world, 'ann')
  if (hasOther) return { ...world, kept, other: (await signedIn(world, 'ann')).session }
  await insertFamily(world, 'a', kept.id)
  return { ...world, kept, other: null }
}

async function insertFamily({ store }: Pick<Actor, 'store'>, key: string, sessionId: string | null): Promise<void> {
  const value = JSON.stringify({ sessionId })
  await store.insert({ kind: familyKind, key, owner: 'ann', value, version: key, expiresAt: null })
}

interface After {
  readonly living: readonly string[]
  readonly families: readonly string[]
  readonly epoch: string | null
}

/** What is there once somebody has looked, which finishes what a killed process left. */
async function lookAfter({ after, store }: Logins): Promise<After> {
  const { epoch } = await after.sessions.beginLogin('ann')
  const living = (await after.sessions.list('ann')).map(({ id }) => id)
  const families = (await store.listByOwner(familyKind, 'ann')).map(({ key }) => key)
  return { living, families, epoch }
}

/** The rules: exactly the logins of today's epoch live, and nothing that was there before it but the session kept. */
async function check(outcomes: Outcomes, world: Logins): Promise<void> {
  const { living, families, epoch } = await lookAfter(world)
  const { endAll, endOthers, endElse } = outcomes
  if ([endAll, endOthers, endElse].some(isDone)) rule(epoch !== null, 'an answered ending has happened')
  for (const login of [outcomes.signIn, outcomes.otherSignIn]) {
    if (!isDone(login)) continue
    const { id, attempt } = login.value as Login
    rule(living.includes(id) === (attempt.epoch === epoch), 'a login lives exactly when it was begun after the ending')
  }
  if (epoch === null) return rule(living.includes(world.kept.id), 'nothing has ended')
  rule(!families.includes('a'), 'the family from before is gone, though its session may be kept')
  checkEarlier(outcomes, world, living)
  checkTold(world, living)
  checkFamilies(outcomes, { living, families, epoch }, world)
}

function checkTold({ told, kept, other }: Logins, living: readonly string[]): void {
  rule(new Set(told).size === told.length, 'no end is told twice')
  for (const id of [kept.id, other?.id])
    rule(!id || !living.includes(id) || !told.includes(id), 'no life is told to have ended')
}

/** Not where answers get lost: who is told of a failure cannot know that it ended something. */
function checkAllTold({ told, kept, other }: Logins, living: readonly string[]): void {
  for (const id of [kept.id, other?.id]) rule(!id || living.includes(id) || told.includes(id), 'every end is told')
}

function checkEarlier(
  { endAll, endOthers, endElse }: Outcomes,
  { kept, other }: Logins,
  living: readonly string[],
): void {
  const earlier = living.filter((id) => id === kept.id || id === other?.id)
  rule(earlier.length <= 1, 'at most one login from before is kept')
  if (endAll && isDone(endAll)) rule(earlier.length === 0, 'none is kept where none was named')
  if (endOthers && !endAll && !endElse) rule(earlier[0] === kept.id, 'the login that was named is kept')
}

function checkFamilies(
  { ownFamily, sessionFamily }: Outcomes,
  { living, families, epoch }: After,
  { kept }: Logins,
): void {
  if (isDone(ownFamily) && ownFamily.value) {
    const begun = (ownFamily.value as Login).attempt.epoch
    rule(families.includes('own') === (begun === epoch), 'a family lives exactly when it was begun after the ending')
  }
  if (!isDone(sessionFamily)) return
  if (sessionFamily.value === false) rule(!families.includes('new'), 'a family that was withdrawn is gone')
  // A family whose session is gone opens nothing, and is removed when it is used.
  if (families.includes('new') && sessionFamily.value)
    rule(living.includes(kept.id) || epoch !== null, 'it names its login')
}

function scenario(...names: (keyof typeof runs)[]): Scenario<Logins> {
  const hasOther = names.includes('endElse')
  return { open: () => open(hasOther), check, actors: Object.fromEntries(names.map((name) => [name, runs[name]])) }
}

async function proveAll(of: Scenario<Logins>, options: ExploreOptions = {}): Promise<void> {
  expect((await explore(options.lostAnswers ? of : alsoTold(of), options)).exhaustive).toBe(true)
}

function alsoTold(of: Scenario<Logins>): Scenario<Logins> {
  return {
    ...of,
    async check(outcomes, world) {
      await of.check(outcomes, world)
      checkAllTold(world, (await lookAfter(world)).living)
    },
  }
}

describe('ending all logins, two actors, every schedule', slow, () => {
  test('exactly the logins begun after the ending live, even when either process is killed at any step', () =>
    proveAll(scenario('endAll', 'signIn'), { killable: ['endAll', 'signIn'] }))

  test('so it is when an answer is lost and its call takes effect late or never', () =>
    proveAll(scenario('endAll', 'signIn'), { lostAnswers: 1 }))

  test('the session that is named is kept, the others and every family end', () =>
    proveAll(scenario('endOthers', 'signIn'), { killable: ['endOthers'] }))

  test('of two endings at once that keep different sessions at most one is kept', () =>
    proveAll(scenario('endOthers', 'endElse')))

  test('an ending that keeps nothing ends all beside one that keeps a session', () =>
    proveAll(scenario('endAll', 'endOthers')))

  test('a list that finds an ending unfinished finishes it: what it does not show is dead, with its families', async () => {
    const listing = scenario('endAll', 'list')
    const { exhaustive } = await explore(
      {
        ...listing,
        async check(outcomes, world) {
          if (isDone(outcomes.list)) {
            const { shown, families } = outcomes.list.value as Record<'shown' | 'families', readonly unknown[]>
            rule(shown.length === 1 || families.length === 0, 'what is not shown is dead')
          }
          await check(outcomes, world)
        },
      },
      { killable: ['endAll'] },
    )
    expect(exhaustive).toBe(true)
  })

  test('a refresh family of its own lives exactly when it was begun after the ending', () =>
    proveAll(scenario('endAll', 'ownFamily'), { killable: ['endAll'] }))

  test('a refresh family made meanwhile of a session that ends is withdrawn, or names a session that is gone', () =>
    proveAll(scenario('endAll', 'sessionFamily'), { killable: ['endAll'] }))
})

describe('ending all logins, three actors, ten thousand schedules, one process killed at any step', () => {
  const names = ['endAll', 'signIn', 'endOthers'] as const
  test('exactly the logins begun after the last ending live, and no session that it did not keep', slow, async () => {
    const { schedules } = await explore(alsoTold(scenario(...names)), { sample: sampled, killable: names })
    expect(schedules).toBe(sampled)
  })
})
