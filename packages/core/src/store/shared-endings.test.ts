import { describe, expect, test } from 'vitest'
import { markLate } from '../internal/late.js'
import { settled } from './fixtures/gated-store.js'
import { createSharedEndings } from './shared-endings.js'

/** An ending that is under way until the test finishes it. */
interface Begun {
  readonly name: string
  finish(ended: number): Promise<void>
  fail(error: Error): Promise<void>
}

function open() {
  const endings = createSharedEndings()
  const begun: Begun[] = []
  const call = (userId: string, keep: string | null = null): Promise<number | string> => {
    const { promise, resolve, reject } = Promise.withResolvers<number>()
    const ran = endings.run({ userId, keep }, () => {
      const finish = async (ended: number): Promise<void> => (resolve(ended), settled())
      const fail = async (error: Error): Promise<void> => (reject(error), settled())
      begun.push({ name: `${userId} ${keep}`, finish, fail })
      return promise
    })
    return ran.catch((error: Error) => error.message)
  }
  return { call, begun, names: () => begun.map(({ name }) => name) }
}

describe('endings that are shared', () => {
  test('by those who come at once run once, and only the first is told how many sessions ended', async () => {
    const { call, begun } = open()
    const calls = [call('ann'), call('ann'), call('ann')]
    await settled()
    await begun[0]?.finish(7)
    expect(await Promise.all(calls)).toEqual([7, 0, 0])
    expect(begun).toHaveLength(1)
  })

  test('are never those that began before the call: one runs, one waits', async () => {
    const { call, begun } = open()
    const first = call('ann')
    await settled()
    const later = [call('ann'), call('ann')]
    await settled()
    expect(begun).toHaveLength(1)
    await begun[0]?.finish(1)
    expect(await first).toBe(1)
    const latest = call('ann')
    await begun[1]?.finish(2)
    expect(await Promise.all(later)).toEqual([2, 0])
    await begun[2]?.finish(3)
    expect(await latest).toBe(3)
    expect(begun).toHaveLength(3)
  })

  test('are those that keep the same session; others of the user wait, and no other user does', async () => {
    const { call, begun, names } = open()
    const calls = [call('ann'), call('ann', 'a'), call('bob'), call('ann')]
    await settled()
    expect(names()).toEqual(['ann null', 'bob null'])
    await begun[1]?.finish(5)
    await begun[0]?.finish(1)
    expect(names()).toEqual(['ann null', 'bob null', 'ann a'])
    await begun[2]?.finish(3)
    expect(await Promise.all(calls)).toEqual([1, 3, 5, 0])
  })

  test('are not those that only finish what another left, which are shared too', async () => {
    const endings = createSharedEndings()
    const ran: string[] = []
    const calls = ['finish', 'all', 'finish', 'all'].map((what) =>
      endings.run({ userId: 'ann', ...(what === 'all' ? { keep: null } : {}) }, async () => ran.push(what)),
    )
    expect(await Promise.all(calls)).toEqual([1, 2, 0, 0])
    expect(ran).toEqual(['finish', 'all'])
  })

  test('fail all who share them, and not those who wait', async () => {
    const { call, begun } = open()
    const calls = [call('ann'), call('ann')]
    await settled()
    const next = call('ann')
    await begun[0]?.fail(new Error('down'))
    expect(await Promise.all(calls)).toEqual(['down', 'down'])
    await begun[1]?.finish(1)
    expect(await next).toBe(1)
  })

  test('where the store hangs fail those who wait too, and the next call runs', async () => {
    const { call, begun } = open()
    const calls = [call('ann')]
    await settled()
    calls.push(call('ann'), call('ann', 'a'))
    await begun[0]?.fail(markLate(new Error('late')))
    expect(await Promise.all(calls)).toEqual(['late', 'late', 'late'])
    const next = call('ann')
    await settled()
    await begun[1]?.finish(1)
    expect(await next).toBe(1)
  })
})
