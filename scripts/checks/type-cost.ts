/** What our types cost a user's compiler: the Express starter, as its owner checks it, from published declarations. */
import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { cacheFolder, root, run, typescript } from '../workspace.ts'
import type { Step } from './step.ts'

/** Instantiations for the whole starter, types of frameworks and drivers included. */
const mostInstantiations = 60_000

/** Counts instead of seconds: they are the same on every machine. */
export const typeCost: Step = async () => {
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
