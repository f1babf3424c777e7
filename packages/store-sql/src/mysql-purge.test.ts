import { StoreError } from '@tessera-auth/core/store'
import { describe, expect, test } from 'vitest'
import { exactText } from './fixtures/exact-text.js'
import { type MysqlClient, mysqlStore } from './mysql-store.js'

/** A server with so many expired rows. It notes each statement's limit, and what else was going on at the same time. */
function serverOf(expired: number, failAt = Number.POSITIVE_INFINITY) {
  const limits: number[] = []
  let left = expired
  let underWay = 0
  const client: MysqlClient = {
    query: exactText,
    async execute(_sql, values) {
      const limit = Number(values.at(-1))
      limits.push(limit)
      if (limits.length === failAt) throw Object.assign(new Error('gone'), { errno: 1053 })
      expect((underWay += 1)).toBe(1)
      await Promise.resolve()
      underWay -= 1
      const removed = Math.min(left, limit)
      left -= removed
      return [{ affectedRows: removed }]
    },
  }
  return { store: mysqlStore(client), limits, left: () => left }
}

describe('a purge of MySQL', () => {
  test.for([
    { expired: 5_000, limit: 1_000, removed: 1_000, limits: [200, 200, 200, 200, 200] },
    { expired: 5_000, limit: 450, removed: 450, limits: [200, 200, 50] },
    { expired: 5_000, limit: 1, removed: 1, limits: [1] },
    { expired: 250, limit: 1_000, removed: 250, limits: [200, 200] },
    { expired: 400, limit: 1_000, removed: 400, limits: [200, 200, 200] },
    { expired: 0, limit: 1_000, removed: 0, limits: [200] },
  ])('of $limit where $expired are expired takes statements of at most 200 rows', async (purge) => {
    const { store, limits, left } = serverOf(purge.expired)
    expect(await store.removeExpired(1, purge.limit)).toBe(purge.removed)
    expect(limits).toStrictEqual(purge.limits)
    expect(left()).toBe(purge.expired - purge.removed)
  })

  test('lets a waiting request go between two statements', async () => {
    const { store, limits } = serverOf(5_000)
    let before: number | undefined
    setTimeout(() => (before = limits.length), 0)
    await store.removeExpired(1, 1_000)
    expect(before).toBeGreaterThan(0)
    expect(before).toBeLessThan(5)
  })

  test('that fails halfway says so, and the next one goes on', async () => {
    const { store, left } = serverOf(1_000, 3)
    await expect(store.removeExpired(1, 1_000)).rejects.toBeInstanceOf(StoreError)
    expect(left()).toBe(600)
    expect(await store.removeExpired(1, 1_000)).toBe(600)
  })
})
