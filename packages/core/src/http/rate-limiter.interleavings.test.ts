import {
  type Actor,
  explore,
  repeatablePlatform,
  type Scenario,
  type TestPlatform,
  type World,
} from '@tessera-auth/testing'
import { describe, expect, test } from 'vitest'
import { type Outcomes, refusal, rule } from '../store/fixtures/outcomes.js'
import { memoryStore } from '../store/memory-store.js'
import type { Store } from '../store/store.js'
import { createRateLimiter, type RateLimiter } from './rate-limiter.js'

interface Counted extends World {
  readonly platform: TestPlatform
}

const limiterOn = (store: Store, { platform }: Pick<Counted, 'platform'>): RateLimiter =>
  createRateLimiter({ store, platform, limit: 2, windowSeconds: 900 })

const consuming =
  (...keys: string[]) =>
  async (actor: Actor, world: Counted): Promise<void> =>
    limiterOn(actor.store, world).consume(...keys)

async function open(): Promise<Counted> {
  const platform = repeatablePlatform()
  const store = memoryStore({ platform })
  await limiterOn(store, { platform }).consume('ann')
  return { store, platform }
}

function counts(outcomes: Outcomes): { yes: number; no: number } {
  const refusals = Object.values(outcomes).map(refusal)
  return {
    yes: refusals.filter((code) => code === null).length,
    no: refusals.filter((code) => code === 'too_many_attempts').length,
  }
}

/** How many attempts a key has left. */
async function left({ store, platform }: Counted, key: string): Promise<number> {
  for (let tries = 0; ; tries += 1) {
    const isFree = await limiterOn(store, { platform })
      .consume(key)
      .then(
        () => true,
        () => false,
      )
    if (!isFree) return tries
  }
}

describe('consume, by processes that count the same key at once', () => {
  test('lets the last attempt pass once, and refuses the other', async () => {
    const scenario: Scenario<Counted> = {
      open,
      actors: { one: consuming('ann'), other: consuming('ann') },
      check: (outcomes) => rule(counts(outcomes).yes === 1 && counts(outcomes).no === 1, 'one passes, one is refused'),
    }
    expect((await explore(scenario)).exhaustive).toBe(true)
  })

  test('lets no more pass when an answer is lost or a process is killed', async () => {
    const scenario: Scenario<Counted> = {
      open,
      actors: { one: consuming('ann'), other: consuming('ann') },
      check: (outcomes) => rule(counts(outcomes).yes <= 1, 'at most one passes'),
    }
    expect((await explore(scenario, { lostAnswers: 1, killable: ['one'] })).exhaustive).toBe(true)
  })

  test('counts an attempt for all of its keys or for none', async () => {
    const scenario: Scenario<Counted> = {
      open,
      actors: { one: consuming('address 1', 'ann'), other: consuming('address 2', 'ann') },
      async check(outcomes, world) {
        const { yes } = counts(outcomes)
        rule(yes === 1, 'one passes')
        rule(
          (await left(world, 'address 1')) + (await left(world, 'address 2')) === 4 - yes,
          'what is refused costs nothing',
        )
      },
    }
    expect((await explore(scenario)).exhaustive).toBe(true)
  })
})
