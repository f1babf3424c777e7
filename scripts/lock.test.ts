/** One build at a time, whoever starts it. */
import { spawnSync } from 'node:child_process'
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { holdLock } from './lock.ts'

let folder = ''
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'lock-'))
})
afterEach(() => rmSync(folder, { recursive: true }))

describe('holdLock', () => {
  it('lets the next one in only after it was given back', async () => {
    const order: string[] = []
    const release = await holdLock(join(folder, 'lock'))
    const next = holdLock(join(folder, 'lock')).then((releaseNext) => {
      order.push('next')
      releaseNext()
    })
    await new Promise(setImmediate) // room for one that does not wait
    order.push('first')
    release()
    await next
    expect(order).toEqual(['first', 'next'])
  })

  it('takes over from a process that is no more', async () => {
    const { pid } = spawnSync(process.execPath, ['--version'])
    writeFileSync(join(folder, 'lock'), String(pid))
    const release = await holdLock(join(folder, 'lock'))
    release()
    expect(existsSync(join(folder, 'lock'))).toBe(false)
  })
})
