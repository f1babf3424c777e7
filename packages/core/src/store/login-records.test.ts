import { countingStore, testPlatform } from '@tessera-auth/testing'
import { describe, expect, test } from 'vitest'
import { StoreError } from '../errors.js'
import { sha256Text } from '../platform.js'
import { createLoginRecords, familyKind, type LoginRecords, sessionKind } from './login-records.js'
import { memoryStore } from './memory-store.js'
import { settled } from './fixtures/gated-store.js'
import type { Entry, Store } from './store.js'

const platform = testPlatform()
const now = platform.now()
const ownerKey = sha256Text(platform, 'owner\nann')
const policy = { idle: 100, absolute: 1_000, touch: 10 }

interface Opened {
  readonly store: Store
  readonly logins: LoginRecords
  /** The sessions that it told of, in order. */
  readonly told: string[]
}

function open(store: Store = memoryStore({ platform }), sleep = platform.sleep): Opened {
  const told: string[] = []
  const logins = createLoginRecords(store, { ...platform, sleep }, (_, sessionId) => told.push(sessionId))
  return { store, logins, told }
}

const insertSession = (store: Store, key: string, more: object = {}): Promise<boolean> =>
  store.insert({
    kind: sessionKind,
    key,
    owner: 'ann',
    value: JSON.stringify({ v: 1, hash: 'digest', createdAt: now, lastSeenAt: now, policy, data: 'kept', ...more }),
    version: '1',
    expiresAt: now + 100,
  })

const insertFamily = (store: Store, key: string, value: string): Promise<boolean> =>
  store.insert({ kind: familyKind, key, owner: 'ann', value, version: '1', expiresAt: null })

const keysOf = async (store: Store, kind: string): Promise<string[]> =>
  (await store.listByOwner(kind, 'ann')).map(({ key }) => key).filter((key) => key !== ownerKey)

/** A store whose `method` fails from a moment on. */
function failing(store: Store, method: keyof Store): { store: Store; fail(is: boolean): void } {
  let isFailing = false
  const run = store[method] as (...given: unknown[]) => Promise<unknown>
  const changed = async (...given: unknown[]): Promise<unknown> => {
    if (isFailing) throw new StoreError('down')
    return run(...given)
  }
  return { store: { ...store, [method]: changed }, fail: (is) => (isFailing = is) }
}

describe('begin', () => {
  test('takes no epoch before the first ending, and that of the last one after it', async () => {
    const { logins } = open()
    expect(await logins.begin('ann')).toEqual({ userId: 'ann', epoch: null })
    await logins.endAll('ann', null)
    const first = await logins.begin('ann')
    expect(first.epoch).toMatch(/^[\w-]{22}$/)
    expect(await logins.begin('ann')).toEqual(first)
    await logins.endAll('ann', null)
    expect((await logins.begin('ann')).epoch).not.toBe(first.epoch)
  })

  test('does the same work for nobody as for somebody', async () => {
    const store = countingStore(memoryStore({ platform }))
    const { logins } = open(store)
    await logins.begin('ann')
    const cost = store.takeCounts()
    expect(await logins.begin(null)).toEqual({ userId: null, epoch: null })
    expect(store.takeCounts()).toEqual(cost)
  })

  test('finishes what a killed process left before it returns', async () => {
    const memory = memoryStore({ platform })
    const down = failing(memory, 'listByOwner')
    const { logins } = open(down.store)
    await insertSession(memory, 'old')
    down.fail(true)
    await expect(logins.endAll('ann', null)).rejects.toThrow(StoreError)
    await expect(logins.begin('ann')).rejects.toThrow(StoreError)
    expect(await keysOf(memory, sessionKind)).toEqual(['old'])
    down.fail(false)
    await logins.begin('ann')
    expect(await keysOf(memory, sessionKind)).toEqual([])
  })

  test('is an outage when the owner record cannot be read: an unknown epoch lets nobody in', async () => {
    const { logins, store } = open()
    await store.insert({ kind: sessionKind, key: ownerKey, owner: 'ann', value: '{}', version: '1', expiresAt: null })
    await expect(logins.begin('ann')).rejects.toThrow(StoreError)
    await expect(logins.loginsOf('ann')).rejects.toThrow(StoreError)
    await expect(logins.endAll('ann', null)).rejects.toThrow(StoreError)
  })

  test.for([undefined, 7, '', 'a\0b', '\ud800', 'x'.repeat(256)])('refuses %j as a user’s id', async (userId) => {
    await expect(open().logins.begin(userId as string)).rejects.toThrow(TypeError)
  })

  test.for(['a', 'ü€😀', 'a b', "'; drop table users", 'x'.repeat(255)])('takes %j as a user’s id', async (userId) => {
    expect(await open().logins.begin(userId)).toEqual({ userId, epoch: null })
  })
})

describe('holds', () => {
  test('is true until all logins of the owner are ended', async () => {
    const { logins } = open()
    const attempt = await logins.begin('ann')
    await logins.endAll('bob', null)
    expect(await logins.holds(attempt)).toBe(true)
    await logins.endAll('ann', null)
    expect(await logins.holds(attempt)).toBe(false)
    expect(await logins.holds(await logins.begin('ann'))).toBe(true)
  })

  test('is never true for nobody', async () => {
    const { logins } = open()
    expect(await logins.holds(await logins.begin(null))).toBe(false)
  })
})

describe('endAll', () => {
  test('ends every session and every family of the owner, and tells which sessions', async () => {
    const { logins, store, told } = open()
    await insertSession(store, 'a')
    await insertSession(store, 'b')
    await insertFamily(store, 'f', JSON.stringify({ sessionId: 'a' }))
    await insertFamily(store, 'own', 'not json')
    expect(await logins.endAll('ann', null)).toBe(2)
    expect(told.toSorted()).toEqual(['a', 'b'])
    expect(await keysOf(store, sessionKind)).toEqual([])
    expect(await keysOf(store, familyKind)).toEqual([])
  })

  test('keeps the session named, but not its families', async () => {
    const { logins, store } = open()
    await insertSession(store, 'a')
    await insertSession(store, 'b')
    await insertFamily(store, 'f', JSON.stringify({ sessionId: 'a' }))
    expect(await logins.endAll('ann', 'a')).toBe(1)
    expect(await keysOf(store, sessionKind)).toEqual(['a'])
    expect(await keysOf(store, familyKind)).toEqual([])
  })

  test('keeps nothing where the session named is not one of the owner’s', async () => {
    const { logins, store } = open()
    await insertSession(store, 'a')
    expect(await logins.endAll('ann', 'of somebody else')).toBe(1)
  })

  test('keeps the owner record, which never expires', async () => {
    const { logins, store } = open()
    await logins.endAll('ann', null)
    await logins.endAll('ann', null)
    expect(await store.get(sessionKind, ownerKey)).toMatchObject({ owner: 'ann', expiresAt: null })
  })

  test.for(['listByOwner', 'remove', 'replace'] as const)(
    'that fails at %s is finished by the next one, and ends what it had to end',
    async (method) => {
      const memory = memoryStore({ platform })
      const down = failing(memory, method)
      const { logins } = open(down.store)
      await insertSession(memory, 'a')
      await logins.endAll('ann', 'a')
      await insertSession(memory, 'b')
      down.fail(true)
      await expect(logins.endAll('ann', 'a')).rejects.toThrow(StoreError)
      down.fail(false)
      await logins.endAll('ann', 'a')
      expect(await keysOf(memory, sessionKind)).toEqual(['a'])
      expect((await logins.loginsOf('ann')).pending).toBe(false)
    },
  )

  test('that one removal fails ends all others, the families too, and is left to be finished', async () => {
    const memory = memoryStore({ platform })
    const remove: Store['remove'] = async (kind, key) => {
      if (key === '3') throw new StoreError('down')
      return memory.remove(kind, key)
    }
    const { logins } = open({ ...memory, remove })
    for (let count = 0; count < 50; count += 1) await insertSession(memory, `${count}`)
    await insertFamily(memory, 'f', '{}')
    await expect(logins.endAll('ann', null)).rejects.toThrow(StoreError)
    expect(await keysOf(memory, sessionKind)).toEqual(['3'])
    expect(await keysOf(memory, familyKind)).toEqual([])
    expect((await logins.loginsOf('ann')).pending).toBe(true)
  })

  test('by 25 callers at once ends all, and every one of them returns', async () => {
    const { logins, store, told } = open()
    const elsewhere = open(store)
    await insertSession(store, 'a')
    const endings = Array.from({ length: 25 }, (_, count) =>
      (count % 2 ? elsewhere : { logins }).logins.endAll('ann', null),
    )
    const ended = await Promise.all(endings)
    expect(ended.reduce((sum, count) => sum + count)).toBe(1)
    expect([...told, ...elsewhere.told]).toEqual(['a'])
    expect(await keysOf(store, sessionKind)).toEqual([])
    expect((await logins.loginsOf('ann')).pending).toBe(false)
  })

  test('by 50 callers at once costs what one does, and by 50 that keep different sessions 50 times that', async () => {
    const store = countingStore(memoryStore({ platform }))
    const { logins } = open(store)
    await logins.endAll('ann', null)
    store.takeCounts()
    await logins.endAll('ann', null)
    const one = store.takeCounts()
    await Promise.all(Array.from({ length: 50 }, () => logins.endAll('ann', null)))
    expect(store.takeCounts()).toEqual(one)
    await Promise.all(Array.from({ length: 50 }, (_, count) => logins.endAll('ann', `${count}`)))
    expect(store.takeCounts()).toEqual({ reads: 50 * one.reads, writes: 50 * one.writes })
  })

  test('that finishes another’s counts and tells what it ended for it, as a sign-in that does so tells it', async () => {
    const memory = memoryStore({ platform })
    const down = failing(memory, 'remove')
    const killed = open(down.store)
    for (const kept of [null, 'c']) {
      await insertSession(memory, 'a')
      await insertSession(memory, 'b')
      down.fail(true)
      await expect(killed.logins.endAll('ann', null)).rejects.toThrow(StoreError)
      const { logins, told } = open(memory)
      if (kept === null) expect(await logins.endAll('ann', null)).toBe(2)
      else await logins.begin('ann')
      expect(told.toSorted()).toEqual(['a', 'b'])
    }
    expect(killed.told).toEqual([])
  })
})

test('an ending that was left is finished once by all who come at once, to sign in or to look', async () => {
  const memory = memoryStore({ platform })
  const down = failing(memory, 'remove')
  const killed = open(down.store)
  const writes: number[] = []
  for (const callers of [1, 50]) {
    for (let count = 0; count < 30; count += 1) await insertFamily(memory, `${count}`, '{}')
    down.fail(true)
    await expect(killed.logins.endAll('ann', null)).rejects.toThrow(StoreError)
    down.fail(false)
    const store = countingStore(memory)
    const { logins } = open(store)
    const begun = await Promise.all(Array.from({ length: callers }, () => logins.begin('ann')))
    writes.push(store.takeCounts().writes)
    const { epoch, pending } = await logins.loginsOf('ann')
    expect(pending).toBe(false)
    expect(new Set(begun.map((attempt) => attempt.epoch))).toEqual(new Set([epoch]))
  }
  expect(writes).toEqual([31, 31])
})

describe('the ending of very many', () => {
  const many = Array.from({ length: 500 }, (_, count) => `${count}`)
  const ofA = JSON.stringify({ sessionId: 'a' })
  const cases = {
    'sessions of a user': [insertSession, ({ logins }: Opened) => logins.endAll('ann', null)],
    'families of a user': [insertFamily, ({ logins }: Opened) => logins.endAll('ann', null)],
    'families of a session': [insertFamily, ({ logins }: Opened) => logins.endFamilies('ann', ['a'])],
  } as const

  test.for(Object.keys(cases) as (keyof typeof cases)[])(
    '%s leaves everybody else a turn, on a store that answers without waiting too',
    async (what) => {
      const [, end] = cases[what]
      const opened = open(memoryStore({ platform }), () => settled())
      const { store } = opened
      await Promise.all(
        many.map((key) => (what.startsWith('s') ? insertSession(store, key) : insertFamily(store, key, ofA))),
      )
      const left: number[] = []
      const look = async (): Promise<void> => {
        const kinds = [await keysOf(store, sessionKind), await keysOf(store, familyKind)]
        left.push(kinds.flat().length)
      }
      const ending = end(opened)
      for (let turns = 0; turns < 3; turns += 1) await settled().then(look)
      await ending.then(look)
      expect(left).toEqual([490, 480, 470, 0])
    },
  )
})

describe('loginsOf', () => {
  test('tells epoch, entries and whether an ending is unfinished, by one read', async () => {
    const store = countingStore(memoryStore({ platform }))
    const { logins } = open(store)
    await logins.endAll('ann', null)
    await insertSession(store, 'a')
    store.takeCounts()
    const found = await logins.loginsOf('ann')
    expect(store.takeCounts()).toEqual({ reads: 1, writes: 0 })
    expect(found).toMatchObject({ pending: false, epoch: (await logins.begin('ann')).epoch })
    expect(found.entries.map(({ key }) => key).toSorted()).toEqual([ownerKey, 'a'].toSorted())
  })
})

describe('endFamilies', () => {
  test('ends those of one session only', async () => {
    const { logins, store } = open()
    await insertFamily(store, 'of a', JSON.stringify({ sessionId: 'a' }))
    await insertFamily(store, 'of b', JSON.stringify({ sessionId: 'b' }))
    await insertFamily(store, 'own', JSON.stringify({ sessionId: null }))
    await insertFamily(store, 'unreadable', '{')
    await logins.endFamilies('ann', ['a', 'another'])
    expect((await keysOf(store, familyKind)).toSorted()).toEqual(['of b', 'own', 'unreadable'])
  })
})

describe('isAlive', () => {
  test('is true for a record that is there and has not expired', async () => {
    const { logins, store } = open()
    await insertSession(store, 'a')
    await insertFamily(store, 'f', '{}')
    expect(await logins.isAlive({ kind: sessionKind, key: 'a' })).toBe(true)
    expect(await logins.isAlive({ kind: familyKind, key: 'f' })).toBe(true)
    expect(await logins.isAlive({ kind: familyKind, key: 'a' })).toBe(false)
    expect(await logins.isAlive({ kind: sessionKind, key: 'gone' })).toBe(false)
  })

  test('confirms the end of a cached copy by a fresh read, as its use may have been written since', async () => {
    const { store } = open()
    await insertSession(store, 'a')
    const fresh = await store.get(sessionKind, 'a')
    const stale = fresh && { ...fresh, expiresAt: now }
    const cached: Store = { ...store, get: async (...given) => (given[2]?.fresh ? fresh : stale) }
    expect(await open(cached).logins.isAlive({ kind: sessionKind, key: 'a' })).toBe(true)
    const ended: Store = { ...store, get: async () => stale }
    expect(await open(ended).logins.isAlive({ kind: sessionKind, key: 'a' })).toBe(false)
  })
})

describe('isCurrent', () => {
  test('is true for the digest of the current token of a living session only', async () => {
    const { logins, store } = open()
    await insertSession(store, 'a')
    expect(await logins.isCurrent('a', 'digest')).toBe(true)
    expect(await logins.isCurrent('a', 'older!')).toBe(false)
    expect(await logins.isCurrent('gone', 'digest')).toBe(false)
    expect(await logins.isCurrent(ownerKey, 'digest')).toBe(false)
  })
})

describe('use', () => {
  test('writes the use down once per touch interval, and loses nothing of the record', async () => {
    const moving = testPlatform()
    const store = countingStore(memoryStore({ platform: moving }))
    const logins = createLoginRecords(store, moving)
    await insertSession(store, 'a')
    moving.advance(9)
    store.takeCounts()
    expect(await logins.use('a')).toBe(true)
    expect(store.takeCounts()).toEqual({ reads: 1, writes: 0 })
    moving.advance(1)
    expect(await logins.use('a')).toBe(true)
    expect(store.takeCounts()).toEqual({ reads: 1, writes: 1 })
    const entry = await store.get(sessionKind, 'a')
    expect(entry?.expiresAt).toBe(now + 110)
    expect(JSON.parse(entry?.value ?? '')).toMatchObject({ lastSeenAt: now + 10, data: 'kept', hash: 'digest' })
  })

  test('is false for a session that is gone or idle', async () => {
    const moving = testPlatform()
    const store = memoryStore({ platform: moving })
    const logins = createLoginRecords(store, moving)
    await insertSession(store, 'a')
    expect(await logins.use('gone')).toBe(false)
    moving.advance(100)
    expect(await logins.use('a')).toBe(false)
  })

  test('confirms by a fresh read that a session is over: its use may have been written since', async () => {
    const { store } = open()
    await insertSession(store, 'a')
    const stale = { ...((await store.get(sessionKind, 'a')) as Entry), expiresAt: now }
    const cached: Store = { ...store, get: async (...given) => (given[2]?.fresh ? store.get(...given) : stale) }
    expect(await open(cached).logins.use('a')).toBe(true)
    const absent: Store = { ...store, get: async (...given) => (given[2]?.fresh ? store.get(...given) : null) }
    expect(await open(absent).logins.use('a')).toBe(true)
    await store.remove(sessionKind, 'a')
    expect(await open(cached).logins.use('a')).toBe(false)
  })

  test('is true when another write came first, and false when that was the end', async () => {
    const moving = testPlatform()
    const memory = memoryStore({ platform: moving })
    await insertSession(memory, 'a')
    moving.advance(10)
    const changed: Store = { ...memory, replace: async () => false }
    expect(await createLoginRecords(changed, moving).use('a')).toBe(true)
    const ended: Store = { ...memory, replace: async () => !(await memory.remove(sessionKind, 'a')) }
    expect(await createLoginRecords(ended, moving).use('a')).toBe(false)
  })
})
