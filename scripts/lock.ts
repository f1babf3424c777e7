/** A lock between processes: a file that names its holder, so that one left by a dead process is taken over. */
import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { dirname } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'

const retryMilliseconds = 200

/** Waits until the lock is ours; the function returned gives it back. */
export async function holdLock(path: string): Promise<() => void> {
  mkdirSync(dirname(path), { recursive: true })
  for (;;) {
    if (tryLock(path)) return () => rmSync(path, { force: true })
    if (!isAlive(holder(path))) rmSync(path, { force: true })
    else await sleep(retryMilliseconds)
  }
}

function tryLock(path: string): boolean {
  try {
    writeFileSync(path, String(process.pid), { flag: 'wx' })
    return true
  } catch {
    return false
  }
}

function holder(path: string): number {
  try {
    return Number(readFileSync(path, 'utf8'))
  } catch {
    return 0
  }
}

function isAlive(pid: number): boolean {
  try {
    return pid > 0 && process.kill(pid, 0)
  } catch {
    return false
  }
}
