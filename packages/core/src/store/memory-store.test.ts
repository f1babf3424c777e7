import { testPlatform } from '@tessera-auth/testing'
import { describe, expect, test } from 'vitest'
import { memoryStore } from './memory-store.js'
import type { Entry } from './store.js'

const platform = testPlatform()
const entry = (key: string, more: Partial<Entry> = {}): Entry => ({
  kind: 'session',
  key,
  owner: 'ann',
  value: '{}',
  version: '1',
  expiresAt: null,
  ...more,
})

describe('memoryStore', () => {
  test('hands out entries that nobody can change', async () => {
    const store = memoryStore({ platform })
    const given = { ...entry('a') }
    await store.insert(given)
    Object.assign(given, { value: 'changed' })
    const found = await store.get('session', 'a')
    expect(found?.value).toBe('{}')
    expect(Object.isFrozen(found)).toBe(true)
    await store.replace({ ...entry('a'), version: '2' }, '1')
    expect(Object.isFrozen(await store.get('session', 'a'))).toBe(true)
  })

  test('keeps the owner whatever a replace says', async () => {
    const store = memoryStore({ platform })
    await store.insert(entry('a'))
    await store.replace(entry('a', { owner: 'bob', version: '2' }), '1')
    expect((await store.get('session', 'a'))?.owner).toBe('ann')
    expect(await store.listByOwner('session', 'ann')).toHaveLength(1)
    expect(await store.listByOwner('session', 'bob')).toEqual([])
  })

  test('does not take one kind and key for another that reads the same', async () => {
    const store = memoryStore({ platform })
    await store.insert(entry('b\0c', { kind: 'a', owner: 'x\0y' }))
    expect(await store.get('a\0b', 'c')).toBeNull()
    expect(await store.listByOwner('a\0x', 'y')).toEqual([])
  })

  test('drops expired records as others come, 300 s after their end and not before', async () => {
    const moving = testPlatform()
    const store = memoryStore({ platform: moving })
    for (let key = 0; key < 50; key += 1) await store.insert(entry(`old ${key}`, { expiresAt: moving.now() }))
    const insertMore = async (name: string): Promise<void> => {
      for (let key = 0; key < 60; key += 1) await store.insert(entry(`${name} ${key}`))
    }
    moving.advance(299)
    await insertMore('early')
    expect(await store.listByOwner('session', 'ann')).toHaveLength(110)
    moving.advance(1)
    await insertMore('late')
    await insertMore('later')
    expect((await store.listByOwner('session', 'ann')).filter(({ key }) => key.startsWith('old'))).toEqual([])
  })

  test('removes no more expired records than were asked for', async () => {
    const store = memoryStore({ platform })
    for (let key = 0; key < 5; key += 1) await store.insert(entry(`${key}`, { expiresAt: platform.now() }))
    await store.insert(entry('kept', { expiresAt: platform.now() + 1 }))
    expect(await store.removeExpired(platform.now(), 3)).toBe(3)
    expect(await store.removeExpired(platform.now(), 3)).toBe(2)
    expect(await store.removeExpired(platform.now(), 3)).toBe(0)
    expect(await store.get('session', 'kept')).not.toBeNull()
  })
})
