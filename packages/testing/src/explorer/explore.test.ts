import { memoryStore, type Entry, type Store } from '@tessera-auth/core/store'
import { describe, expect, test } from 'vitest'
import { explore } from './explore.js'
import { repeatablePlatform } from './repeatable-platform.js'
import type { Outcome, Scenario, World } from './schedule.js'

const counter: Entry = { kind: 'counter', key: 'a', owner: 'ann', value: '0', version: '0', expiresAt: null }
let writes = 0

async function open(): Promise<World> {
  const store = memoryStore()
  await store.insert(counter)
  return { store }
}

const valueOf = async (store: Store): Promise<string | undefined> => (await store.get('counter', 'a'))?.value
const next = (entry: Entry): Entry => ({
  ...entry,
  value: String(Number(entry.value) + 1),
  version: `w${(writes += 1)}`,
})

/** Right: compare and swap, until it succeeds. */
async function increment({ store }: { store: Store }): Promise<void> {
  for (;;) {
    const found = await store.get('counter', 'a')
    if (!found || (await store.replace(next(found), found.version))) return
  }
}

/** Wrong: an upsert, as session stores of the memory, Redis SET and `insert or replace` kind have it. */
async function upsertIncrement({ store }: { store: Store }): Promise<void> {
  const found = (await store.get('counter', 'a')) ?? counter
  if (await store.insert(next(found))) return
  const current = await store.get('counter', 'a')
  if (current) await store.replace(next(found), current.version)
}

/** Wrong: revokes only the version it has seen. */
async function conditionalRemove({ store }: { store: Store }): Promise<void> {
  const found = await store.get('counter', 'a')
  if (found) await store.remove('counter', 'a', found.version)
}

const isGone = async (_: unknown, { store }: World): Promise<void> => expect(await valueOf(store)).toBeUndefined()
const isTwo = async (_: unknown, { store }: World): Promise<void> => expect(await valueOf(store)).toBe('2')

/** `count` steps that touch the same thing. */
const steps =
  (count: number) =>
  async ({ store }: { store: Store }): Promise<void> => {
    for (let step = 0; step < count; step += 1) await store.remove('x', 'x')
  }

function gather(seen: Set<string>, actors: Scenario<World>['actors']): Scenario<World> {
  return {
    open,
    actors,
    async check(outcomes, { store }) {
      seen.add(JSON.stringify([outcomes, await valueOf(store)]))
    },
  }
}

describe('explore', () => {
  test('runs every interleaving of steps that depend on each other, each once', async () => {
    const scenario = { open, actors: { one: steps(3), other: steps(2) }, check: () => {} }
    expect(await explore(scenario)).toEqual({ schedules: 10, exhaustive: true })
  })

  test('runs one of several orders that nobody could tell apart', async () => {
    const on =
      (key: string) =>
      async ({ store }: { store: Store }) => {
        await store.insert({ ...counter, key })
        await store.remove('counter', key)
      }
    const scenario = { open, actors: { one: on('x'), other: on('y') }, check: () => {} }
    expect(await explore(scenario, { reduce: false })).toEqual({ schedules: 6, exhaustive: true })
    expect(await explore(scenario)).toEqual({ schedules: 1, exhaustive: true })
  })

  test('reaches with the reduction every final state that it reaches without', async () => {
    const actors = {
      one: increment,
      other: async ({ store }: { store: Store }) => {
        await Promise.all([store.insert({ ...counter, key: 'b' }), conditionalRemove({ store })])
        return (await store.listByOwner('counter', 'ann')).length
      },
    }
    const faults = { killable: ['one', 'other'], lostAnswers: 1 }
    const all = new Set<string>()
    const reduced = new Set<string>()
    const every = await explore(gather(all, actors), { ...faults, reduce: false })
    const fewer = await explore(gather(reduced, actors), faults)
    expect(reduced).toEqual(all)
    expect(fewer.schedules).toBeLessThan(every.schedules / 2)
  })

  test('finds nothing in a protocol that is right', async () => {
    const { exhaustive } = await explore({ open, actors: { one: increment, other: increment }, check: isTwo })
    expect(exhaustive).toBe(true)
  })

  test('finds an update that is lost by an upsert', async () => {
    const lost = explore({ open, actors: { one: upsertIncrement, other: upsertIncrement }, check: isTwo })
    await expect(lost).rejects.toThrow(/expected '1' to be '2'/)
  })

  test('finds a record that an upsert brings back', async () => {
    const actors = { save: upsertIncrement, revoke: ({ store }: { store: Store }) => store.remove('counter', 'a') }
    await expect(explore({ open, actors, check: isGone })).rejects.toThrow('After this schedule')
  })

  test('finds a revocation that an expected version makes miss', async () => {
    const missed = explore({ open, actors: { save: increment, revoke: conditionalRemove }, check: isGone })
    await expect(missed).rejects.toThrow(/remove if counter a → false/)
  })

  test('finds what a process leaves half done when it is killed', async () => {
    const halfDone = async ({ store }: { store: Store }): Promise<void> => {
      await store.insert({ ...counter, key: 'b' })
      await store.remove('counter', 'a')
    }
    const check = async (_: unknown, { store }: World): Promise<void> =>
      expect(await store.listByOwner('counter', 'ann')).toHaveLength(1)
    await explore({ open, actors: { move: halfDone }, check })
    await expect(explore({ open, actors: { move: halfDone }, check }, { killable: ['move'] })).rejects.toThrow('killed')
  })

  test('finds what a write does that takes effect after its caller was told that it failed', async () => {
    const retried = async ({ store }: { store: Store }): Promise<void> =>
      increment({ store }).catch(() => increment({ store }))
    const check = async (_: unknown, { store }: World): Promise<void> => expect(await valueOf(store)).toBe('1')
    await explore({ open, actors: { retried }, check })
    await expect(explore({ open, actors: { retried }, check }, { lostAnswers: 1 })).rejects.toThrow("be '1'")
  })

  test('lets a late write happen, and lets it never happen', async () => {
    const seen = new Set<string>()
    const remove = async ({ store }: { store: Store }): Promise<string> =>
      store.remove('counter', 'a').then(String, () => 'unknown')
    await explore(gather(seen, { remove }), { lostAnswers: 1 })
    const outcomes = [...seen].map((text): [{ remove: Outcome }, string] => JSON.parse(text))
    expect(outcomes.map(([{ remove }, value]) => [remove.status === 'returned' && remove.value, value])).toEqual([
      ['true', null],
      ['unknown', null],
      ['unknown', '0'],
    ])
  })

  test('loses the answer of a read once, as nobody can tell when it was late', async () => {
    const read = async ({ store }: { store: Store }): Promise<unknown> => store.get('counter', 'a').catch(() => 'lost')
    expect((await explore({ open, actors: { read }, check: () => {} }, { lostAnswers: 1 })).schedules).toBe(2)
  })

  test('tells how an actor failed', async () => {
    const seen = new Set<string>()
    await explore(
      gather(seen, {
        failing: async () => {
          throw new Error('refused')
        },
      }),
    )
    expect([...seen]).toEqual([expect.stringContaining('"threw"')])
  })
})

describe('explore, sampling', () => {
  const actors = { one: steps(6), two: steps(6), three: steps(6) }

  test('runs as many different schedules as were asked for', async () => {
    const scenario = { open, actors, check: () => {} }
    expect(await explore(scenario, { sample: 500 })).toEqual({ schedules: 500, exhaustive: false })
  })

  test('stops where there are not that many', async () => {
    const scenario = { open, actors: { one: steps(1), two: steps(2) }, check: () => {} }
    expect((await explore(scenario, { sample: 500 })).schedules).toBe(3)
  })

  test('draws the same schedules for the same seed, and others for another', async () => {
    const draw = async (seed: number): Promise<string[]> => {
      const drawn: string[] = []
      const note = ({ store }: { store: Store }, name: string) =>
        steps(4)({ store: { ...store, remove: async (...args) => (drawn.push(name), store.remove(...args)) } })
      const noted = {
        one: (actor: { store: Store }) => note(actor, 'one'),
        two: (actor: { store: Store }) => note(actor, 'two'),
      }
      await explore({ open, actors: noted, check: () => {} }, { sample: 20, seed })
      return drawn
    }
    expect(await draw(1)).toEqual(await draw(1))
    expect(await draw(1)).not.toEqual(await draw(2))
  })
})

describe('explore, reporting', () => {
  const scenario = { open, actors: { save: increment, revoke: conditionalRemove }, check: isGone }

  test('names the schedule step by step, with the answers', async () => {
    await expect(explore(scenario)).rejects.toThrow(/1\. save: get counter a → found\n/)
  })

  test('replays the schedule that it named', async () => {
    const error: Error = await explore(scenario).then(
      () => expect.fail(),
      (error) => error,
    )
    const replay = /replay: '(.+)'/.exec(error.message)?.[1] ?? ''
    await expect(explore(scenario, { replay })).rejects.toThrow(error.message)
  })

  test('refuses a scenario that does not repeat itself', async () => {
    let runs = 0
    const fickle = async ({ store }: { store: Store }): Promise<void> => steps((runs += 1) % 3)({ store })
    const exploring = explore({ open, actors: { fickle, other: steps(2) }, check: () => {} })
    await expect(exploring).rejects.toThrow('did not repeat itself')
  })

  test('refuses an actor that waits for something else', async () => {
    const actors = { sleeper: async () => new Promise(() => {}) }
    await expect(explore({ open, actors, check: () => {} })).rejects.toThrow('Actor sleeper waits')
  })

  test('keeps the error of the check as cause', async () => {
    const error = new TypeError('broken')
    const failing = explore({ open, actors: { one: steps(1) }, check: () => Promise.reject(error) })
    await expect(failing).rejects.toMatchObject({ cause: error })
  })
})

describe('atomically', () => {
  test('is a step that depends on everything', async () => {
    const app = async ({ atomically }: { atomically<T>(label: string, run: () => T): Promise<T> }): Promise<void> =>
      atomically('write the hash', () => {})
    const scenario = { open, actors: { app, other: steps(2) }, check: () => {} }
    expect((await explore(scenario)).schedules).toBe(3)
  })

  test('never gets lost: it is no call of the store', async () => {
    const app = async ({ atomically }: { atomically<T>(label: string, run: () => T): Promise<T> }): Promise<void> =>
      atomically('write the hash', () => {})
    const scenario = { open, actors: { app }, check: () => {} }
    expect((await explore(scenario, { lostAnswers: 1 })).schedules).toBe(1)
  })
})

describe('repeatablePlatform', () => {
  test('draws the same bytes in every run, and never the same twice in one', () => {
    const draw = (): string[] => {
      const platform = repeatablePlatform()
      return Array.from({ length: 2_000 }, () => Buffer.from(platform.randomBytes(16)).toString('hex'))
    }
    expect(draw()).toEqual(draw())
    expect(new Set(draw()).size).toBe(2_000)
  })
})
