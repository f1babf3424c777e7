/** Counts over a store that hangs, has a cache before it, is written to by others, or holds what is no count. */
import { testPlatform } from '@tessera-auth/testing'
import { describe, expect, test } from 'vitest'
import { ConfigError, StoreError } from '../errors.js'
import { cachedStore } from '../store/cached-store.js'
import { gatedStore, settled } from '../store/fixtures/gated-store.js'
import { memoryStore } from '../store/memory-store.js'
import type { Entry, Store } from '../store/store.js'
import { createRateLimiter } from './rate-limiter.js'

function setUp(limit = 1) {
  const platform = testPlatform()
  const memory = memoryStore({ platform })
  const on = (store: Store) => createRateLimiter({ store, platform, limit, windowSeconds: 60 })
  return { platform, memory, on }
}

const full = { code: 'too_many_attempts' }

test('attempts are counted again once a store that hung has come back', async () => {
  const { platform, memory, on } = setUp(3)
  const gate = gatedStore(memory)
  const limiter = on(gate.store)
  gate.close()
  const failed: string[] = []
  for (let turn = 0; turn < 2; turn += 1) {
    limiter.consume('a').catch(({ code }) => failed.push(code))
    await settled()
  }
  for (let step = 0; step < 40; step += 1) {
    platform.advance(0.25)
    await settled()
  }
  expect(failed).toEqual(['unavailable', 'unavailable'])
  gate.open()
  await limiter.consume('a')
})

test('a count is read past any cache: another process may have forgotten it', async () => {
  const { platform, memory, on } = setUp()
  const limiter = on(cachedStore(memory, { platform, maxStalenessSeconds: 3600 }))
  await limiter.consume('a')
  await expect(limiter.consume('a')).rejects.toMatchObject(full)
  await on(memory).reset('a')
  await limiter.consume('a')
})

describe('giveBack', () => {
  test('of a key that was never counted is fine, and gives nothing', async () => {
    const { memory, on } = setUp()
    const limiter = on(memory)
    await limiter.giveBack('a')
    await limiter.consume('a')
    await expect(limiter.consume('a')).rejects.toMatchObject(full)
  })

  test('is tried again where another write came first', async () => {
    const { memory, on } = setUp()
    const outcomes = [false, false]
    const replace: Store['replace'] = async (...given) => outcomes.pop() ?? memory.replace(...given)
    const limiter = on({ ...memory, replace })
    await limiter.consume('a')
    await limiter.giveBack('a')
    await limiter.consume('a')
  })
})

test.each(['{"v":1,"count":"x"}', '{"v":1}', '{"v":2,"count":1}', 'null', '{'])(
  'a record that holds %s is an outage, not a free attempt',
  async (value) => {
    const { memory, on } = setUp()
    const written: Entry[] = []
    const insert: Store['insert'] = async (entry) => (written.push(entry), memory.insert(entry))
    await on({ ...memory, insert }).consume('a')
    for (const entry of written) await memory.replace({ ...entry, value, version: 'other' }, entry.version)
    const limiter = on(memory)
    await expect(limiter.consume('a')).rejects.toThrow(StoreError)
    await expect(limiter.giveBack('a')).rejects.toThrow(StoreError)
  },
)

test.each(['limit', 'windowSeconds'])('without %s there is no limiter', (name) => {
  const options = { store: memoryStore(), limit: 1, windowSeconds: 60, [name]: undefined }
  const make = (): unknown => createRateLimiter(options)
  expect(make).toThrow(ConfigError)
  expect(make).toThrow(new RegExp(`^${name}`))
})
