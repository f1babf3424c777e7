/** What a store says whose connection was cut, or fell silent, when the answer of a write was on its way. */
import { describeEngine, redis } from '@tessera-auth/engines'
import { type Entry, StoreError } from '@tessera-auth/core/store'
import { Redis } from 'ioredis'
import { beforeEach, describe, expect, onTestFinished, test } from 'vitest'
import { ownName } from './fixtures/clients.js'
import { type CuttingProxy, startCuttingProxy } from './fixtures/cutting-proxy.js'
import { redisStore } from './redis-store.js'

const expiresAt = Math.floor(Date.now() / 1000) + 3_600
const first: Entry = { kind: 'session', key: 'a', owner: 'user-1', version: 'v1', value: '{"n":1}', expiresAt }
const second: Entry = { ...first, version: 'v2', value: '{"n":2}' }
const other: Entry = { ...first, version: 'v3', owner: null }

describeEngine(redis, (url) => {
  let proxy: CuttingProxy
  let cut: Redis
  let prefix: string
  let store: ReturnType<typeof redisStore>

  /** A store whose client is behind a proxy, and has told the server each of its scripts. */
  async function open(options: { maxRetriesPerRequest?: number; socketTimeout?: number }): Promise<void> {
    proxy = await startCuttingProxy(url)
    cut = new Redis(proxy.url, options)
    cut.on('error', () => {})
    onTestFinished(async () => {
      cut.disconnect()
      await proxy.close()
    })
    prefix = ownName()
    store = redisStore(cut, { prefix })
    await store.insert({ ...first, key: 'known' })
    await store.replace({ ...second, key: 'known' }, 'v1')
    await store.remove('session', 'known')
  }

  describe('redisStore over ioredis, which sends again what was not answered', () => {
    beforeEach(() => open({}))

    test('an insert that was done is true, and for nobody else', async () => {
      // Without an owner the script of the record is all that is sent.
      proxy.cutAtNextAnswer()
      expect(await store.insert(other)).toBe(true)
      expect(await store.get('session', 'a')).toEqual(other)
      proxy.cutAtNextAnswer()
      expect(await store.insert(other)).toBe(false)
      expect(await redisStore(cut, { prefix }).insert(other)).toBe(false)
      expect(await store.insert({ ...first, version: 'v4' })).toBe(false)
      expect(await store.get('session', 'a')).toEqual(other)
    })

    test('a record with an owner is listed, whichever of its two scripts was sent again', async () => {
      proxy.cutAtNextAnswer()
      expect(await store.insert(first)).toBe(true)
      expect(await store.listByOwner('session', 'user-1')).toEqual([first])
    })

    test('a replace that was done is true, and for nobody else', async () => {
      await store.insert(first)
      proxy.cutAtNextAnswer()
      expect(await store.replace(second, 'v1')).toBe(true)
      expect(await store.get('session', 'a')).toEqual(second)
      proxy.cutAtNextAnswer()
      expect(await store.replace({ ...second, version: 'v4' }, 'v1')).toBe(false)
      expect(await store.get('session', 'a')).toEqual(second)
    })

    test('a replace that lives longer is true, and its index has the longer life', async () => {
      await store.insert(first)
      const later = { ...second, expiresAt: expiresAt + 1_000 }
      proxy.cutAtNextAnswer()
      expect(await store.replace(later, 'v1')).toBe(true)
      expect(await store.listByOwner('session', 'user-1')).toEqual([later])
    })

    test('a removal that was done is false: what is gone cannot say who removed it', async () => {
      await store.insert(first)
      proxy.cutAtNextAnswer()
      expect(await store.remove('session', 'a', 'v1')).toBe(false)
      expect(await store.get('session', 'a')).toBeNull()
    })
  })

  test('with maxRetriesPerRequest: 0 nothing is sent again: it is a StoreError, and the next call is answered', async () => {
    await open({ maxRetriesPerRequest: 0 })
    await store.insert(first)
    proxy.cutAtNextAnswer()
    await expect(store.remove('session', 'a', 'v1')).rejects.toBeInstanceOf(StoreError)
    expect(await store.get('session', 'a')).toBeNull()
  })

  test('with socketTimeout a connection that falls silent is given up, and what it was asked is answered by the next', async () => {
    await open({ socketTimeout: 200 })
    await store.insert(first)
    proxy.silence()
    expect(await store.replace(second, 'v1')).toBe(true)
    expect(await store.get('session', 'a')).toEqual(second)
  })
})
