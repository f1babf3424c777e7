import { type Actor, explore, type Outcome, type Scenario } from '@tessera-auth/testing'
import { describe, expect, test } from 'vitest'
import { createAuthenticator } from '../http/authenticator.js'
import type { RequestAuth } from '../http/request-auth.js'
import { isDone, type Outcomes, refusal, rule } from '../store/fixtures/outcomes.js'
import { adding, type Cart, openWorld, sampled, slow, type SessionWorld, signedIn } from './fixtures/session-world.js'
import type { Store } from '../store/store.js'
import type { Sessions } from './sessions.js'

const origin = 'https://app.example'

/** A browser with a cart of tea: an anonymous visitor's, or the user's own. */
interface Browser extends SessionWorld {
  readonly cookie: string
  readonly earlier: string
  /** The carts of sessions as they were when they ended. */
  readonly ended: Map<string, readonly string[]>
}

type Run = (actor: Actor, world: Browser) => Promise<unknown>

/** A request of the browser, and the cookies that its answer sets. */
function request(sessions: Sessions<Cart>, world: Browser): { auth: RequestAuth<Cart>; cookies: Headers } {
  const cookies = new Headers()
  const sent = new Headers({ cookie: world.cookie, origin, 'sec-fetch-site': 'same-origin' })
  const authenticator = createAuthenticator({ origin, sessions, platform: world.platform })
  return { auth: authenticator.bind({ method: 'POST', url: '/', headers: sent }, cookies), cookies }
}

const signIn: Run = async (actor, world) => {
  const { auth } = request(world.process(actor).sessions, world)
  return (await auth.signIn(await auth.beginLogin('ann'))).id
}

const addJam: Run = async (actor, world) => {
  const { auth, cookies } = request(world.process(actor).sessions, world)
  await auth.updateData(adding('jam'))
  return cookies.getSetCookie()[0] ?? null
}

const runs = {
  signIn,
  otherSignIn: signIn,
  addJam,
  revokeAll: (actor, world) => world.process(actor).sessions.revokeAll('ann'),
} satisfies Record<string, Run>

/** The browser of somebody who is not signed in. */
async function openVisitor(): Promise<Browser> {
  const world = openWorld()
  const { token, session } = await world.after.sessions.create({ attempt: null, data: { items: ['tea'] } })
  return { ...remembering(world), cookie: `__Host-anonymous=${token}`, earlier: session.id }
}

/** The browser of somebody who signs in again. */
async function openUser(userId: string): Promise<Browser> {
  const world = openWorld()
  const { token, session } = await signedIn(world, userId)
  await world.after.sessions.update(session.id, adding('tea'))
  return { ...remembering(world), cookie: `__Host-session=${token}`, earlier: session.id }
}

function remembering(world: SessionWorld): SessionWorld & Pick<Browser, 'ended'> {
  const ended: Browser['ended'] = new Map()
  const store: Store = {
    ...world.store,
    async remove(kind, key, version) {
      const cart = kind === 'session' ? await cartOf(world, key) : null
      const removed = await world.store.remove(kind, key, version)
      if (removed && cart) ended.set(key, cart)
      return removed
    },
  }
  return { ...world, store, ended }
}

/** The cart of a session, by its id; `null` when it is gone. */
async function cartOf({ store }: SessionWorld, id: unknown): Promise<readonly string[] | null> {
  const entry = await store.get('session', String(id))
  return entry && ((JSON.parse(entry.value) as { data?: Cart }).data?.items ?? [])
}

/** Where the item is of an update that said yes: in the login, or in the cart of a cookie that its answer set. */
async function checkJam(outcome: Outcome | undefined, world: Browser, login: readonly string[]): Promise<void> {
  if (!isDone(outcome)) return rule(!login.includes('jam'), 'what said no is not in the cart')
  const cookie = /^__Host-anonymous=([\w-]{22})/.exec(String(outcome.value))?.[1]
  const cart = cookie === undefined ? login : ((await cartOf(world, cookie)) ?? [])
  rule(cart.includes('jam'), 'what said yes is in a cart that the browser holds')
}

/** The rules for one sign-in beside other requests of the same browser. */
async function check({ signIn, otherSignIn, addJam }: Outcomes, world: Browser): Promise<void> {
  const login = isDone(signIn) ? await cartOf(world, signIn.value) : null
  const other = isDone(otherSignIn) ? await cartOf(world, otherSignIn.value) : null
  const earlier = await cartOf(world, world.earlier)
  if (login ?? other) rule(earlier === null, 'the earlier session is gone')
  if (login ?? other)
    rule(
      [login, other].some((cart) => cart?.includes('tea')),
      'the cart came along',
    )
  if (refusal(signIn) === 'unauthenticated' && !otherSignIn) rule(earlier?.includes('tea') === true, 'nothing is lost')
  if (login && addJam && !otherSignIn) await checkJam(addJam, world, login)
  if (isDone(signIn) && isDone(addJam) && addJam.value === null) {
    const carts = [login, other, earlier, world.ended.get(String(signIn.value))]
    rule(
      Boolean(otherSignIn) || carts.some((cart) => cart?.includes('jam')),
      'what said yes ends with its login at most',
    )
  }
}

function scenario(open: () => Promise<Browser>, ...names: (keyof typeof runs)[]): Scenario<Browser> {
  return { open, check, actors: Object.fromEntries(names.map((name) => [name, runs[name]])) }
}

describe('sign-in over a cart, two actors, every schedule', () => {
  test('an item that is added meanwhile is in the login, or its request is told that it is not', async () => {
    expect((await explore(scenario(openVisitor, 'signIn', 'addJam'))).exhaustive).toBe(true)
  })

  test('so it is when the earlier session is of the same user', async () => {
    expect((await explore(scenario(() => openUser('ann'), 'signIn', 'addJam'))).exhaustive).toBe(true)
  })

  test('two sign-ins of one browser both succeed, and the cart is in one of the logins', async () => {
    const both = scenario(openVisitor, 'signIn', 'otherSignIn')
    await explore({
      ...both,
      async check(outcomes, world) {
        rule(isDone(outcomes.signIn) && isDone(outcomes.otherSignIn), 'both succeed')
        await check(outcomes, world)
      },
    })
  })

  test('a sign-in that is overtaken by revokeAll leaves the cart where it was', async () => {
    expect((await explore(scenario(openVisitor, 'signIn', 'revokeAll'))).exhaustive).toBe(true)
  })

  test('nothing of another user comes along', async () => {
    const over = scenario(() => openUser('bob'), 'signIn', 'addJam')
    await explore({
      ...over,
      async check({ signIn }, world) {
        rule(isDone(signIn), 'the sign-in succeeds')
        rule((await cartOf(world, isDone(signIn) && signIn.value))?.length === 0, 'the cart is empty')
        rule((await world.after.sessions.list('bob')).length === 0, 'the other user is signed out')
      },
    })
  })

  test('a sign-in that is killed at any step, or loses an answer, leaves the cart in the earlier session or in a login', async () => {
    const killed = scenario(openVisitor, 'signIn')
    await explore(
      {
        ...killed,
        async check(_, world) {
          const logins = await world.after.sessions.list('ann')
          const carts = [await cartOf(world, world.earlier), ...logins.map(({ data }) => data.items)]
          rule(
            carts.some((cart) => cart?.includes('tea')),
            'the cart is somewhere',
          )
        },
      },
      { killable: ['signIn'], lostAnswers: 1 },
    )
  })
})

describe('sign-in over a cart, three actors, ten thousand schedules', () => {
  test('an item added, and another sign-in beside it: no cart is lost', slow, async () => {
    const { schedules } = await explore(scenario(openVisitor, 'signIn', 'addJam', 'otherSignIn'), { sample: sampled })
    expect(schedules).toBe(sampled)
  })

  test('an item added, and all logins ended beside it: a refused sign-in loses nothing', slow, async () => {
    const { schedules } = await explore(scenario(openVisitor, 'signIn', 'addJam', 'revokeAll'), { sample: sampled })
    expect(schedules).toBe(sampled)
  })
})
