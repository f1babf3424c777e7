/** Our emitted declarations under TypeScript 7, without `skipLibCheck`: what users' compilers will read. */
import { globSync, mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { cacheFolder, packages, root, run } from '../workspace.ts'
import type { Step } from './step.ts'

/** Only problems in our own declarations count: those of dependencies are their authors'. */
export const declarations: Step = async () => {
  const config = join(cacheFolder, 'declarations.json')
  mkdirSync(cacheFolder, { recursive: true })
  writeFileSync(config, JSON.stringify(configuration(), null, 2))
  const { output, status } = await run('node', ['node_modules/typescript-7/bin/tsc', '-p', config])
  const problems = output.split('\n').filter((line) => /error TS\d+/.test(line))
  const ours = problems.filter((line) => /^(\.\.\/)*packages\/[^/]+\/dist\//.test(line))
  if (ours.length > 0) return ours
  return status === 0 || problems.length > 0 ? [] : [output]
}

function configuration(): object {
  const files = packages().flatMap(({ folder }) => globSync(join(folder, 'dist/**/*.d.ts')))
  return {
    compilerOptions: {
      target: 'es2024',
      module: 'nodenext',
      strict: true,
      exactOptionalPropertyTypes: true,
      skipLibCheck: false,
      noEmit: true,
      lib: ['es2024', 'dom', 'dom.iterable'],
      types: ['node'],
      typeRoots: [join(root, 'node_modules/@types')],
    },
    files,
  }
}
