/** A lock between processes: a file that names its holder, so that one left by a dead process is taken over. */
import { randomUUID } from 'node:crypto'
import { linkSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { dirname } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'

const retryMilliseconds = 200

/** Waits until the lock is ours, and says for whom, once; the function returned gives it back. */
export async function holdLock(path: string, say: (line: string) => void = warn): Promise<() => void> {
  mkdirSync(dirname(path), { recursive: true })
  // The token tells apart two holders that had the same process id.
  const own = `${process.pid} ${randomUUID()}`
  let isSaid = false
  while (!tryLock(path, own)) {
    const held = read(path)
    if (held === null) continue
    if (!isAlive(processOf(held))) await removeStale(path, say)
    else {
      // The id may be another program's by now, which nobody but a person can tell.
      if (!isSaid) say(`Waiting for process ${processOf(held)} to give back ${path}; is it no build? Remove the file.`)
      isSaid = true
      await sleep(retryMilliseconds)
    }
  }
  return () => {
    if (read(path) === own) rmSync(path)
  }
}

/** Only one process at a time looks and removes: what it removes is what it looked at, not a lock that came after. */
async function removeStale(path: string, say: (line: string) => void): Promise<void> {
  const release = await holdLock(`${path}.stale`, say)
  try {
    const held = read(path)
    if (held !== null && !isAlive(processOf(held))) rmSync(path)
  } finally {
    release()
  }
}

/** The file appears with its text in it: one that is still empty would name nobody. */
function tryLock(path: string, own: string): boolean {
  const aside = `${path}.${own.replace(' ', '.')}`
  writeFileSync(aside, own)
  try {
    linkSync(aside, path)
    return true
  } catch (error) {
    if (codeOf(error) === 'EEXIST') return false
    throw error
  } finally {
    rmSync(aside, { force: true })
  }
}

function read(path: string): string | null {
  try {
    return readFileSync(path, 'utf8')
  } catch (error) {
    if (codeOf(error) === 'ENOENT') return null
    throw error
  }
}

function processOf(held: string): number {
  return Number(held.split(' ')[0])
}

/** One that we may not signal is alive. */
function isAlive(pid: number): boolean {
  try {
    return pid > 0 && process.kill(pid, 0)
  } catch (error) {
    return codeOf(error) === 'EPERM'
  }
}

function codeOf(error: unknown): string | undefined {
  return error instanceof Error && 'code' in error ? String(error.code) : undefined
}

function warn(line: string): void {
  process.stderr.write(`${line}\n`)
}
