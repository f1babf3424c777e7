import { type Actor, explore, type Scenario } from '@tessera-auth/testing'
import { describe, expect, test } from 'vitest'
import { isDone, type Outcomes, refusal, rule } from '../store/fixtures/outcomes.js'
import { adding, type Cart, openWorld, sampled, slow, type SessionWorld, signedIn } from './fixtures/session-world.js'
import type { SessionWithToken } from './session.js'

interface OneSession extends SessionWorld {
  readonly token: string
  readonly id: string
}

type Run = (actor: Actor, world: OneSession) => Promise<unknown>

const touch: Run = (actor, world) => world.process(actor).sessions.verify(world.token)

const rotate: Run = async (actor, world) => {
  const { sessions } = world.process(actor)
  const session = await sessions.verify(world.token)
  return session ? sessions.rotate(session, { methods: ['pwd'] }) : null
}

const updating =
  (item: string): Run =>
  async (actor, world) => {
    const { sessions } = world.process(actor)
    const session = await sessions.verify(world.token)
    return session ? sessions.update(session.id, adding(item)) : null
  }

const runs = {
  touch,
  rotate,
  otherRotate: rotate,
  update: updating('tea'),
  otherUpdate: updating('jam'),
  revoke: (actor, world) => world.process(actor).sessions.revoke('ann', world.id),
  signOut: (actor, world) => world.process(actor).endByToken(world.token),
  revokeAll: (actor, world) => world.process(actor).sessions.revokeAll('ann'),
} satisfies Record<string, Run>

/** A session whose next use is to be written down. */
async function open(options: { readonly cached?: boolean } = {}): Promise<OneSession> {
  const world = openWorld(options)
  const { token, session } = await signedIn(world, 'ann')
  world.platform.advance(3600)
  return { ...world, token, id: session.id }
}

/** What holds whatever runs beside each other. */
async function check(outcomes: Outcomes, world: OneSession): Promise<void> {
  const [living] = await world.after.sessions.list('ann')
  const endings = [outcomes.revoke, outcomes.signOut, outcomes.revokeAll].filter((outcome) => outcome !== undefined)
  if (endings.some(isDone)) rule(!living, 'a session that was ended is dead')
  if (endings.length === 0) rule(living !== undefined, 'nobody ended the session')
  if (living) checkItems(outcomes, living.data)
  await checkTokens(outcomes, world, living !== undefined)
}

/** An item is in the cart when its update said yes, and is not when it said no. */
function checkItems({ update, otherUpdate }: Outcomes, { items }: Cart): void {
  for (const [outcome, item] of [
    [update, 'tea'],
    [otherUpdate, 'jam'],
  ] as const) {
    if (!outcome || refusal(outcome) === 'unavailable') continue
    const saidYes = isDone(outcome) && outcome.value !== null
    rule(items.includes(item) === saidYes, `${item} is ${saidYes ? '' : 'not '}in the cart`)
  }
}

/** Of all tokens exactly the last one opens the session, as long as it lives. */
async function checkTokens({ rotate, otherRotate }: Outcomes, world: OneSession, isAlive: boolean): Promise<void> {
  const rotations = [rotate, otherRotate].filter((outcome) => outcome !== undefined)
  const tokens = rotations
    .filter(isDone)
    .flatMap(({ value }) => (value ? [(value as SessionWithToken<Cart>).token] : []))
  const opened = await Promise.all([world.token, ...tokens].map((token) => world.after.sessions.verify(token)))
  const count = opened.filter(Boolean).length
  // A rotation whose answer was lost may have happened.
  const isKnown = rotations.every((outcome) => refusal(outcome) !== 'unavailable')
  rule(count <= 1, 'at most one token opens a session')
  if (isKnown && isAlive) rule(count === 1, 'the last token opens the session')
  if (isAlive && tokens.length > 0) rule(opened[0] === null, 'a rotated token opens nothing')
}

function scenario(...names: (keyof typeof runs)[]): Scenario<OneSession> {
  return { open: () => open(), check, actors: Object.fromEntries(names.map((name) => [name, runs[name]])) }
}

/** The same with one more rule. */
function withRule(of: Scenario<OneSession>, more: (outcomes: Outcomes, world: OneSession) => unknown): typeof of {
  return {
    ...of,
    async check(outcomes, world) {
      await more(outcomes, world)
      await of.check(outcomes, world)
    },
  }
}

describe('one session, two actors, every schedule', slow, () => {
  for (const ending of ['revoke', 'signOut', 'revokeAll'] as const) {
    for (const writer of ['touch', 'rotate', 'update'] as const) {
      test(`${ending} is final: no ${writer} brings the session back, not even one that takes effect late`, async () => {
        expect((await explore(scenario(ending, writer), { lostAnswers: 1 })).exhaustive).toBe(true)
      })
    }
  }

  test('of two rotations one wins, and the other is told that its token is not the current one', async () => {
    const won = withRule(scenario('rotate', 'otherRotate'), (outcomes) => {
      const winners = Object.values(outcomes).filter((outcome) => isDone(outcome) && outcome.value !== null)
      rule(winners.length === 1, 'one rotation wins')
    })
    expect((await explore(won)).exhaustive).toBe(true)
  })

  for (const beside of ['touch', 'update'] as const) {
    test(`a rotation succeeds beside a concurrent ${beside}, and loses nothing of it`, async () => {
      const succeeding = withRule(scenario('rotate', beside), ({ rotate }) =>
        rule(isDone(rotate) && rotate.value !== null, 'the rotation succeeds'),
      )
      expect((await explore(succeeding)).exhaustive).toBe(true)
    })
  }

  test('two tabs that renew at once both stay signed in', async () => {
    const tabs: Scenario<OneSession> = {
      open: () => open(),
      actors: { one: touch, other: touch },
      check(outcomes) {
        for (const outcome of Object.values(outcomes)) {
          if (isDone(outcome)) rule(outcome.value !== null, 'nobody is signed out')
          else rule(refusal(outcome) === 'unavailable', 'an outage is told as one')
        }
      },
    }
    expect((await explore(tabs, { lostAnswers: 1 })).exhaustive).toBe(true)
  })

  test('a touch refuses no current token, and the use is written down whoever wins', async () => {
    const touching = withRule(scenario('touch', 'update'), async ({ touch }, { after, platform }) => {
      rule(isDone(touch) && touch.value !== null, 'the token is current')
      rule((await after.sessions.list('ann'))[0]?.lastSeenAt === platform.now(), 'the use is written down')
    })
    expect((await explore(touching)).exhaustive).toBe(true)
  })

  test('of two updates each is applied or told that it is not; whatever said yes is in the cart', async () => {
    expect((await explore(scenario('update', 'otherUpdate'), { lostAnswers: 1 })).exhaustive).toBe(true)
  })
})

describe('one session, two processes with a cache each, every schedule', slow, () => {
  const writers = ['touch', 'rotate', 'update'] as const
  const pairs = [
    ...(['revoke', 'signOut', 'revokeAll'] as const).flatMap((ending) =>
      writers.map((writer) => [ending, writer] as const),
    ),
    ['rotate', 'otherRotate'],
    ['rotate', 'touch'],
    ['rotate', 'update'],
    ['update', 'otherUpdate'],
  ] as const
  test.for(pairs)('%s and %s keep the same rules over cached copies', async ([one, other]) => {
    const cached = { ...scenario(one, other), open: () => open({ cached: true }) }
    expect((await explore(cached, { lostAnswers: 1 })).exhaustive).toBe(true)
  })
})

describe('one session, three actors, ten thousand schedules with an answer that may be lost', () => {
  const threes = [
    ['rotate', 'touch', 'update'],
    ['rotate', 'update', 'signOut'],
  ] as const
  test.for(threes)(
    '%s, %s and %s: an ending is final, the last token opens, what said yes is kept',
    slow,
    async (names) => {
      const { schedules } = await explore(scenario(...names), { sample: sampled, lostAnswers: 1 })
      expect(schedules).toBe(sampled)
    },
  )
})
