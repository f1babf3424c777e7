/** One build at a time, whoever starts it. */
import { spawn, spawnSync } from 'node:child_process'
import { existsSync, mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { once } from 'node:events'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { holdLock } from './lock.ts'

let folder = ''
let path = ''
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'lock-'))
  path = join(folder, 'lock')
})
afterEach(() => {
  vi.restoreAllMocks()
  rmSync(folder, { recursive: true })
})

const said: string[] = []
const say = (line: string): void => void said.push(line)
beforeEach(() => void said.splice(0))

describe('holdLock', () => {
  it('lets the next one in only after it was given back, and says whom it waits for', async () => {
    const order: string[] = []
    const release = await holdLock(path)
    const next = holdLock(path, say).then((releaseNext) => {
      order.push('next')
      releaseNext()
    })
    await new Promise(setImmediate) // room for one that does not wait
    order.push('first')
    release()
    await next
    expect(order).toEqual(['first', 'next'])
    expect(said).toEqual([expect.stringContaining(`process ${process.pid} to give back ${path}`)])
    expect(readdirSync(folder)).toEqual([])
  })

  it('takes over from a process that is no more', async () => {
    writeFileSync(path, String(deadProcess()))
    const release = await holdLock(path)
    release()
    expect(readdirSync(folder)).toEqual([])
  })

  it('waits for a process that it may not signal', async () => {
    writeFileSync(path, '4711 of-another-user')
    vi.spyOn(process, 'kill').mockImplementation(() => {
      throw Object.assign(new Error('kill EPERM'), { code: 'EPERM' })
    })
    const waiting = holdLock(path, say)
    await new Promise(setImmediate)
    expect(existsSync(path) && readFileSync(path, 'utf8')).toBe('4711 of-another-user')
    expect(said).toHaveLength(1)
    rmSync(path)
    ;(await waiting)()
  })

  it('gives back no lock but its own', async () => {
    const release = await holdLock(path)
    writeFileSync(path, `${process.pid} of-another`)
    release()
    expect(readFileSync(path, 'utf8')).toBe(`${process.pid} of-another`)
  })

  it('has one holder when six processes find the same dead one', async () => {
    const rounds = 25
    const dead = String(deadProcess())
    for (let round = 0; round < rounds; round += 1) writeFileSync(`${path}-${round}`, dead)
    const program = [import.meta.dirname, path, rounds, Date.now() + 1_000].map((value) => JSON.stringify(value))
    const contenders = Array.from({ length: 6 }, () => startContender(program))
    const rounded = (await Promise.all(contenders.map(({ held }) => held))).flat()
    await Promise.all(contenders.map(({ end }) => end()))
    expect(rounded.length).toBeGreaterThan(0)
    expect(rounded.filter((round, index) => rounded.indexOf(round) !== index)).toEqual([])
  })
})

function deadProcess(): number {
  return spawnSync(process.execPath, ['--version']).pid
}

/**
 * Begins each round at the same moment as the others, gives nothing back, and says which rounds it held the lock in. It lives
 * until it is told to end: what it holds would be another's from then on.
 */
function startContender([folderOfScripts, lock, rounds, start]: readonly string[]) {
  const code = `
    const { holdLock } = await import(${folderOfScripts} + '/lock.ts')
    const held = []
    for (let round = 0; round < ${rounds}; round += 1) {
      while (Date.now() < ${start} + round * 30) await new Promise(setImmediate)
      void holdLock(${lock} + '-' + round, () => {}).then(() => held.push(round))
    }
    process.stdin.on('end', () => process.exit()).resume()
    setTimeout(() => console.log(JSON.stringify(held)), 500)`
  const child = spawn(process.execPath, ['--input-type=module', '--eval', code], {
    stdio: ['pipe', 'pipe', 'inherit'],
  })
  const held = once(child.stdout, 'data').then(([line]) => JSON.parse(String(line)) as number[])
  const ended = once(child, 'exit')
  const end = async (): Promise<void> => {
    child.stdin.end()
    await ended
  }
  return { held, end }
}
