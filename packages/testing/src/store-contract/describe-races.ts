/** What stays true when 25 callers come at once. */
import type { Entry } from '@tessera-auth/core'
import { describe, expect, test } from 'vitest'
import { byKey, callers, type ContractStore, countWinners, createSample, fewRounds, race, rounds } from './sample.js'

/** Registers the races: exactly one winner, no lost write, no resurrection. */
export function describeRaces(context: ContractStore): void {
  describeWinners(context)
  describeReads(context)
  describeResurrection(context)
  describeOwnerRaces(context)
}

function describeWinners({ store }: ContractStore): void {
  describe(`${callers} callers at once`, () => {
    test('insert-once: exactly one is told true, and its record is there', async () => {
      for (let round = 0; round < rounds; round += 1) {
        const { entry, next } = createSample()
        const first = entry()
        const winners: Entry[] = []
        const count = await countWinners(round, async () => {
          const mine = next(first)
          const won = await store().insert(mine)
          if (won) winners.push(mine)
          return won
        })
        expect(count).toBe(1)
        expect(await store().get(first.kind, first.key)).toStrictEqual(winners[0])
      }
    })

    test('take-once: exactly one removes the version that all have seen', async () => {
      for (let round = 0; round < rounds; round += 1) {
        const entry = createSample().entry({ owner: 'user-1' })
        await store().insert(entry)
        const count = await countWinners(round, async () => {
          const seen = await store().get(entry.kind, entry.key, { fresh: true })
          return seen !== null && store().remove(entry.kind, entry.key, seen.version)
        })
        expect(count).toBe(1)
        expect(await store().get(entry.kind, entry.key)).toBeNull()
      }
    })

    test('rotation: exactly one replaces the version that all have seen, and its record is there', async () => {
      for (let round = 0; round < rounds; round += 1) {
        const { entry, next } = createSample()
        const first = entry()
        await store().insert(first)
        const winners: Entry[] = []
        const count = await countWinners(round, async () => {
          const mine = next(first)
          const won = await store().replace(mine, first.version)
          if (won) winners.push(mine)
          return won
        })
        expect(count).toBe(1)
        expect(await store().get(first.kind, first.key)).toStrictEqual(winners[0])
      }
    })

    test('unconditional removal: exactly one is told true', async () => {
      for (let round = 0; round < rounds; round += 1) {
        const entry = createSample().entry({ owner: 'user-1' })
        await store().insert(entry)
        expect(await countWinners(round, () => store().remove(entry.kind, entry.key))).toBe(1)
      }
    })

    test('compare-and-swap: no increment is lost', async () => {
      for (let round = 0; round < fewRounds; round += 1) {
        const first = createSample().entry({ value: '0' })
        await store().insert(first)
        await countWinners(round, () => increment(first))
        expect((await store().get(first.kind, first.key))?.value).toBe(String(callers))
      }
    })
  })

  async function increment(of: Entry): Promise<boolean> {
    // Whoever loses lost to another caller, so nobody loses more often: a store that always refuses must not hang the suite.
    for (let tries = 0; tries < callers; tries += 1) {
      const seen = await store().get(of.kind, of.key, { fresh: true })
      if (!seen) return false
      const mine = createSample().next(seen, { value: String(Number(seen.value) + 1) })
      if (await store().replace(mine, seen.version)) return true
    }
    return false
  }
}

/** A backend may answer reads that come at once together, but not mix them up, nor answer from before they were asked. */
function describeReads({ store }: ContractStore): void {
  describe('many reads at once', () => {
    test('each is answered its own record: of two kinds with the same keys, there or not, asked for twice', async () => {
      const samples = [createSample(), createSample()]
      const keys = Array.from({ length: 40 }, (_, index) => `${index}`)
      const entries = samples.flatMap(({ entry }, kind) =>
        keys.map((key, index) => entry({ key, value: `{"n":${kind}${index}}` })),
      )
      const there = entries.filter((_, index) => index % 3 !== 0)
      await Promise.all(there.map((entry) => store().insert(entry)))
      const asked = [...entries, ...entries.toReversed()]
      const answers = await Promise.all(asked.map(({ kind, key }) => store().get(kind, key)))
      expect(answers).toStrictEqual(asked.map((entry) => (there.includes(entry) ? entry : null)))
    })

    test('one that comes after an acknowledged write has seen it, whatever reads were under way', async () => {
      const { entry, next } = createSample()
      let current = entry()
      await store().insert(current)
      const early: Promise<unknown>[] = []
      for (let round = 0; round < callers; round += 1) {
        const later = next(current)
        const read = (): Promise<Entry | null> => store().get(current.kind, current.key)
        early.push(read(), read())
        const written = store().replace(later, current.version)
        early.push(read())
        expect(await written).toBe(true)
        expect(await read()).toStrictEqual(later)
        current = later
      }
      await Promise.all(early)
    })
  })
}

function describeResurrection({ store }: ContractStore): void {
  describe('no resurrection', () => {
    test('after an acknowledged removal nothing that raced it brings the record back', async () => {
      for (let round = 0; round < rounds; round += 1) {
        const { entry, next } = createSample()
        const first = entry({ owner: 'user-1' })
        await store().insert(first)
        const save = (): Promise<boolean> => store().replace(next(first), first.version)
        const saves = Array.from({ length: callers }, () => save)
        const [removed] = await race(round, [() => store().remove(first.kind, first.key), ...saves])
        expect(removed).toBe(true)
        expect(await store().get(first.kind, first.key)).toBeNull()
        expect(await store().listByOwner(first.kind, 'user-1')).toEqual([])
      }
    })

    test('of a save and a removal that expect the same version only one is told true', async () => {
      for (let round = 0; round < rounds; round += 1) {
        const { entry, next } = createSample()
        const first = entry()
        await store().insert(first)
        const count = await countWinners(round, (caller) =>
          // All of the ones before all of the others, so that each are the first in some round.
          caller < callers / 2
            ? store().replace(next(first), first.version)
            : store().remove(first.kind, first.key, first.version),
        )
        expect(count).toBe(1)
      }
    })
  })
}

function describeOwnerRaces({ store }: ContractStore): void {
  describe('the owner index under concurrent writes', () => {
    test('lists every record that was inserted at once', async () => {
      const { kind, entry } = createSample()
      const entries = Array.from({ length: callers }, () => entry({ owner: 'user-1' }))
      await Promise.all(entries.map((one) => store().insert(one)))
      expect(byKey(await store().listByOwner(kind, 'user-1'))).toStrictEqual(byKey(entries))
    })

    test('lists what stayed, at its latest version, and nothing that went', async () => {
      for (let round = 0; round < fewRounds; round += 1) {
        const { kind, entry, next } = createSample()
        const before = Array.from({ length: callers }, () => entry({ owner: 'user-1' }))
        const during = Array.from({ length: callers }, () => entry({ owner: 'user-1' }))
        const after = before.map((one) => next(one))
        await Promise.all(before.map((one) => store().insert(one)))
        await race(round, [
          ...during.map((one) => () => store().insert(one)),
          ...before.map((one, index) => () => {
            const renewed = index % 2 === 1 ? after[index] : undefined
            return renewed ? store().replace(renewed, one.version) : store().remove(kind, one.key)
          }),
        ])
        const stayed = [...during, ...after.filter((_, index) => index % 2 === 1)]
        expect(byKey(await store().listByOwner(kind, 'user-1'))).toStrictEqual(byKey(stayed))
      }
    })

    test('loses no living record when one key is taken and made again and again', async () => {
      for (let round = 0; round < fewRounds; round += 1) {
        const { kind, entry, next } = createSample()
        const first = entry({ owner: 'user-1' })
        await countWinners(round, async () => {
          await store().remove(kind, first.key)
          return store().insert(next(first))
        })
        const living = await store().get(kind, first.key)
        const listed = await store().listByOwner(kind, 'user-1')
        expect(listed).toStrictEqual(living ? [living] : [])
      }
    })

    test('a key that moves from one owner to another is listed under the owner it has', async () => {
      for (let round = 0; round < rounds; round += 1) {
        const { kind, entry, next } = createSample()
        const first = entry({ owner: 'user-0' })
        await store().insert(first)
        await countWinners(round, async (caller) => {
          await store().remove(kind, first.key)
          return store().insert(next(first, { owner: `user-${caller % 3}` }))
        })
        const living = await store().get(kind, first.key)
        for (const owner of ['user-0', 'user-1', 'user-2']) {
          expect(await store().listByOwner(kind, owner)).toStrictEqual(living?.owner === owner ? [living] : [])
        }
      }
    })
  })
}
