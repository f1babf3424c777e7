import { describe, expect, test } from 'vitest'
import { createEntryCache } from './entry-cache.js'

/** A cache of so many records, all of one kind. Looking at one uses it. */
function setUp(maxEntries: number) {
  const cache = createEntryCache(maxEntries)
  const put = (...keys: string[]): void => {
    for (const key of keys) cache.put({ kind: 'k', key, absent: false }, { readAt: 0, entry: Promise.resolve(null) })
  }
  const use = (...keys: string[]): void => {
    for (const key of keys) cache.get('k', key)
  }
  /** Of these, the ones that are kept. */
  const kept = (...keys: string[]): string[] => keys.filter((key) => cache.get('k', key))
  return { put, use, kept }
}

describe('the answer that goes for a new one', () => {
  test('is the oldest, where none was used', () => {
    const { put, kept } = setUp(3)
    put('a', 'b', 'c', 'd')
    expect(kept('a', 'b', 'c', 'd')).toEqual(['b', 'c', 'd'])
  })

  test('is not one that was used, which then is as one that just came', () => {
    const { put, use, kept } = setUp(3)
    put('a', 'b', 'c')
    use('a')
    put('d', 'e')
    expect(kept('a', 'b', 'c', 'd', 'e')).toEqual(['a', 'd', 'e'])
  })

  test('is one that was used once, the second time', () => {
    const { put, use, kept } = setUp(3)
    put('a', 'b', 'c')
    use('a')
    put('d', 'e', 'f')
    expect(kept('a', 'd', 'e', 'f')).toEqual(['d', 'e', 'f'])
  })

  test('is the ninth oldest where all were used: nobody walks through all of them', () => {
    const keys = Array.from({ length: 12 }, (_, index) => `k${index}`)
    const { put, use, kept } = setUp(12)
    put(...keys)
    use(...keys)
    put('new')
    expect(kept(...keys)).toEqual(keys.filter((key) => key !== 'k8'))
  })
})
