/** `pnpm run docs` (pnpm has a command of the shorter name): the reference of all packages and the guide, into docs/reference. A warning is an error. */
import { join } from 'node:path'
import { build } from './build.ts'
import { packages, root, run } from './workspace.ts'

process.exitCode = await docs()

async function docs(): Promise<number> {
  const buildStatus = await build()
  if (buildStatus !== 0) return buildStatus
  const documented = packages().filter(({ manifest }) => !manifest.private && manifest.exports?.['.'])
  const entries = documented.flatMap(({ name }) => ['--entryPoints', `packages/${name}`])
  const { status } = await run('typedoc', ['--options', join(root, 'typedoc.json'), ...entries], { show: true })
  return status
}
