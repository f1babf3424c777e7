/**
 * `pnpm test:built`: the suites that look at what `next build` made, which takes too long for every `pnpm test`. Ends with
 * the same closing line.
 */
import { join } from 'node:path'
import { build } from './build.ts'
import { test } from './test.ts'
import { root, run } from './workspace.ts'

/** Next apps, each with the program that builds it. */
const apps = [
  ['packages/next/src/fixtures/app', 'packages/next/node_modules/next/dist/bin/next'],
  ['examples/next', 'examples/next/node_modules/next/dist/bin/next'],
] as const

/** `next build` is to end within this, on two cores, from nothing. */
const mostBuildSeconds = 120

process.exitCode = await testBuilt(process.argv.slice(2))

async function testBuilt(args: readonly string[]): Promise<number> {
  await build()
  for (const [folder, program] of apps) {
    const started = performance.now()
    const { status, output } = await run('node', [join(root, program), 'build'], {
      cwd: join(root, folder),
      env: { NODE_ENV: 'production', NEXT_TELEMETRY_DISABLED: '1' },
    })
    const seconds = Math.round((performance.now() - started) / 1000)
    const late = seconds > mostBuildSeconds ? `, more than ${mostBuildSeconds} s` : ''
    process.stdout.write(`next build of ${folder}: ${status === 0 ? 'ok' : 'FAILED'} after ${seconds} s${late}\n`)
    if (status !== 0) process.stdout.write(output)
  }
  // A build that failed fails its suite: there is nothing to start.
  return test(['--config', 'vitest.built.config.ts', ...args])
}
