import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { explore, type Step } from './fixtures/cache-world.js'

const pick = fc.nat(7)
const step: fc.Arbitrary<Step> = fc.oneof(
  { weight: 6, arbitrary: fc.record({ type: fc.constantFrom('get', 'get', 'fresh'), pick }) },
  { weight: 3, arbitrary: fc.record({ type: fc.constant('write'), pick }) },
  { weight: 2, arbitrary: fc.constant({ type: 'writeAndCrash' as const, pick: 0 }) },
  { weight: 9, arbitrary: fc.record({ type: fc.constantFrom('apply', 'answer', 'answer'), pick }) },
  {
    weight: 2,
    arbitrary: fc.record({ type: fc.constantFrom('fail', 'lose', 'disconnect', 'reconnect', 'reconnect'), pick }),
  },
  { weight: 2, arbitrary: fc.record({ type: fc.constant('deliver'), pick }) },
  { weight: 4, arbitrary: fc.record({ type: fc.constant('advance'), milliseconds: fc.constantFrom(1, 900, 2100) }) },
)

describe('cachedStore under a bus that delays, reorders, loses and disconnects', () => {
  test('no answer is older than the bound, own writes and messages are seen, fresh reads are fresh', async () => {
    const schedules = fc.asyncProperty(fc.array(step, { minLength: 8, maxLength: 60 }), async (steps) => {
      expect(await explore(steps)).toEqual([])
    })
    await fc.assert(schedules, { numRuns: 5_000 })
  })
})
