import { type Actor, explore, type Scenario, repeatablePlatform, type World } from '@tessera-auth/testing'
import { describe, expect, test } from 'vitest'
import type { LoginAttempt } from '../store/login-records.js'
import { isDone, type Outcomes, refusal, rule } from '../store/fixtures/outcomes.js'
import { memoryStore } from '../store/memory-store.js'
import { privateJwk, refreshTokenOf, tokenApp, type TokenApp } from './fixtures/token-app.js'
import { staticKeyRing } from './key-ring.js'
import type { TokenResponse } from './token-grant.js'

/** A login with a refresh token that the next refresh rotates. */
interface Chain extends World {
  readonly after: TokenApp
  readonly sessionToken: string
  readonly sessionId: string
  /** Of the generations 0, 1 and 2; the last one is current. */
  readonly refreshTokens: readonly string[]
  process(actor: Actor): TokenApp
}

type Run = (actor: Actor, world: Chain) => Promise<unknown>

const sampled = 3_000
/** Signing is synchronous, so that a step waits for nothing but the store. */
const keys = staticKeyRing([privateJwk('HS256')])

async function open(): Promise<Chain> {
  const platform = repeatablePlatform()
  const store = memoryStore({ platform })
  const processOn = (own: World['store']): TokenApp => tokenApp({ store: own, platform, keys })
  const after = processOn(store)
  const { session, token } = await after.signIn('ann')
  const refreshTokens = [refreshTokenOf(await after.tokens.issue({ session }))]
  for (let generation = 1; generation <= 2; generation += 1) {
    platform.advance(16)
    refreshTokens.push(refreshTokenOf(await after.tokens.refresh(refreshTokens.at(-1))))
  }
  platform.advance(16)
  const process = (actor: Actor): TokenApp => processOn(actor.store)
  return { store, after, sessionToken: token, sessionId: session.id, refreshTokens, process }
}

const refreshing =
  (generation: number): Run =>
  async (actor, world) =>
    (await world.process(actor).tokens.refresh(world.refreshTokens[generation])).refresh_token

const runs = {
  refresh: refreshing(2),
  otherRefresh: refreshing(2),
  reuse: refreshing(0),
  signOut: (actor, world) => world.process(actor).sessions.revoke('ann', world.sessionId),
  revokeToken: async (actor, world) => {
    await world.process(actor).tokens.revoke(world.refreshTokens[2])
    return true
  },
  revokeAll: (actor, world) => world.process(actor).sessions.revokeAll('ann'),
  async endOthers(actor, world) {
    const { sessions } = world.process(actor)
    const session = await sessions.verify(world.sessionToken)
    if (!session) throw new Error('signed out')
    const rotated = await sessions.rotate(session, { methods: ['pwd'] })
    return sessions.revokeAll('ann', { except: rotated.session })
  },
  async issue(actor, world) {
    const { sessions, tokens } = world.process(actor)
    const session = await sessions.verify(world.sessionToken)
    return session ? (await tokens.issue({ session })).refresh_token : null
  },
  async issueAlone(actor, world) {
    const { sessions, tokens } = world.process(actor)
    const attempt = await sessions.beginLogin('ann')
    return { attempt, response: await tokens.issue({ attempt }) }
  },
} satisfies Record<string, Run>

async function opens({ after }: Chain, refreshToken: unknown): Promise<boolean> {
  return after.tokens.refresh(refreshToken).then(
    () => true,
    () => false,
  )
}

/** What holds whatever runs beside each other. */
async function check(outcomes: Outcomes, world: Chain): Promise<void> {
  const { refresh, otherRefresh, reuse, signOut, revokeToken, revokeAll, endOthers, issue } = outcomes
  const refreshes = [refresh, otherRefresh].filter((outcome) => outcome !== undefined)
  const successors = new Set(refreshes.filter(isDone).map(({ value }) => value))
  rule(successors.size <= 1, 'one chain')
  const ending = [signOut, revokeToken, revokeAll].some(isDone) || refusal(reuse) === 'invalid_grant'
  for (const token of [...successors, world.refreshTokens[2]]) {
    if (ending) rule(!(await opens(world, token)), 'an ended family opens nothing')
  }
  const isUndisturbed = !reuse && !signOut && !revokeToken && !revokeAll
  for (const outcome of refreshes) if (isUndisturbed) rule(refusal(outcome) !== 'invalid_grant', 'nobody is signed out')
  for (const token of successors) if (isUndisturbed) rule(await opens(world, token), 'the successor opens')
  if (isDone(issue) && issue.value && [signOut, revokeAll, endOthers].some(isDone)) {
    rule(!(await opens(world, issue.value)), 'a family of an ended login opens nothing')
  }
  await checkAlone(outcomes, world)
}

/** A login of its own lives exactly when it was begun after the ending. */
async function checkAlone({ issueAlone }: Outcomes, world: Chain): Promise<void> {
  const { epoch } = await world.after.sessions.beginLogin('ann')
  if (!isDone(issueAlone)) return
  const { attempt, response } = issueAlone.value as { attempt: LoginAttempt; response: TokenResponse }
  rule(
    (await opens(world, response.refresh_token)) === (attempt.epoch === epoch),
    'it lives when begun after the ending',
  )
}

function scenario(...names: (keyof typeof runs)[]): Scenario<Chain> {
  return { open, check, actors: Object.fromEntries(names.map((name) => [name, runs[name]])) }
}

describe('refresh, two actors, every schedule', () => {
  test('two refreshes at once bring the same successor, and it opens; an answer that is lost ends nothing', async () => {
    expect((await explore(scenario('refresh', 'otherRefresh'), { lostAnswers: 1 })).exhaustive).toBe(true)
  })

  for (const ending of ['signOut', 'revokeToken', 'revokeAll'] as const) {
    test(`${ending} is final: no refresh beside it leaves a token that opens`, async () => {
      expect((await explore(scenario(ending, 'refresh'), { lostAnswers: 1 })).exhaustive).toBe(true)
    })
  }

  test('a token that comes back used ends the family, whoever refreshes beside it', async () => {
    expect((await explore(scenario('reuse', 'refresh'))).exhaustive).toBe(true)
  })

  for (const ending of ['signOut', 'revokeAll'] as const) {
    test(`a token that is issued for a session beside its ${ending} opens nothing`, async () => {
      expect((await explore(scenario(ending, 'issue'), { killable: [ending] })).exhaustive).toBe(true)
    })
  }

  test('a token that is issued for an older cookie does not outlive a password change that keeps the session', async () => {
    expect((await explore(scenario('endOthers', 'issue'))).exhaustive).toBe(true)
  })

  test('a login without a session lives exactly when it was begun after the ending', async () => {
    expect((await explore(scenario('revokeAll', 'issueAlone'), { killable: ['revokeAll'] })).exhaustive).toBe(true)
  })
})

describe('refresh, three actors, three thousand schedules with an answer that may be lost', () => {
  test(
    'two refreshes beside a sign-out everywhere leave one chain, and nothing that opens',
    { timeout: 180_000 },
    async () => {
      const { schedules } = await explore(scenario('refresh', 'otherRefresh', 'revokeAll'), {
        sample: sampled,
        lostAnswers: 1,
      })
      expect(schedules).toBe(sampled)
    },
  )
})
