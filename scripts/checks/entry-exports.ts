/** What an entry point exports when it is loaded, and what its declarations say that it does: the same names, or a leak. */
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import ts from 'typescript'
import { published } from '../pack.ts'
import { run, type Package } from '../workspace.ts'
import type { Step } from './step.ts'

/** One entry point of a package that has been built. */
export interface Entry {
  /** As it is imported: '@tessera-auth/core/session'. */
  readonly name: string
  /** The path of its `.d.ts`. */
  readonly declarations: string
  /** The path of its module. */
  readonly program: string
}

/** Names that a declaration file exports. */
export interface Declared {
  readonly values: readonly string[]
  /** Values and types. */
  readonly all: readonly string[]
}

/** Every entry of every published package; and a main entry has all that the others of its package have. */
export const entryExports: Step = async () => {
  const found = await Promise.all(published().map(packageProblems))
  return found.flat()
}

async function packageProblems(one: Package): Promise<string[]> {
  const entries = entriesOf(one)
  const declared = declaredExports(entries.map(({ declarations }) => declarations))
  const loaded = await Promise.all(entries.map(loadedNames))
  return entries.flatMap(({ name }, index) => [
    ...differences(name, declared[index]?.values ?? [], loaded[index] ?? []),
    ...(one.name === 'core' ? missing(name, declared[0]?.all ?? [], declared[index]?.all ?? []) : []),
  ])
}

function entriesOf({ folder, manifest }: Package): Entry[] {
  return Object.entries(manifest.exports ?? {}).flatMap(([path, target]) => {
    const { types, default: program } = typeof target === 'string' ? {} : target
    if (!types || !program) return []
    return [{ name: manifest.name + path.slice(1), declarations: join(folder, types), program: join(folder, program) }]
  })
}

/** What is there at run time and not in the declarations, and the other way round. */
export function differences(entry: string, declared: readonly string[], loaded: readonly string[]): string[] {
  const leaked = loaded.filter((name) => !declared.includes(name))
  const absent = declared.filter((name) => !loaded.includes(name))
  return [
    ...leaked.map((name) => `${entry} exports ${name} at run time, which its declarations do not have`),
    ...absent.map((name) => `${entry} declares ${name}, which it does not export at run time`),
  ]
}

function missing(entry: string, main: readonly string[], names: readonly string[]): string[] {
  return names.filter((name) => !main.includes(name)).map((name) => `${entry} has ${name}, and the main entry has not`)
}

/** In a process of its own, which loads the build that is there now and nothing of ours. */
async function loadedNames({ name, program }: Entry): Promise<string[]> {
  const code = `console.log(JSON.stringify(Object.keys(await import(${JSON.stringify(pathToFileURL(program).href)}))))`
  const { status, output } = await run('node', ['--input-type=module', '--eval', code])
  if (status !== 0) throw new Error(`${name} could not be loaded:\n${output}`)
  return JSON.parse(output)
}

/** What each declaration file exports, in the order of the paths. */
export function declaredExports(paths: readonly string[]): Declared[] {
  const module = ts.ModuleKind.NodeNext
  const program = ts.createProgram([...paths], { module, target: ts.ScriptTarget.ES2024, noLib: true, types: [] })
  const checker = program.getTypeChecker()
  return paths.map((path) => {
    const file = program.getSourceFile(path)
    const symbol = file && checker.getSymbolAtLocation(file)
    if (!symbol) throw new Error(`${path} is no module`)
    const exported = checker.getExportsOfModule(symbol)
    return {
      values: exported.filter((one) => isValue(one, checker)).map(({ name }) => name),
      all: exported.map(({ name }) => name),
    }
  })
}

/** Whether a name is there at run time: a class behind `export type` is not. */
function isValue(symbol: ts.Symbol, checker: ts.TypeChecker): boolean {
  if (!(symbol.flags & ts.SymbolFlags.Alias)) return (symbol.flags & ts.SymbolFlags.Value) !== 0
  if (symbol.declarations?.some(ts.isTypeOnlyImportOrExportDeclaration)) return false
  const target = checker.getImmediateAliasedSymbol(symbol)
  return target !== undefined && isValue(target, checker)
}
