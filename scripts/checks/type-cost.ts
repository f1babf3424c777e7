/** What our types cost a user: core's declarations in bytes, and the Express starter as its owner's compiler checks it. */
import { globSync, mkdirSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { cacheFolder, root, run, typescript } from '../workspace.ts'
import type { Step } from './step.ts'

/** Instantiations for the whole starter, types of frameworks and drivers included. */
const mostInstantiations = 60_000

/** What core ships of `.d.ts`, docstrings included. */
const mostDeclarationBytes = 120_000

/** Counts instead of seconds: they are the same on every machine. */
export const typeCost: Step = async () => [...declarationCost(), ...(await compilerCost())]

function declarationCost(): string[] {
  const files = globSync(join(root, 'packages/core/dist/**/*.d.ts'))
  const bytes = files.reduce((sum, path) => sum + statSync(path).size, 0)
  const isWithin = bytes > 0 && bytes < mostDeclarationBytes
  return isWithin ? [] : [`packages/core/dist: ${bytes} bytes of declarations, fewer than ${mostDeclarationBytes}`]
}

async function compilerCost(): Promise<string[]> {
  const config = join(cacheFolder, 'type-cost.json')
  mkdirSync(cacheFolder, { recursive: true })
  writeFileSync(config, JSON.stringify(configuration()))
  const { output, status } = await run('node', [typescript, '-p', config, '--extendedDiagnostics'])
  if (status !== 0) return output.split('\n').filter((line) => line.includes('error TS'))
  const count = Number(/Instantiations:\s+(\d+)/.exec(output)?.[1] ?? Number.NaN)
  return count < mostInstantiations ? [] : [`examples/express: ${count} instantiations, at most ${mostInstantiations}`]
}

function configuration(): object {
  return {
    extends: join(root, 'tsconfig.json'),
    compilerOptions: { incremental: false, paths: {}, typeRoots: [join(root, 'node_modules/@types')] },
    include: [join(root, 'examples/express/src')],
    exclude: [join(root, '**/*.test.ts'), join(root, '**/node_modules')],
  }
}
