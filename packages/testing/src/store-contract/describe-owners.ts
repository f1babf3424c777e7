/** The owner index: "sign out everywhere" stands on it. */
import type { Entry } from '@tessera-auth/core'
import { describe, expect, test } from 'vitest'
import { byKey, type ContractStore, createSample } from './sample.js'

/** Registers the suite of `listByOwner`. */
export function describeOwners({ store }: ContractStore): void {
  describe('listByOwner', () => {
    test('is empty for an owner without records', async () => {
      expect(await store().listByOwner(createSample().kind, 'nobody')).toEqual([])
    })

    test('answers whole records, as get does', async () => {
      const { kind, entry } = createSample()
      const entries = [entry({ owner: 'user-1' }), entry({ owner: 'user-1', expiresAt: null })]
      for (const one of entries) await store().insert(one)
      expect(byKey(await store().listByOwner(kind, 'user-1'))).toStrictEqual(byKey(entries))
    })

    test('keeps many owners apart', async () => {
      const { kind, entry } = createSample()
      const entries = Array.from({ length: 120 }, (_, index) => entry({ owner: `user-${index % 12}` }))
      await Promise.all(entries.map((one) => store().insert(one)))
      for (let owner = 0; owner < 12; owner += 1) {
        const own = entries.filter((one) => one.owner === `user-${owner}`)
        expect(byKey(await store().listByOwner(kind, `user-${owner}`))).toStrictEqual(byKey(own))
      }
    })

    test('keeps many kinds of one owner apart', async () => {
      const owner = createSample().kind
      const samples = Array.from({ length: 10 }, () => createSample())
      const entries = samples.map(({ entry }) => entry({ owner }))
      for (const one of entries) await store().insert(one)
      for (const one of entries) expect(await store().listByOwner(one.kind, owner)).toStrictEqual([one])
    })

    test('does not list records without an owner, under no name', async () => {
      const { kind, entry } = createSample()
      await store().insert(entry({ owner: null }))
      for (const name of ['', 'null', 'NULL', 'undefined', '0']) {
        expect(await store().listByOwner(kind, name)).toEqual([])
      }
    })

    test('lists a record that was replaced once, at its latest version', async () => {
      const { kind, entry, next } = createSample()
      let current = entry({ owner: 'user-1' })
      await store().insert(current)
      for (let write = 0; write < 5; write += 1) {
        const successor = next(current)
        await store().replace(successor, current.version)
        current = successor
      }
      expect(await store().listByOwner(kind, 'user-1')).toStrictEqual([current])
    })

    test('a failed insert, replace or removal changes nothing in it', async () => {
      const { kind, entry, next } = createSample()
      const first = entry({ owner: 'user-1' })
      await store().insert(first)
      await store().insert(next(first, { owner: 'user-2' }))
      await store().replace(next(first, { owner: 'user-2' }), 'other')
      await store().remove(kind, first.key, 'other')
      expect(await store().listByOwner(kind, 'user-1')).toStrictEqual([first])
      expect(await store().listByOwner(kind, 'user-2')).toEqual([])
    })

    test('answers what is there by now, before and after each insert, replacement and removal', async () => {
      const { kind, entry, next } = createSample()
      const [one, other] = [entry({ owner: 'user-1' }), entry({ owner: 'user-1' })]
      const renewed = next(one)
      const steps: [() => Promise<boolean>, Entry[]][] = [
        [async () => true, []],
        [() => store().insert(one), [one]],
        [() => store().insert(other), [one, other]],
        [() => store().replace(renewed, one.version), [renewed, other]],
        [() => store().remove(kind, other.key), [renewed]],
        [() => store().remove(kind, renewed.key, renewed.version), []],
        [() => store().insert(other), [other]],
      ]
      for (const [step, expected] of steps) {
        expect(await step()).toBe(true)
        expect(byKey(await store().listByOwner(kind, 'user-1'))).toStrictEqual(byKey(expected))
      }
    })

    test('answers all records of one owner, of whom there are more than 500', async () => {
      const { kind, entry } = createSample()
      const entries = Array.from({ length: 520 }, () => entry({ owner: 'busy' }))
      await Promise.all(entries.map((one) => store().insert(one)))
      expect(byKey(await store().listByOwner(kind, 'busy'))).toStrictEqual(byKey(entries))
    })
  })
}
