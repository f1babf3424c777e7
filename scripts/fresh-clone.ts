/**
 * `node scripts/fresh-clone.ts [script …]`: what a newcomer sees. Clones HEAD into an empty folder, and there runs the
 * README's commands (`test`, or the scripts named) as `npx -y pnpm@12 …` with an empty HOME and no inherited settings.
 */
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { spawnSync } from 'node:child_process'
import { root } from './workspace.ts'

const scripts = process.argv.slice(2)
process.exitCode = freshClone(scripts.length > 0 ? scripts : ['test'])

function freshClone(commands: readonly string[]): number {
  const folder = mkdtempSync(join(tmpdir(), 'fresh-clone-'))
  const home = join(folder, 'home')
  mkdirSync(home)
  try {
    const clone = join(folder, 'clone')
    let status = runIn(folder, home, ['git', 'clone', '-q', root, clone])
    for (const command of commands) {
      if (status === 0) status = runIn(clone, home, ['npx', '-y', 'pnpm@12', command])
    }
    return status
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}

function runIn(cwd: string, home: string, [program = '', ...args]: readonly string[]): number {
  const started = performance.now()
  process.stdout.write(`== ${[program, ...args].join(' ')}\n`)
  const { status } = spawnSync(program, args, { cwd, stdio: ['ignore', 'inherit', 'inherit'], env: newcomer(home) })
  process.stdout.write(
    `== ended with status ${status ?? 'none'} after ${Math.round((performance.now() - started) / 1000)} s\n`,
  )
  return status ?? 1
}

/** The path without this workspace's own programs, so that the machine's Node is used; the client's settings stay. */
function newcomer(home: string): NodeJS.ProcessEnv {
  const path = (process.env['PATH'] ?? '').split(':').filter((entry) => !entry.includes('node_modules'))
  const kept = Object.entries(process.env).filter(([name]) =>
    /^(npm_config_registry|NPM_CONFIG_REGISTRY|LANG|CI)$/.test(name),
  )
  return { ...Object.fromEntries(kept), PATH: path.join(':'), HOME: home }
}
