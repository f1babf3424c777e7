/** `pnpm test`: builds what is needed, runs every suite once, and ends with `N passed, N failed, N skipped`. */
import { mkdirSync, readFileSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { build } from './build.ts'
import { closingLine, countReport, type Counts } from './test-report.ts'
import { root, run } from './workspace.ts'

const nothing: Counts = { passed: 0, failed: 0, skipped: 0 }

if (import.meta.main) process.exitCode = await test(process.argv.slice(2))

/** Builds, runs the suites, and prints the closing line; the exit status. Arguments are vitest's. */
export async function test(args: readonly string[]): Promise<number> {
  const buildStatus = await build()
  if (buildStatus !== 0) return close(nothing, 'The build failed: no test was run.')
  const report = join(root, '.reports', `vitest-${process.pid}.json`)
  mkdirSync(join(root, '.reports'), { recursive: true })
  const reporters = ['--reporter=default', '--reporter=json', `--outputFile.json=${report}`]
  const { status } = await run('vitest', ['run', ...reporters, ...args], { show: true })
  const counts = read(report)
  rmSync(report, { force: true })
  if (counts.passed + counts.failed === 0) return close(counts, 'No test was run.')
  if (counts.failed > 0) return close(counts, '')
  return close(counts, status === 0 ? '' : `The test runner ended with status ${status}.`)
}

function read(report: string): Counts {
  try {
    return countReport(readFileSync(report, 'utf8'))
  } catch {
    return nothing
  }
}

/** The closing line comes last, whatever went wrong. */
function close(counts: Counts, problem: string): number {
  if (problem) process.stdout.write(`\n${problem}\n`)
  process.stdout.write(`\n${closingLine(counts)}\n`)
  return problem || counts.failed > 0 ? 1 : 0
}
