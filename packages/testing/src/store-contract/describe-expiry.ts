/** Expiry: judged in core, so that a backend keeps an expired record for writers, until it is purged. */
import { describe, expect, test } from 'vitest'
import { type ContractStore, createSample, fromNow, race, rounds } from './sample.js'

/** More than any suite leaves behind. */
const all = 1_000_000

/** Registers the suites of `expiresAt` and of `removeExpired`. */
export function describeExpiry(context: ContractStore): void {
  describeExpired(context)
  if (context.dropsByItself) describeDropping(context)
  else {
    describeRemoveExpired(context)
    describePurgeRaces(context)
  }
}

function describeExpired({ store }: ContractStore): void {
  describe('an expired record', () => {
    test('is still there for every method', async () => {
      const { kind, entry, next } = createSample()
      const expired = entry({ owner: 'user-1', expiresAt: fromNow(-200) })
      expect(await store().insert(expired)).toBe(true)
      expect(await store().get(kind, expired.key)).toStrictEqual(expired)
      expect(await store().listByOwner(kind, 'user-1')).toStrictEqual([expired])
      expect(await store().insert(next(expired))).toBe(false)
      const renewed = next(expired, { expiresAt: fromNow(-100) })
      expect(await store().replace(renewed, expired.version)).toBe(true)
      expect(await store().get(kind, expired.key)).toStrictEqual(renewed)
      expect(await store().remove(kind, expired.key, renewed.version)).toBe(true)
    })

    test('lives on when it is renewed', async () => {
      const { kind, entry, next } = createSample()
      const expired = entry({ owner: 'user-1', expiresAt: fromNow(-200) })
      const renewed = next(expired, { expiresAt: fromNow(3_600) })
      await store().insert(expired)
      await store().replace(renewed, expired.version)
      await store().removeExpired(fromNow(-100), all)
      expect(await store().get(kind, expired.key)).toStrictEqual(renewed)
      expect(await store().listByOwner(kind, 'user-1')).toStrictEqual([renewed])
    })

    test('stays for ever once it is renewed without an end', async () => {
      const { kind, entry, next } = createSample()
      const expired = entry({ expiresAt: fromNow(-200) })
      const kept = next(expired, { expiresAt: null })
      await store().insert(expired)
      await store().replace(kept, expired.version)
      await store().removeExpired(fromNow(0), all)
      expect(await store().get(kind, expired.key)).toStrictEqual(kept)
    })

    test.for([4_294_967_296, 253_402_300_799])('an end far away (%i) is kept to the second', async (expiresAt) => {
      const entry = createSample().entry({ expiresAt })
      await store().insert(entry)
      expect(await store().get(entry.kind, entry.key)).toStrictEqual(entry)
    })
  })
}

function describeRemoveExpired({ store }: ContractStore): void {
  describe('removeExpired', () => {
    test('removes what ended at the time or earlier, from the owner index too, and nothing else', async () => {
      const before = fromNow(-100)
      await store().removeExpired(fromNow(0), all)
      const { kind, entry } = createSample()
      const gone = [entry({ owner: 'user-1', expiresAt: before - 50 }), entry({ owner: 'user-1', expiresAt: before })]
      const kept = [entry({ owner: 'user-1', expiresAt: before + 1 }), entry({ owner: 'user-1', expiresAt: null })]
      for (const one of [...gone, ...kept]) await store().insert(one)
      expect(await store().removeExpired(before, all)).toBe(2)
      for (const one of gone) expect(await store().get(kind, one.key)).toBeNull()
      for (const one of kept) expect(await store().get(kind, one.key)).toStrictEqual(one)
      expect(await store().listByOwner(kind, 'user-1')).toHaveLength(2)
    })

    test('removes at most the limit, and says how many, page by page', async () => {
      const before = fromNow(-100)
      await store().removeExpired(fromNow(0), all)
      const { entry } = createSample()
      for (let written = 0; written < 7; written += 1) await store().insert(entry({ expiresAt: before - written }))
      const pages: number[] = []
      for (let page = 0; page < 4; page += 1) pages.push(await store().removeExpired(before, 3))
      expect(pages).toEqual([3, 3, 1, 0])
    })

    test('what it removed cannot be saved again, and can be inserted', async () => {
      const { entry, next } = createSample()
      const expired = entry({ expiresAt: fromNow(-150) })
      await store().insert(expired)
      await store().removeExpired(fromNow(-100), all)
      expect(await store().replace(next(expired), expired.version)).toBe(false)
      expect(await store().insert(next(expired))).toBe(true)
    })
  })
}

function describePurgeRaces({ store }: ContractStore): void {
  describe('removeExpired beside other writers', () => {
    test('counts each record once when several purge at the same time', async () => {
      const before = fromNow(-100)
      await store().removeExpired(fromNow(0), all)
      const { entry } = createSample()
      await Promise.all(Array.from({ length: 40 }, () => store().insert(entry({ expiresAt: before }))))
      let removed = 0
      for (let pass = 0; pass < 40 && removed < 40; pass += 1) {
        const counts = await Promise.all(Array.from({ length: 4 }, () => store().removeExpired(before, 5)))
        removed += counts.reduce((sum, count) => sum + count)
      }
      expect(removed).toBe(40)
      expect(await store().removeExpired(before, 5)).toBe(0)
    })

    test('never takes a record whose renewal was answered true', async () => {
      for (let round = 0; round < rounds * 4; round += 1) {
        const { kind, entry, next } = createSample()
        const expired = entry({ owner: 'user-1', expiresAt: fromNow(-150) })
        const renewed = next(expired, { expiresAt: fromNow(3_600) })
        await store().insert(expired)
        const [saved] = await race<unknown>(round, [
          () => store().replace(renewed, expired.version),
          () => store().removeExpired(fromNow(-100), 10),
        ])
        expect(await store().get(kind, expired.key)).toStrictEqual(saved ? renewed : null)
      }
    })

    test('never takes a record that was removed and inserted anew meanwhile', async () => {
      for (let round = 0; round < rounds; round += 1) {
        const { kind, entry, next } = createSample()
        const expired = entry({ owner: 'user-1', expiresAt: fromNow(-150) })
        const anew = next(expired, { expiresAt: fromNow(3_600) })
        await store().insert(expired)
        async function removeAndInsert(): Promise<boolean> {
          await store().remove(kind, expired.key)
          return store().insert(anew)
        }
        const [inserted] = await race<unknown>(round, [removeAndInsert, () => store().removeExpired(fromNow(-100), 10)])
        expect(inserted).toBe(true)
        expect(await store().get(kind, expired.key)).toStrictEqual(anew)
        expect(await store().listByOwner(kind, 'user-1')).toStrictEqual([anew])
      }
    })
  })
}

function describeDropping({ store }: ContractStore): void {
  describe('removeExpired, where the backend drops by itself', () => {
    test('answers 0 and removes nothing early', async () => {
      const entry = createSample().entry({ expiresAt: fromNow(-200) })
      await store().insert(entry)
      expect(await store().removeExpired(fromNow(0), all)).toBe(0)
      expect(await store().get(entry.kind, entry.key)).toStrictEqual(entry)
    })

    test('a record is gone once 300 s have passed since its end', { timeout: 20_000 }, async () => {
      const { kind, entry } = createSample()
      const { key, ...rest } = entry({ owner: 'user-1', expiresAt: fromNow(-299) })
      await store().insert({ key, ...rest })
      await expect.poll(() => store().get(kind, key), { timeout: 15_000 }).toBeNull()
      expect(await store().listByOwner(kind, 'user-1')).toEqual([])
    })
  })
}
