import { testPlatform } from '@tessera-auth/testing'
import { describe, expect, test } from 'vitest'
import { keepCopy } from './kept-copy.js'

/** Reads that a test answers, and a write that they see when they start after it. */
function shared() {
  const platform = testPlatform()
  const answers: (() => void)[] = []
  let written = 0
  const kept = keepCopy(platform, 10, () => {
    const copy = { readAt: platform.monotonic(), seen: written }
    return new Promise<typeof copy>((resolve) => answers.push(() => resolve(copy)))
  })
  const answer = async (): Promise<void> => {
    await new Promise(setImmediate)
    answers.shift()?.()
    await new Promise(setImmediate)
  }
  return { platform, kept, answer, waiting: () => answers.length, write: () => void (written += 1) }
}

describe('keepCopy', () => {
  test('gives a copy until it is too old, counted from the start of its read', async () => {
    const { platform, kept, answer } = shared()
    const first = kept.current()
    platform.advance(4)
    await answer()
    platform.advance(5.9)
    expect(kept.current()).toEqual(await first)
    platform.advance(0.1)
    expect(kept.current()).toBeInstanceOf(Promise)
  })

  test.each(['fresh', 'confirmed'] as const)(
    '%s never answers by a read that began before it was asked',
    async (way) => {
      const { kept, answer, write } = shared()
      const early = kept.current()
      write()
      const asked = [kept[way](), kept[way]()]
      await answer()
      expect(await early).toMatchObject({ seen: 0 })
      await answer()
      for (const late of await Promise.all(asked)) expect(late).toMatchObject({ seen: 1 })
    },
  )

  test('confirmed reads a few times at once, and then once in a second, for all who asked meanwhile', async () => {
    const platform = testPlatform()
    let reads = 0
    const kept = keepCopy(platform, 10, async () => {
      reads += 1
      if (reads === 1) throw new Error('down')
      return { readAt: platform.monotonic(), reads }
    })
    await expect(kept.confirmed()).rejects.toThrow('down')
    for (let count = 2; count <= 5; count += 1) expect(await kept.confirmed()).toMatchObject({ reads: count })
    const asked = Array.from({ length: 5 }, () => kept.confirmed())
    await new Promise(setImmediate)
    expect(reads).toBe(5)
    platform.advance(1)
    expect((await Promise.all(asked)).map((copy) => copy.reads)).toEqual([6, 6, 6, 6, 6])
    platform.advance(60)
    for (let count = 7; count <= 11; count += 1) expect(await kept.confirmed()).toMatchObject({ reads: count })
  })
})
