/** Text that must not be in the repository: where packages came from, paths of one machine, tests that do not run. */
import { run } from '../workspace.ts'
import type { Step } from './step.ts'

interface Ban {
  readonly what: string
  /** A POSIX extended expression; written so that it does not match itself. */
  readonly pattern: string
  readonly paths: readonly string[]
}

const tests = ['*.test.ts', '*.test.tsx', 'packages/testing/src']

const bans: readonly Ban[] = [
  { what: 'the host of a package registry', pattern: 'registry[.](npmjs|npmmirror|yarnpkg)[.]', paths: ['.'] },
  {
    what: 'a path of one machine',
    pattern: '(^|[^A-Za-z0-9_.])/(work/(main|shared)|root/|home/[a-z]+/|Users/)',
    paths: ['.'],
  },
  {
    what: 'a test that does not run',
    pattern: '\\b(it|test|describe)[.](only|skip|todo|skipIf|runIf)\\b',
    paths: tests,
  },
]

/** Looks through all that git tracks. */
export const trackedText: Step = async () => (await Promise.all(bans.map(search))).flat()

async function search({ what, pattern, paths }: Ban): Promise<string[]> {
  const { status, output } = await run('git', ['grep', '-nIP', '-e', pattern, '--', ...paths])
  if (status === 1) return []
  if (status !== 0) return [`git grep: ${output.trim()}`]
  return output
    .trim()
    .split('\n')
    .map((line) => `${what}: ${line.slice(0, 200)}`)
}
