/** JavaScript by tsup: one file per entry point, shared chunks, and one file for all that the session part stands on. */
import { createHash } from 'node:crypto'
import { mkdirSync, readFileSync, readdirSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { dirname, join, relative, resolve } from 'node:path'
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
/** Stands for the part's file until it is known where the files lie that import it. */
const placeholder = '#part'

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
  writeFileSync(barrel, [...files].map((path) => `export * from '${path}'\n`).join(''))
  const banner = { js: `/* Contains ${inlined}:\n\n${licenceOf(inlined, made.sourceFolder)}*/` }
  await write({ ...made, entryPoints: [], outDir: aside }, { entry: { part: barrel }, noExternal: [inlined], banner })
  await write(made, { esbuildPlugins: [importFromPart(files)] })
  link(join(aside, 'part.js'), made.outDir)
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

/** Makes each import of one of these sources an import of the part. */
function importFromPart(files: ReadonlySet<string>): Plugin {
  return {
    name: 'import-from-part',
    setup: (build) =>
      build.onResolve({ filter: /^\./ }, ({ kind, path, resolveDir }) => {
        if (kind === 'entry-point') return undefined
        const source = resolve(resolveDir, path).replace(/\.js$/, '.ts')
        return files.has(source) ? { path: placeholder, external: true } : undefined
      }),
  }
}

/** Puts the part among the chunks, named by its content as they are, and its name where the placeholder stands. */
function link(part: string, outDir: string): void {
  const name = `part-${createHash('sha256').update(readFileSync(part)).digest('hex').slice(0, 8).toUpperCase()}.js`
  const target = join(outDir, 'chunks', name)
  for (const entry of readdirSync(outDir, { recursive: true, withFileTypes: true })) {
    if (!entry.isFile()) continue
    const path = join(entry.parentPath, entry.name)
    const there = relative(dirname(path), target)
    const specifier = there.startsWith('.') ? there : `./${there}`
    writeFileSync(path, readFileSync(path, 'utf8').replaceAll(`"${placeholder}"`, JSON.stringify(specifier)))
  }
  mkdirSync(dirname(target), { recursive: true })
  renameSync(part, target)
}
