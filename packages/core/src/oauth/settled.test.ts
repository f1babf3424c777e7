import { testPlatform } from '@tessera-auth/testing'
import { expect, test } from 'vitest'
import { StoreError } from '../errors.js'
import { settled } from './settled.js'

/** Whoever sleeps moves the clock. */
function clock() {
  const platform = testPlatform()
  return { ...platform, sleep: async (milliseconds: number) => platform.advance(milliseconds / 1000) }
}

test('a write is tried again until it is done, and told so', async () => {
  const told: boolean[] = []
  const write = async (again: boolean): Promise<string> => {
    if (told.push(again) < 3) throw new StoreError('down')
    return 'written'
  }
  expect(await settled(clock(), 6000, write)).toBe('written')
  expect(told).toEqual([false, true, true])
})

test('tries begin soon, then once in a second, and none at the deadline', async () => {
  const platform = clock()
  const begun: number[] = []
  const write = async (): Promise<never> => {
    begun.push(platform.monotonic())
    throw new StoreError(`down ${begun.length}`)
  }
  await expect(settled(platform, 3400, write)).rejects.toThrow('down 5')
  expect(begun).toEqual([0, 200, 600, 1400, 2400])
})

test('after the deadline it is tried once all the same', async () => {
  const platform = clock()
  platform.advance(60)
  let tries = 0
  const write = (): Promise<never> => Promise.reject(new StoreError(`down ${(tries += 1)}`))
  await expect(settled(platform, 6000, write)).rejects.toThrow('down 1')
})

test('what is no outage is not tried again', async () => {
  let tries = 0
  const write = (): Promise<never> => Promise.reject(new TypeError(`wrong ${(tries += 1)}`))
  await expect(settled(clock(), 6000, write)).rejects.toThrow('wrong 1')
})
