/** Two servers with a cache each, in whatever order things happen: who is let in, and for how long still. */
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { testPlatform } from '@tessera-auth/testing'
import { createSessions, type Sessions } from '../session/index.js'
import { cachedStore } from './cached-store.js'
import { manualBus } from './fixtures/manual-bus.js'
import { memoryStore } from './memory-store.js'

const maxStalenessSeconds = 10

type Step =
  | { readonly kind: 'verify' | 'verifyOld' | 'rotate' | 'revoke'; readonly server: 0 | 1; readonly login: number }
  | { readonly kind: 'reconnect'; readonly server: 0 | 1 }
  | { readonly kind: 'wait'; readonly seconds: number }
  | { readonly kind: 'deliver' }
  | { readonly kind: 'lose' }

const server = fc.constantFrom<0 | 1>(0, 1)
const login = fc.nat({ max: 2 })
const kinds = fc.constantFrom('verify', 'verify', 'verify', 'verifyOld', 'rotate', 'revoke')
const steps: fc.Arbitrary<Step> = fc.oneof(
  { weight: 9, arbitrary: fc.record({ kind: kinds, server, login }) },
  { weight: 3, arbitrary: fc.record({ kind: fc.constant('wait'), seconds: fc.nat({ max: 6 }) }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('reconnect'), server }) },
  { weight: 1, arbitrary: fc.constant({ kind: 'deliver' }) },
  { weight: 1, arbitrary: fc.constant({ kind: 'lose' }) },
)

/** A token that was good once. */
interface Token {
  readonly text: string
  /** Seconds at which it ended; `null`: it is good. */
  endedAt: number | null
  /** Which servers must know of that. */
  readonly known: [boolean, boolean]
}

/** A login, and its tokens, of which only the last may be good. */
interface Login {
  readonly userId: string
  readonly id: string
  readonly tokens: Token[]
}

/** Two servers over one store, and three logins that one of them made. */
async function setUp() {
  const platform = testPlatform()
  const backend = memoryStore({ platform })
  const manual = manualBus()
  const start = (): Sessions =>
    createSessions({ store: cachedStore(backend, { platform, bus: manual.bus, maxStalenessSeconds }), platform })
  const servers = [start(), start()] as const
  const logins: Login[] = []
  for (const userId of ['ann', 'bob', 'eve']) {
    const { token, session } = await servers[0].create({ attempt: await servers[0].beginLogin(userId) })
    logins.push({ userId, id: session.id, tokens: [{ text: token, endedAt: null, known: [true, true] }] })
  }
  manual.messages.length = 0
  return { platform, manual, servers, logins }
}

/** Takes one step after the other, and checks each answer. */
async function world(): Promise<(step: Step) => Promise<void>> {
  const { platform, manual, servers, logins } = await setUp()
  const untold: Token[] = []

  function end(token: Token | undefined, by: 0 | 1): void {
    if (token?.endedAt !== null) return
    token.endedAt = platform.now()
    token.known.splice(0, 2, by === 0, by === 1)
    untold.push(token)
  }

  async function verify(by: 0 | 1, token: Token): Promise<void> {
    const found = await servers[by].verify(token.text)
    if (token.endedAt === null) expect(found, 'a good token').not.toBeNull()
    else if (token.known[by]) expect(found, 'a token whose end is known here').toBeNull()
    else if (platform.now() - token.endedAt > maxStalenessSeconds) expect(found, 'past the bound').toBeNull()
  }

  async function rotate(by: 0 | 1, tokens: Token[]): Promise<void> {
    const session = await servers[by].verify(tokens.at(-1)?.text ?? '')
    const rotated = session && (await servers[by].rotate(session, { methods: ['pwd'] }).catch(() => null))
    if (!rotated) return
    end(tokens.at(-1), by)
    tokens.push({ text: rotated.token, endedAt: null, known: [true, true] })
  }

  return async (step) => {
    if (step.kind === 'wait') platform.advance(step.seconds)
    else if (step.kind === 'lose') untold.length = manual.messages.length = 0
    else if (step.kind === 'deliver') {
      manual.deliverAll()
      for (const { known } of untold.splice(0)) known.fill(true)
    } else if (step.kind === 'reconnect') {
      manual.subscribers[step.server]?.health(true)
      for (const { known } of logins.flatMap(({ tokens }) => tokens)) known[step.server] = true
    } else {
      const { userId, id, tokens } = logins[step.login] as Login
      const token = tokens.at(step.kind === 'verifyOld' ? -2 : -1)
      if (step.kind === 'rotate') return rotate(step.server, tokens)
      if (step.kind !== 'revoke') return token && verify(step.server, token)
      await servers[step.server].revoke(userId, id)
      end(token, step.server)
    }
  }
}

test('a living session is never refused; an ended one is refused where it ended, where that is known, and past the bound', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(steps, { minLength: 5, maxLength: 60 }), async (schedule) => {
      const take = await world()
      for (const step of schedule) await take(step)
    }),
    { numRuns: 2_000 },
  )
})
