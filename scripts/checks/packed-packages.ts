/** What would be published: every package is packed, and the tarball is looked at as npm and TypeScript would. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { pack, published } from '../pack.ts'
import { run, type Package } from '../workspace.ts'
import { program, type Step } from './step.ts'

/** Files that every tarball has, and none has. */
const needed = [
  'package/package.json',
  'package/README.md',
  'package/LICENSE',
  'package/dist/index.js',
  'package/dist/index.d.ts',
]
const unwanted = /\/src\/|\.test\.|fixtures\/|\.map$|tsbuildinfo|tsconfig|node_modules|\.env/

/** Where npm's pages send a reader; the path of the folder follows. */
const home = 'https://github.com/tessera-auth/tessera'
const leastKeywords = 5

/** What it then says is one line for each way to resolve each entry. */
const attwOptions = ['--profile', 'esm-only', '--format', 'ascii', '--no-emoji', '--no-color']

/** publint and attw (ESM only), the list of files, and whether all of it can be installed and loaded by a stranger. */
export const packedPackages: Step = async () => {
  const folder = mkdtempSync(join(tmpdir(), 'packed-'))
  try {
    const found: string[] = []
    const tarballs: string[] = []
    for (const one of published()) {
      const tarball = await pack(one, folder)
      tarballs.push(tarball)
      found.push(...(await inspect(one, tarball)))
    }
    return [...found, ...(await install(folder, tarballs))]
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}

/**
 * Installs the tarballs with npm in an empty folder, and there loads every entry, by import and by require. What stands
 * on a framework or a test runner of the user's is left to its own suite.
 */
async function install(folder: string, tarballs: readonly string[]): Promise<string[]> {
  const alone = published().filter(({ manifest }) => Object.keys(manifest.peerDependencies ?? {}).every(isOurs))
  const entries = alone.flatMap(({ manifest }) =>
    Object.keys(manifest.exports ?? {})
      .filter((entry) => !entry.endsWith('.json'))
      .map((entry) => manifest.name + entry.slice(1)),
  )
  const load = entries.map((entry) => `await import('${entry}'); require('${entry}')`)
  const head = `import { createRequire } from 'node:module'\nconst require = createRequire(import.meta.url)\n`
  writeFileSync(join(folder, 'package.json'), '{"private":true,"type":"module"}')
  writeFileSync(join(folder, 'load.js'), `${head}${load.join('\n')}\n`)
  const options = ['--no-audit', '--no-fund', '--ignore-scripts', '--legacy-peer-deps']
  return [
    ...(await program('npm', ['install', '--prefix', folder, ...options, ...tarballs])()),
    ...(await program('node', [join(folder, 'load.js')])()),
  ]
}

function isOurs(name: string): boolean {
  return name.startsWith('@tessera-auth/')
}

async function inspect(one: Package, tarball: string): Promise<string[]> {
  const problems = [
    ...(await wrongFiles(one, tarball)),
    ...(await wrongManifest(one, tarball)),
    ...(await program('publint', ['run', tarball, '--strict'])()),
    ...(await program('attw', [tarball, ...attwOptions])()).filter((line) => !/^\*+$|: (OK|\(ignored\))/.test(line)),
  ]
  return problems.map((line) => `${one.name}: ${line}`)
}

async function wrongFiles(one: Package, tarball: string): Promise<string[]> {
  const { output } = await run('tar', ['-tzf', tarball])
  const files = output.trim().split('\n')
  const required = one.manifest.exports?.['.'] ? needed : needed.filter((path) => !path.includes('dist/index'))
  return [
    ...required.filter((path) => !files.includes(path)).map((path) => `${path} is missing from the tarball`),
    ...files.filter((path) => unwanted.test(path)).map((path) => `${path} does not belong in the tarball`),
  ]
}

async function wrongManifest(one: Package, tarball: string): Promise<string[]> {
  const { output } = await run('tar', ['-xzOf', tarball, 'package/package.json'])
  return manifestProblems(one.name, JSON.parse(output))
}

/** How somebody finds a package on npm, and from there its documentation and us. */
export function manifestProblems(folder: string, manifest: Readonly<Record<string, unknown>>): string[] {
  const { keywords, homepage, bugs, description } = manifest
  const words = Array.isArray(keywords) ? new Set(keywords).size : 0
  return [
    ...(description ? [] : ['description is missing']),
    ...(words < leastKeywords ? [`keywords has ${words} words, fewer than ${leastKeywords}`] : []),
    ...(homepage === `${home}/tree/main/packages/${folder}#readme` ? [] : ['homepage is not the README on GitHub']),
    ...(bugs === `${home}/issues` || JSON.stringify(bugs) === `{"url":"${home}/issues"}`
      ? []
      : ['bugs is not our issues']),
  ]
}
