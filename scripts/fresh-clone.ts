/**
 * `node scripts/fresh-clone.ts [script …]`: what a newcomer sees. Clones HEAD into an empty folder with a space in its
 * name, and there runs the README's commands (`test` and `demo`, or the scripts named) as `npx -y pnpm@12 …`, with an empty
 * HOME and no inherited settings. `demo` is stopped once it is ready.
 */
import { spawn } from 'node:child_process'
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { root } from './workspace.ts'

const asked = process.argv.slice(2)
process.exitCode = await freshClone(asked.length > 0 ? asked : ['test', 'demo'])

async function freshClone(commands: readonly string[]): Promise<number> {
  const folder = mkdtempSync(join(tmpdir(), 'fresh clone '))
  const home = join(folder, 'home')
  mkdirSync(home)
  try {
    const clone = join(folder, 'clone')
    let status = await runIn(folder, home, ['git', 'clone', '-q', root, clone])
    for (const command of commands) {
      if (status === 0) status = await runIn(clone, home, ['npx', '-y', 'pnpm@12', command])
    }
    return status
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}

/** Runs a command to its end, or until it says that it is ready; the exit status. */
function runIn(cwd: string, home: string, [program = '', ...args]: readonly string[]): Promise<number> {
  const started = performance.now()
  const say = (what: string): void => {
    process.stdout.write(`== ${what} after ${Math.round((performance.now() - started) / 1000)} s\n`)
  }
  process.stdout.write(`== ${[program, ...args].join(' ')}\n`)
  return new Promise((resolve, reject) => {
    // A process group of its own, so that the signal reaches whatever npx and pnpm have started.
    const child = spawn(program, args, {
      cwd,
      detached: true,
      env: newcomer(home),
      stdio: ['ignore', 'pipe', 'inherit'],
    })
    let isReady = false
    child.stdout.on('data', (chunk: Buffer) => {
      process.stdout.write(chunk)
      if (isReady || !/^ready http/m.test(chunk.toString()) || child.pid === undefined) return
      isReady = true
      say('ready')
      process.kill(-child.pid, 'SIGTERM')
    })
    child.once('error', reject)
    child.once('close', (code) => {
      say(`ended with status ${code ?? 'none'}`)
      resolve(isReady ? 0 : (code ?? 1))
    })
  })
}

/** The path without this workspace's own programs, so that the machine's Node is used. */
function newcomer(home: string): NodeJS.ProcessEnv {
  const path = (process.env['PATH'] ?? '').split(':').filter((entry) => !entry.includes('node_modules'))
  return { PATH: path.join(':'), HOME: home, LANG: process.env['LANG'], CI: process.env['CI'] }
}
