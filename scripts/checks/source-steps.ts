/** The steps that read the syntax of our own source: imports, doors, docstrings, lengths, paths. */
import { join, relative } from 'node:path'
import { globSync } from 'node:fs'
import { isShipped, packages, root, sources } from '../workspace.ts'
import { importProblems } from './import-direction.ts'
import { memberProblems } from './public-members.ts'
import { readSource, type SourceFile } from './source-file.ts'
import { docstringProblems, doorProblems, filePathProblems, lengthProblems } from './source-rules.ts'
import type { Step } from './step.ts'

/** Files that are allowed to touch time, randomness, network or environment, and why. */
const doorKeepers: readonly { readonly path: RegExp; readonly why: string }[] = [
  { path: /^packages\/core\/src\/platform\.ts$/, why: 'it is the door' },
  { path: /^packages\/(engines|testing)\/src\//, why: 'it starts servers and waits for them; no product runs it' },
  {
    path: /^packages\/store-sql\/src\/pause\.ts$/,
    why: 'stores take no platform; a pause between tries decides nothing',
  },
  {
    path: /^packages\/password\/src\/thread-pool\.ts$/,
    why: 'the size of the pool that hashing shares is an environment setting',
  },
  {
    path: /^packages\/store-[a-z]+\/src\/pause\.ts$/,
    why: 'a store has no Platform, and waits between tries in this one place',
  },
  { path: /^packages\/create\/src\//, why: 'a command that runs once at a terminal' },
  { path: /^packages\/[a-z-]+\/src\/bin(\.ts$|\/)/, why: 'a command is configured by its environment' },
]

/** The steps, by name. */
export const sourceSteps: Readonly<Record<string, Step>> = {
  imports: async () => {
    const manifests = new Map(packages().map((one) => [one.name, one.manifest]))
    return everything().flatMap((file) => importProblems(file, manifests))
  },
  doors: async () =>
    shipped()
      .filter((file) => !isDoorKeeper(file.path))
      .flatMap(doorProblems),
  docstrings: async () => [
    ...shipped().flatMap(docstringProblems),
    ...packages().flatMap(({ name }) =>
      memberProblems(shipped().filter(({ path }) => path.startsWith(`packages/${name}/`))),
    ),
  ],
  lengths: async () => [...shipped(), ...ownScripts()].flatMap(lengthProblems),
  paths: async () => [...everything(), ...ownScripts()].flatMap(filePathProblems),
}

function shipped(): SourceFile[] {
  return read(packagePaths({ shipped: true }))
}

function ownScripts(): SourceFile[] {
  return read(globSync(['*.ts', '{.,packages/*}/scripts/**/*.ts'], { cwd: root }))
}

function everything(): SourceFile[] {
  const others = globSync(['examples/*/**/*.{ts,tsx}', 'bench/src/**/*.ts'], {
    cwd: root,
    exclude: ['**/node_modules/**', '**/.next/**', '**/dist/**'],
  })
  return read([...packagePaths({ shipped: false }), ...others])
}

/** Shipped: what goes into a published package. */
function packagePaths(options: { readonly shipped: boolean }): string[] {
  const chosen = packages().filter(({ manifest }) => !options.shipped || !manifest.private)
  return chosen.flatMap(({ folder }) =>
    sources(folder, options).map((path) => relative(root, join(folder, 'src', path))),
  )
}

function read(paths: readonly string[]): SourceFile[] {
  return paths.map((path) => readSource(root, path))
}

function isDoorKeeper(path: string): boolean {
  return isShipped(path) && doorKeepers.some((keeper) => keeper.path.test(path))
}
