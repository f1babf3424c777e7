/** `pnpm build`: JavaScript by tsup, one file per entry point and shared chunks, and declarations by `tsc -b`, of which those stay that the entry points lead to; skips what has not changed. */
import { createHash } from 'node:crypto'
import { existsSync, mkdirSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { join, relative } from 'node:path'
import { brokenPackages } from './broken-packages.ts'
import { bundle } from './bundle.ts'
import { checkNames } from './known-names.ts'
import { holdLock } from './lock.ts'
import { putInPlace, removeOthers } from './put-in-place.ts'
import { shakeDeclarations } from './shake-declarations.ts'
import { cacheFolder, packages, root, run, sources, typescript, type Outcome, type Package } from './workspace.ts'

/** Changing any of these changes what a build makes. */
const steps = ['build', 'broken-packages', 'bundle', 'put-in-place', 'shake-declarations'].map(
  (name) => `scripts/${name}.ts`,
)
const sharedInputs = ['tsconfig.base.json', ...steps, 'pnpm-lock.yaml']

if (import.meta.main) process.exitCode = await buildAsked(process.argv.slice(2))

async function buildAsked(names: readonly string[]): Promise<number> {
  const known = packages().map(({ name }) => name)
  return checkNames('package', names, known) || build(names)
}

/** Builds what changed of the packages named, and of what they stand on; none named: of all. The exit status. */
export async function build(names: readonly string[] = []): Promise<number> {
  const release = await holdLock(join(cacheFolder, 'build.lock'))
  try {
    return await buildChanged(names)
  } finally {
    release()
  }
}

async function buildChanged(names: readonly string[]): Promise<number> {
  const started = performance.now()
  const all = packages()
  const named = all.filter((one) => names.length === 0 || names.includes(one.name))
  const wanted = [...new Set(named.flatMap((one) => dependencyClosure(one, all)))]
  const hashes = new Map(wanted.map((one) => [one.name, inputHash(one, all)]))
  const changed = wanted.filter((one) => !isBuilt(one, hashes.get(one.name)))
  const written = new Map<Package, readonly string[]>()
  for (const one of changed) {
    say(`build ${one.manifest.name}`)
    // What is put in place is of another source from here on, even if that one is taken back before a build succeeds.
    rmSync(stamp(one), { force: true })
    written.set(one, await emitJavaScript(one))
  }
  const { status, output } = changed.length > 0 ? await emitDeclarations(changed) : { status: 0, output: '' }
  const broken = brokenPackages({ status, output }, wanted)
  // All of them: the compiler also makes anew what it does not remember to have made.
  for (const one of changed.length > 0 ? wanted : []) if (!broken.includes(one)) removeUnreachable(one)
  for (const [one, paths] of written) {
    if (broken.includes(one)) continue
    // Last of all, so that a process that was starting meanwhile has found the files that its entry point names.
    removeOthers(join(one.folder, 'dist'), (path) => path.endsWith('.d.ts') || paths.includes(path))
    writeFileSync(stamp(one), hashes.get(one.name) ?? '')
  }
  if (status !== 0) process.stderr.write(`${output}build FAILED\n`)
  const seconds = ((performance.now() - started) / 1000).toFixed(1)
  if (status === 0)
    say(`build done: ${changed.length} built, ${wanted.length - changed.length} unchanged, ${seconds} s`)
  return status
}

async function emitDeclarations(changed: readonly Package[]): Promise<Outcome> {
  say('build declarations')
  for (const one of changed) rmSync(buildInfo(one), { force: true })
  return run('node', [typescript, '-b', ...changed.map((one) => one.folder)])
}

/** Writes the files aside, then puts them into `dist`; their paths there. */
async function emitJavaScript(one: Package): Promise<string[]> {
  const aside = join(cacheFolder, 'built', one.name)
  rmSync(aside, { recursive: true, force: true })
  await bundle({
    sourceFolder: join(one.folder, 'src'),
    entryPoints: entryPoints(one),
    tsconfig: join(one.folder, 'tsconfig.json'),
    outDir: aside,
  })
  return putInPlace(aside, join(one.folder, 'dist'))
}

/** The sources that package.json names as outputs: exports, programs, and modules chosen by the runtime. */
function entryPoints({ folder, manifest }: Package): string[] {
  const named = JSON.stringify([manifest.exports, manifest.bin, manifest.imports])
  const paths = [...named.matchAll(/"\.\/dist\/([^"]+)\.js"/g)].map(([, path]) => `${path}.ts`)
  return sources(folder, { shipped: true }).filter((path) => paths.includes(path) || paths.includes(`${path}x`))
}

/** Leaves of the declarations what a user's compiler can reach: half of their bytes are of the inside (decision 025). */
function removeUnreachable(one: Package): void {
  const declarations = outputs(one).filter((path) => path.endsWith('.d.ts'))
  const made = new Map(declarations.map((path) => [path, readFileSync(path, 'utf8')]))
  const emitted = [...made].map(([path, text]) => ({ path, text }))
  const shipped = new Map(shakeDeclarations(emitted, declarationEntries(one)).map(({ path, text }) => [path, text]))
  for (const path of declarations) {
    const text = shipped.get(path)
    if (text === undefined) rmSync(path)
    else if (text !== made.get(path)) writeFileSync(path, text)
  }
}

/** The declarations that package.json names. */
function declarationEntries({ folder, manifest }: Package): string[] {
  const named = JSON.stringify(manifest.exports ?? {})
  return [...named.matchAll(/"\.\/(dist\/[^"]+\.d\.ts)"/g)].map(([, path = '']) => join(folder, path))
}

function outputs(one: Package): string[] {
  return readdirSync(join(one.folder, 'dist'), { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name))
}

/** Over the package's own shipped source and that of all others: a declaration may depend on any of them. */
function inputHash(one: Package, all: readonly Package[]): string {
  const hash = createHash('sha256')
  const inputs = [
    ...sharedInputs,
    ...dependencyClosure(one, all).flatMap((other) => [
      ...['package.json', 'tsconfig.json'].map((name) => relative(root, join(other.folder, name))),
      ...sources(other.folder, { shipped: true }).map((path) => relative(root, join(other.folder, 'src', path))),
    ]),
  ]
  for (const path of inputs)
    hash
      .update(`${path}\0`)
      .update(readFileSync(join(root, path)))
      .update('\0')
  return hash.digest('hex')
}

/** The package and every workspace package that it stands on. */
function dependencyClosure(one: Package, all: readonly Package[]): Package[] {
  const found = new Set([one])
  for (const { manifest } of found) {
    const names = Object.keys({ ...manifest.dependencies, ...manifest.peerDependencies })
    for (const other of all) if (names.includes(other.manifest.name)) found.add(other)
  }
  return [...found]
}

function isBuilt(one: Package, hash: string | undefined): boolean {
  const programs = entryPoints(one).map((path) => join(one.folder, 'dist', path.replace(/\.tsx?$/, '.js')))
  const needed = [...programs, ...declarationEntries(one)]
  return existsSync(stamp(one)) && readFileSync(stamp(one), 'utf8') === hash && needed.every(existsSync)
}

function stamp(one: Package): string {
  mkdirSync(cacheFolder, { recursive: true })
  return join(cacheFolder, `${one.name}.stamp`)
}

function buildInfo(one: Package): string {
  return join(root, 'node_modules/.cache', `${one.name}.tsbuildinfo`)
}

function say(line: string): void {
  process.stdout.write(`${line}\n`)
}
