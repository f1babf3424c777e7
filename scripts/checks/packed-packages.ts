/** What would be published: every package is packed, and the tarball is looked at as npm and TypeScript would. */
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { pack, published } from '../pack.ts'
import { cacheFolder, run, type Package } from '../workspace.ts'
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

/** What it then says is one line for each way to resolve each entry. */
const attwOptions = ['--profile', 'esm-only', '--format', 'ascii', '--no-emoji', '--no-color']

/** publint and attw (ESM only), and the list of files. */
export const packedPackages: Step = async () => {
  mkdirSync(cacheFolder, { recursive: true })
  const folder = mkdtempSync(join(cacheFolder, 'packed-'))
  try {
    const found: string[] = []
    for (const one of published()) found.push(...(await inspect(one, await pack(one, folder))))
    return found
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}

async function inspect(one: Package, tarball: string): Promise<string[]> {
  const problems = [
    ...(await wrongFiles(one, tarball)),
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
