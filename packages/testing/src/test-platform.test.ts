import { expect, describe, test } from 'vitest'
import { testPlatform } from './test-platform.js'

describe('testPlatform', () => {
  test('time stands still', async () => {
    const platform = testPlatform()
    await new Promise((resolve) => setTimeout(resolve, 5))
    expect([platform.now(), platform.monotonic()]).toEqual([1_800_000_000, 0])
  })

  test('advance moves both clocks by the same', () => {
    const platform = testPlatform({ now: 1_000 })
    platform.advance(90)
    expect([platform.now(), platform.monotonic()]).toEqual([1_090, 90_000])
  })

  test('fractions of a second add up to whole ones', () => {
    const platform = testPlatform({ now: 10 })
    platform.advance(0.25)
    expect([platform.now(), platform.monotonic()]).toEqual([10, 250])
    platform.advance(0.75)
    expect(platform.now()).toBe(11)
  })

  test('time does not step back', () => {
    expect(() => testPlatform().advance(-1)).toThrow(RangeError)
    expect(() => testPlatform().advance(Number.NaN)).toThrow(RangeError)
  })

  test('advance wakes the sleeps that are due, earliest first, and no other', async () => {
    const platform = testPlatform()
    const woken: string[] = []
    for (const [name, milliseconds] of [
      ['later', 2_000],
      ['never', 60_000],
      ['sooner', 1_000],
    ] as const) {
      void platform.sleep(milliseconds).then(() => woken.push(name))
    }
    platform.advance(0.999)
    await platform.sleep(0)
    expect(woken).toEqual([])
    platform.advance(5)
    await new Promise(setImmediate)
    expect(woken).toEqual(['sooner', 'later'])
  })

  test('the network is closed unless the test opens it', async () => {
    await expect(testPlatform().fetch('https://app.test/a?secret=1')).rejects.toThrow(/https:\/\/app\.test$/)
    const open = testPlatform({ fetch: async (url) => new Response(url) })
    expect(await (await open.fetch('https://app.test/')).text()).toBe('https://app.test/')
  })

  test('randomness is real', () => {
    const platform = testPlatform()
    expect(platform.randomBytes(16)).not.toEqual(platform.randomBytes(16))
  })

  test('digests are those of FIPS 180-4 and RFC 4231', () => {
    const platform = testPlatform()
    const hex = (bytes: Uint8Array): string => Buffer.from(bytes).toString('hex')
    expect(hex(platform.sha256('abc'))).toBe('ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad')
    expect(hex(platform.hmacSha256(Buffer.from('Jefe'), 'what do ya want for nothing?'))).toBe(
      '5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843',
    )
  })
})
