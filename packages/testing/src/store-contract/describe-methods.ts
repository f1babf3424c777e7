/** What each of the six methods answers, one caller at a time. */
import { describe, expect, test } from 'vitest'
import { type ContractStore, createSample } from './sample.js'

/** Registers the suites of `get`, `insert`, `replace` and `remove`. */
export function describeMethods(context: ContractStore): void {
  describeGet(context)
  describeInsert(context)
  describeReplace(context)
  describeRefusedReplace(context)
  describeRemove(context)
}

function describeGet({ store }: ContractStore): void {
  describe('get', () => {
    test('answers null for a key that was never written', async () => {
      const { entry } = createSample()
      const { kind, key } = entry()
      expect(await store().get(kind, key)).toBeNull()
      expect(await store().get(kind, key, { fresh: true })).toBeNull()
    })

    test('answers exactly what was inserted, each field in its type', async () => {
      const entry = createSample().entry({ owner: 'user-1' })
      await store().insert(entry)
      expect(await store().get(entry.kind, entry.key)).toStrictEqual(entry)
    })

    test('answers a record that has neither owner nor end', async () => {
      const entry = createSample().entry({ owner: null, expiresAt: null })
      await store().insert(entry)
      expect(await store().get(entry.kind, entry.key)).toStrictEqual(entry)
    })

    test('answers a fresh read like any other', async () => {
      const entry = createSample().entry()
      await store().insert(entry)
      expect(await store().get(entry.kind, entry.key, { fresh: true })).toStrictEqual(entry)
    })

    test('keeps kinds apart that have the same key', async () => {
      const one = createSample().entry({ value: '"one"' })
      const other = createSample().entry({ key: one.key, value: '"other"' })
      await store().insert(one)
      expect(await store().insert(other)).toBe(true)
      expect((await store().get(one.kind, one.key))?.value).toBe('"one"')
      expect((await store().get(other.kind, one.key))?.value).toBe('"other"')
    })

    test('sees every acknowledged write at once', async () => {
      const { entry, next } = createSample()
      let current = entry()
      await store().insert(current)
      for (let write = 0; write < 20; write += 1) {
        const successor = next(current)
        await store().replace(successor, current.version)
        current = successor
        expect(await store().get(current.kind, current.key)).toStrictEqual(current)
      }
    })
  })
}

function describeInsert({ store }: ContractStore): void {
  describe('insert', () => {
    test('is false for a key that exists, and writes nothing', async () => {
      const { entry, next } = createSample()
      const first = entry({ owner: 'user-1' })
      expect(await store().insert(first)).toBe(true)
      expect(await store().insert(next(first, { owner: 'user-2', expiresAt: null }))).toBe(false)
      expect(await store().get(first.kind, first.key)).toStrictEqual(first)
    })

    test('is false for the very same record too', async () => {
      const entry = createSample().entry()
      await store().insert(entry)
      expect(await store().insert(entry)).toBe(false)
    })

    test('is true again after a removal', async () => {
      const { entry, next } = createSample()
      const first = entry()
      const second = next(first, { owner: 'user-2' })
      await store().insert(first)
      await store().remove(first.kind, first.key)
      expect(await store().insert(second)).toBe(true)
      expect(await store().get(first.kind, first.key)).toStrictEqual(second)
    })
  })
}

function describeReplace({ store }: ContractStore): void {
  describe('replace', () => {
    test('writes value, version and expiry over the version it expects', async () => {
      const { entry, next } = createSample()
      const first = entry({ owner: 'user-1' })
      const second = next(first, { expiresAt: null })
      await store().insert(first)
      expect(await store().replace(second, first.version)).toBe(true)
      expect(await store().get(first.kind, first.key)).toStrictEqual(second)
    })

    test('never changes the owner', async () => {
      const { entry, next } = createSample()
      const owned = entry({ owner: 'user-1' })
      const ownerless = entry()
      await store().insert(owned)
      await store().insert(ownerless)
      await store().replace(next(owned, { owner: 'user-2' }), owned.version)
      await store().replace(next(ownerless, { owner: 'user-2' }), ownerless.version)
      expect((await store().get(owned.kind, owned.key))?.owner).toBe('user-1')
      expect((await store().get(owned.kind, ownerless.key))?.owner).toBeNull()
      expect(await store().listByOwner(owned.kind, 'user-2')).toEqual([])
      expect(await store().listByOwner(owned.kind, 'user-1')).toHaveLength(1)
    })

    test('is true when nothing but the version it expects is written again', async () => {
      const entry = createSample().entry()
      await store().insert(entry)
      expect(await store().replace(entry, entry.version)).toBe(true)
      expect(await store().get(entry.kind, entry.key)).toStrictEqual(entry)
    })
  })
}

function describeRefusedReplace({ store }: ContractStore): void {
  describe('replace that comes too late', () => {
    test('is false for another version, and writes nothing', async () => {
      const { entry, next } = createSample()
      const first = entry()
      await store().insert(first)
      expect(await store().replace(next(first), next(first).version)).toBe(false)
      expect(await store().replace(next(first), '')).toBe(false)
      expect(await store().get(first.kind, first.key)).toStrictEqual(first)
    })

    test('is false for a key that was never written, and creates nothing', async () => {
      const { entry, next } = createSample()
      const first = entry()
      expect(await store().replace(next(first), first.version)).toBe(false)
      expect(await store().get(first.kind, first.key)).toBeNull()
    })

    test('is false after a removal: a late save brings nothing back', async () => {
      const { entry, next } = createSample()
      const first = entry({ owner: 'user-1' })
      await store().insert(first)
      await store().remove(first.kind, first.key)
      expect(await store().replace(next(first), first.version)).toBe(false)
      expect(await store().get(first.kind, first.key)).toBeNull()
      expect(await store().listByOwner(first.kind, 'user-1')).toEqual([])
    })

    test('is false for the version of an earlier life of the key', async () => {
      const { entry, next } = createSample()
      const first = entry()
      const second = next(first)
      await store().insert(first)
      await store().remove(first.kind, first.key)
      await store().insert(second)
      expect(await store().replace(next(first), first.version)).toBe(false)
      expect(await store().get(first.kind, first.key)).toStrictEqual(second)
    })
  })
}

function describeRemove({ store }: ContractStore): void {
  describe('remove', () => {
    test('removes whatever version is there', async () => {
      const { entry, next } = createSample()
      const first = entry({ owner: 'user-1' })
      await store().insert(first)
      await store().replace(next(first), first.version)
      expect(await store().remove(first.kind, first.key)).toBe(true)
      expect(await store().get(first.kind, first.key)).toBeNull()
      expect(await store().listByOwner(first.kind, 'user-1')).toEqual([])
    })

    test('is false for a key that was never written', async () => {
      const { kind, key } = createSample().entry()
      expect(await store().remove(kind, key)).toBe(false)
      expect(await store().remove(kind, key, 'any')).toBe(false)
    })

    test('is false the second time', async () => {
      const entry = createSample().entry()
      await store().insert(entry)
      await store().remove(entry.kind, entry.key)
      expect(await store().remove(entry.kind, entry.key)).toBe(false)
    })

    test('removes only the version it expects, where one is named', async () => {
      const { entry, next } = createSample()
      const first = entry()
      await store().insert(first)
      expect(await store().remove(first.kind, first.key, next(first).version)).toBe(false)
      expect(await store().remove(first.kind, first.key, '')).toBe(false)
      expect(await store().get(first.kind, first.key)).toStrictEqual(first)
      expect(await store().remove(first.kind, first.key, first.version)).toBe(true)
    })

    test('leaves the same key of another kind alone', async () => {
      const one = createSample().entry()
      const other = createSample().entry({ key: one.key })
      await store().insert(one)
      await store().insert(other)
      await store().remove(one.kind, one.key)
      expect(await store().get(other.kind, other.key)).toStrictEqual(other)
    })
  })
}
