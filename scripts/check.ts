/** `pnpm check [step …]`: everything about the source that a test does not say. One line a step; names what is wrong. */
import { build } from './build.ts'
import { docsCode } from './checks/docs-code.ts'
import { packedPackages } from './checks/packed-packages.ts'
import { evidence } from './checks/evidence.ts'
import { program, type Step } from './checks/step.ts'
import { sourceSteps } from './checks/source-steps.ts'
import { entryExports } from './checks/entry-exports.ts'
import { release } from './checks/release.ts'
import { typeCost } from './checks/type-cost.ts'
import { trackedText } from './checks/tracked-text.ts'
import { decisions } from './checks/decisions.ts'
import { declarations } from './checks/declarations.ts'
import { types } from './checks/types.ts'
import { checkNames } from './known-names.ts'

/** In the order of how soon they answer; those that need a build come after it. */
const steps: Readonly<Record<string, Step>> = {
  lint: program('oxlint', ['--deny-warnings']),
  format: program('oxfmt', ['--check']),
  ...sourceSteps,
  text: trackedText,
  decisions,
  evidence,
  release,
  build: async () => ((await build()) === 0 ? [] : ['The build failed.']),
  types,
  exports: entryExports,
  declarations,
  cost: typeCost,
  docs: docsCode,
  unused: program('knip', ['--no-config-hints']),
  packages: packedPackages,
}

process.exitCode = await check(process.argv.slice(2))

async function check(asked: readonly string[]): Promise<number> {
  const wrong = checkNames('step', asked, Object.keys(steps))
  if (wrong !== 0) return wrong
  const chosen = Object.entries(steps).filter(([name]) => asked.length === 0 || asked.includes(name))
  const failed: string[] = []
  for (const [name, step] of chosen) {
    const started = performance.now()
    const problems = await step()
    const seconds = ((performance.now() - started) / 1000).toFixed(1)
    const outcome = problems.length === 0 ? 'ok' : `FAILED, ${problems.length} found`
    process.stdout.write(`check ${name}: ${outcome} (${seconds} s)\n${problems.map((line) => `  ${line}\n`).join('')}`)
    if (problems.length > 0) failed.push(name)
  }
  if (failed.length === 0) return 0
  process.stdout.write(`check failed: ${failed.join(', ')}\n`)
  return 1
}
