import { testPlatform } from '@tessera-auth/testing'
import { describe, expect, test } from 'vitest'
import { StoreError } from '../errors.js'
import { memoryStore } from './memory-store.js'
import { createRecords, type NewRecord, type RecordKind } from './records.js'
import type { Entry, Store } from './store.js'

interface Note {
  readonly text: string
}

const kind: RecordKind<Note> = {
  kind: 'note',
  unreadable: 'absent',
  decode: (stored) => (typeof (stored as Note).text === 'string' ? (stored as Note) : null),
}

const platform = testPlatform()
const now = platform.now()
const note = (key: string, more: Partial<NewRecord<Note>> = {}): NewRecord<Note> => ({
  key,
  owner: 'ann',
  expiresAt: null,
  value: { text: 'tea' },
  ...more,
})

function open(of: RecordKind<Note> = kind): { store: Store; records: ReturnType<typeof createRecords<Note>> } {
  const store = memoryStore({ platform })
  return { store, records: createRecords(store, platform, of) }
}

const raw = (store: Store, key: string, value: string): Promise<boolean> =>
  store.insert({ kind: 'note', key, owner: 'ann', value, version: 'v', expiresAt: null })

describe('read', () => {
  test('returns what was inserted, with key, owner and version', async () => {
    const { records } = open()
    const inserted = await records.insert(note('a'))
    expect(await records.read('a')).toEqual(inserted)
    expect(inserted).toMatchObject({ key: 'a', owner: 'ann', expiresAt: null, value: { text: 'tea' } })
  })

  test('is null for a record that is not there, and for one of another kind', async () => {
    const { records, store } = open()
    await store.insert({ kind: 'other', key: 'a', owner: null, value: '{"text":"x"}', version: 'v', expiresAt: null })
    expect(await records.read('a')).toBeNull()
  })

  test('is null from the very second a record expires; readAny returns it still', async () => {
    const { records } = open()
    await records.insert(note('a', { expiresAt: now }))
    await records.insert(note('b', { expiresAt: now + 1 }))
    expect(await records.read('a')).toBeNull()
    expect(await records.read('b')).not.toBeNull()
    expect(await records.readAny('a')).toMatchObject({ key: 'a' })
  })

  test('passes on whether a cache may answer', async () => {
    const asked: unknown[] = []
    const { store } = open()
    const watched: Store = { ...store, get: (of, key, options) => (asked.push(options), store.get(of, key, options)) }
    const records = createRecords(watched, platform, kind)
    await records.read('a')
    await records.read('a', { fresh: true })
    expect(asked).toEqual([undefined, { fresh: true }])
  })
})

describe('a record that cannot be read', () => {
  test.for(['', '{', 'null', '7', '"text"', '{}', '{"text":7}'])(
    'is absent where absence is harmless: %s',
    async (value) => {
      const { records, store } = open()
      await raw(store, 'a', value)
      expect(await records.readAny('a')).toBeNull()
      expect(await records.list('ann')).toEqual([])
    },
  )

  test.for(['', '{', 'null', '{}'])('is an outage where absence would open a door: %s', async (value) => {
    const { records, store } = open({ ...kind, unreadable: 'error' })
    await raw(store, 'a', value)
    await expect(records.read('a')).rejects.toThrow(StoreError)
    await expect(records.list('ann')).rejects.toThrow(StoreError)
  })

  test('is told by its kind, and never by what is in it', async () => {
    const { records, store } = open({ ...kind, unreadable: 'error' })
    await raw(store, 'a', '{"secret":"hunter2"}')
    await expect(records.read('a')).rejects.toThrow('A record of kind note cannot be read.')
  })
})

describe('insert', () => {
  test('is null for a key that a living record has, which stays', async () => {
    const { records } = open()
    await records.insert(note('a'))
    expect(await records.insert(note('a', { value: { text: 'jam' } }))).toBeNull()
    expect(await records.read('a')).toMatchObject({ value: { text: 'tea' } })
  })

  test('goes over an expired record', async () => {
    const { records } = open()
    await records.insert(note('a', { expiresAt: now }))
    const inserted = await records.insert(note('a', { value: { text: 'jam' }, expiresAt: now + 9 }))
    expect(await records.read('a')).toEqual(inserted)
  })

  test('over an expired record has one winner of many', async () => {
    const { records } = open()
    await records.insert(note('a', { expiresAt: now }))
    const inserting = Array.from({ length: 25 }, () => records.insert(note('a', { expiresAt: now + 9 })))
    expect((await Promise.all(inserting)).filter(Boolean)).toHaveLength(1)
  })

  test('writes a fresh version every time', async () => {
    const { records } = open()
    const versions = new Set<string | undefined>()
    for (let round = 0; round < 100; round += 1) {
      versions.add((await records.insert(note('a')))?.version)
      await records.remove('a')
    }
    expect(versions.size).toBe(100)
  })
})

describe('insertOnce', () => {
  test('is refused by any record, even an expired one', async () => {
    const { records } = open()
    expect(await records.insertOnce(note('a', { expiresAt: now }))).toBe(true)
    expect(await records.insertOnce(note('a'))).toBe(false)
  })
})

describe('replace', () => {
  test('changes value and expiry of the version that was read, and answers the new one', async () => {
    const { records } = open()
    const found = (await records.insert(note('a'))) ?? expect.fail()
    const written = await records.replace(found, { text: 'jam' }, now + 9)
    expect(written).toMatchObject({ owner: 'ann', expiresAt: now + 9, value: { text: 'jam' } })
    expect(written?.version).not.toBe(found.version)
    expect(await records.read('a')).toEqual(written)
  })

  test('keeps the expiry that is not named', async () => {
    const { records } = open()
    const found = (await records.insert(note('a', { expiresAt: now + 9 }))) ?? expect.fail()
    expect(await records.replace(found, { text: 'jam' })).toMatchObject({ expiresAt: now + 9 })
  })

  test('is null for a record that was changed, removed, or removed and made again', async () => {
    const { records } = open()
    const found = (await records.insert(note('a'))) ?? expect.fail()
    await records.replace(found, { text: 'jam' })
    expect(await records.replace(found, { text: 'late' })).toBeNull()
    await records.remove('a')
    expect(await records.replace(found, { text: 'late' })).toBeNull()
    await records.insert(note('a'))
    expect(await records.replace(found, { text: 'late' })).toBeNull()
  })
})

describe('remove', () => {
  test('removes whatever version is there, or only the one named', async () => {
    const { records } = open()
    const found = (await records.insert(note('a'))) ?? expect.fail()
    await records.replace(found, { text: 'jam' })
    expect(await records.remove('a', found.version)).toBe(false)
    expect(await records.remove('a')).toBe(true)
    expect(await records.remove('a')).toBe(false)
  })
})

describe('list', () => {
  test('returns the living records of an owner and kind', async () => {
    const { records, store } = open()
    await records.insert(note('a'))
    await records.insert(note('b', { expiresAt: now }))
    await records.insert(note('c', { owner: 'bob' }))
    await records.insert(note('d', { owner: null }))
    await store.insert({ kind: 'other', key: 'e', owner: 'ann', value: '{"text":""}', version: 'v', expiresAt: null })
    expect((await records.list('ann')).map(({ key }) => key)).toEqual(['a'])
  })
})

describe('decoding', () => {
  const entry: Entry = { kind: 'note', key: 'a', owner: 'ann', value: '{"text":"tea"}', version: 'v', expiresAt: null }

  function counting(storeFields: object = {}) {
    let count = 0
    const decode = (stored: unknown): Note => {
      count += 1
      return stored as Note
    }
    const records = createRecords({ ...memoryStore({ platform }), ...storeFields }, platform, { ...kind, decode })
    return { decode: (more: Partial<Entry> = {}) => records.decode({ ...entry, ...more }), count: () => count }
  }

  test('is done once for a record that a store hands out again as another object', () => {
    const { decode, count } = counting()
    expect(decode()).toBe(decode())
    expect(count()).toBe(1)
  })

  test.for([
    { version: 'w' },
    { value: '{"text":"tee"}' },
    { owner: 'bob' },
    { expiresAt: 9 },
    { key: 'b' },
  ] satisfies Partial<Entry>[])('is done again where %j differs, and tells what is there now', (changed) => {
    const { decode, count } = counting()
    decode()
    expect(decode(changed)).toMatchObject({ ...changed, value: JSON.parse(changed.value ?? entry.value) })
    expect(count()).toBe(2)
  })

  test('is remembered for a thousand records, and for no more than two thousand', () => {
    const { decode, count } = counting()
    decode()
    for (let key = 0; key < 999; key += 1) decode({ key: `${key}` })
    decode()
    expect(count()).toBe(1000)
    for (let key = 1000; key < 3000; key += 1) decode({ key: `${key}` })
    decode()
    expect(count()).toBe(3001)
  })

  test('is not remembered for a store in this process, where a small table would cost less than a large one', () => {
    const { decode, count } = counting({ [Symbol.for('@tessera-auth/self-bounded')]: true })
    expect(decode()).toStrictEqual(decode())
    expect(count()).toBe(2)
  })

  test('keeps no long value', () => {
    const { decode, count } = counting()
    const value = JSON.stringify({ text: 'x'.repeat(2048) })
    expect(decode({ value })).not.toBe(decode({ value }))
    expect(count()).toBe(2)
  })
})
