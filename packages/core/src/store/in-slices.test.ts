import { testPlatform } from '@tessera-auth/testing'
import { expect, test } from 'vitest'
import { markLate } from '../internal/late.js'
import { inSlices } from './in-slices.js'

const items = Array.from({ length: 35 }, (_, item) => item)

async function run(errors: Record<number, Error>) {
  const begun: number[] = []
  const running = inSlices(testPlatform(), items, async (item) => {
    begun.push(item)
    if (errors[item]) throw errors[item]
  })
  return { begun, failed: await running.catch((error: unknown) => error) }
}

test('runs all without a failure', async () => {
  expect(await run({})).toEqual({ begun: items, failed: undefined })
})

test('one item that fails keeps no other from its turn, and the first failure is thrown at the end', async () => {
  const first = new Error('first')
  const { begun, failed } = await run({ 3: first, 20: new Error('second') })
  expect(begun).toEqual(items)
  expect(failed).toBe(first)
})

test('where the store hangs no further slice begins, and that is what is thrown', async () => {
  const late = markLate(new Error('late'))
  const { begun, failed } = await run({ 11: new Error('first'), 12: late })
  expect(begun).toEqual(items.slice(0, 20))
  expect(failed).toBe(late)
})
