/** JavaScript by tsup: one file per entry point, shared chunks, and one file for all that the session part stands on. */
import { readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { join, resolve } from 'node:path'
import { build as tsup, type Options } from 'tsup'

/** What is bundled, and where to. */
export interface Bundle {
  /** The package's `src`. */
  readonly sourceFolder: string
  /** Paths in it. */
  readonly entryPoints: readonly string[]
  readonly tsconfig: string
  /** An empty folder. */
  readonly outDir: string
}

type Plugin = NonNullable<Options['esbuildPlugins']>[number]

/** The entry point whose load time counts most: it is part of every cold start. */
const partEntry = 'session/index.ts'
/** The part holds this dependency too, with its licence: it is five files, and was half of the time that loading took. */
const inlined = '@oslojs/encoding'
/** How the part is imported: package.json (`imports`) says which of the two it is on which runtime. */
const part = '#part'
/** The two, by what they hold in place of the digests for runtimes without node:crypto. */
const digests = 'internal/portable-digests.ts'
const parts = { part: 'internal/no-portable-digests.ts', 'part-portable': digests }

/**
 * Writes the bundles. What `session/index.ts` stands on would be spread over a chunk for each set of entry points that
 * share it, and a Node process needs up to a millisecond for each file; so it is one file (decision 024).
 */
export async function bundle(made: Bundle): Promise<void> {
  if (!made.entryPoints.includes(partEntry)) return write(made, {})
  const aside = `${made.outDir}-part`
  const files = new Set<string>()
  await write({ ...made, entryPoints: [partEntry], outDir: aside }, { esbuildPlugins: [collect(files)] })
  const barrel = join(aside, 'part.ts')
  writeFileSync(barrel, [...files].map((path) => `export * from ${JSON.stringify(path)}\n`).join(''))
  await write(made, { esbuildPlugins: [importFromPart(files)] })
  const banner = { js: `/* Contains ${inlined}:\n\n${licenceOf(inlined, made.sourceFolder)}*/` }
  for (const [name, chosen] of Object.entries(parts)) {
    const esbuildPlugins = [replace(join(made.sourceFolder, digests), join(made.sourceFolder, chosen))]
    const outDir = join(aside, 'out')
    const options = { entry: { [name]: barrel }, noExternal: [inlined], banner, esbuildPlugins }
    await write({ ...made, entryPoints: [], outDir }, options)
    renameSync(join(outDir, `${name}.js`), join(made.outDir, `${name}.js`))
  }
  rmSync(aside, { recursive: true })
}

async function write({ sourceFolder, entryPoints, tsconfig, outDir }: Bundle, options: Options): Promise<void> {
  await tsup({
    entry: entryPoints.map((path) => join(sourceFolder, path)),
    outDir,
    tsconfig,
    format: 'esm',
    target: 'es2024',
    bundle: true,
    splitting: true,
    // Everything that is not a file of ours stays an import.
    external: [/^[^./]/],
    config: false,
    clean: false,
    silent: true,
    esbuildOptions: (esbuild) => {
      if (entryPoints.length > 0) esbuild.outbase = sourceFolder
      esbuild.chunkNames = 'chunks/[name]-[hash]'
    },
    ...options,
  })
}

function licenceOf(dependency: string, sourceFolder: string): string {
  const main = createRequire(join(sourceFolder, 'index.ts')).resolve(dependency)
  return readFileSync(join(main.slice(0, main.lastIndexOf(dependency)), dependency, 'LICENSE'), 'utf8')
}

/** Notes which sources are loaded. */
function collect(files: Set<string>): Plugin {
  return {
    name: 'collect',
    setup: (build) =>
      build.onLoad({ filter: /\.ts$/ }, ({ path }) => {
        files.add(path)
        return undefined
      }),
  }
}

/** Takes the text of another source. */
function replace(source: string, other: string): Plugin {
  return {
    name: 'replace',
    setup: (build) =>
      build.onLoad({ filter: /\.ts$/ }, ({ path }) =>
        path === source ? { contents: readFileSync(other, 'utf8'), loader: 'ts' } : undefined,
      ),
  }
}

/** Makes each import of one of these sources an import of the part. */
function importFromPart(files: ReadonlySet<string>): Plugin {
  return {
    name: 'import-from-part',
    setup: (build) =>
      build.onResolve({ filter: /^\./ }, ({ kind, path, resolveDir }) => {
        if (kind === 'entry-point') return undefined
        const source = resolve(resolveDir, path).replace(/\.js$/, '.ts')
        return files.has(source) ? { path: part, external: true } : undefined
      }),
  }
}
