/** Our emitted declarations under TypeScript 7, without `skipLibCheck`: what users' compilers will read. */
import { globSync, mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { cacheFolder, packages, root, run, type Package } from '../workspace.ts'
import type { Step } from './step.ts'

/** What a user's compiler may read them with. */
interface Reader {
  readonly name: string
  readonly lib: readonly string[]
  readonly packages: readonly Package[]
}

/** Only problems in our own declarations count: those of dependencies are their authors'. */
export const declarations: Step = async () => {
  mkdirSync(cacheFolder, { recursive: true })
  const found = await Promise.all(readers().map(problems))
  return [...new Set(found.flat())]
}

/**
 * A server's project has no DOM library. Each package by itself there: types of one's framework may bring the DOM's names, and
 * would hide that another takes them for granted.
 */
function readers(): Reader[] {
  const [all, es] = [packages(), ['es2024']]
  const alone = all.map((one) => ({ name: `declarations-${one.name}`, lib: es, packages: [one] }))
  return [{ name: 'declarations', lib: [...es, 'dom', 'dom.iterable'], packages: all }, ...alone]
}

async function problems(reader: Reader): Promise<string[]> {
  const config = join(cacheFolder, `${reader.name}.json`)
  writeFileSync(config, JSON.stringify(configuration(reader), null, 2))
  const { output, status } = await run('node', ['node_modules/typescript-7/bin/tsc', '-p', config])
  const lines = output.split('\n').filter((line) => /error TS\d+/.test(line))
  const ours = lines.filter((line) => /^(\.\.\/)*packages\/[^/]+\/dist\//.test(line))
  if (ours.length > 0) return ours
  return status === 0 || lines.length > 0 ? [] : [output]
}

function configuration({ lib, packages: read }: Reader): object {
  const files = read.flatMap(({ folder }) => globSync(join(folder, 'dist/**/*.d.ts')))
  return {
    compilerOptions: {
      target: 'es2024',
      module: 'nodenext',
      strict: true,
      exactOptionalPropertyTypes: true,
      skipLibCheck: false,
      noEmit: true,
      lib,
      types: ['node'],
      typeRoots: [join(root, 'node_modules/@types')],
    },
    files,
  }
}
