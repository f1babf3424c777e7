/** `node scripts/pack.ts FOLDER`: the tarball of every published package, as the release publishes it. */
import { mkdirSync, readdirSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { build } from './build.ts'
import { packages, run, type Package } from './workspace.ts'

if (import.meta.main) process.exitCode = await packAll(resolve(process.argv[2] ?? 'tarballs'))

/** The packages that are published. */
export function published(): Package[] {
  return packages().filter(({ manifest }) => !manifest.private)
}

/** Packs one package into a folder of its own; the tarball's path. Throws with what pnpm said. */
export async function pack(one: Package, parent: string): Promise<string> {
  const folder = join(parent, one.name)
  mkdirSync(folder, { recursive: true })
  const { status, output } = await run('npx', ['-y', 'pnpm@12', 'pack', '--pack-destination', folder], {
    cwd: one.folder,
  })
  const [file] = readdirSync(folder).filter((name) => name.endsWith('.tgz'))
  if (status !== 0 || !file) throw new Error(`${one.name} could not be packed:\n${output}`)
  return join(folder, file)
}

async function packAll(folder: string): Promise<number> {
  const status = await build()
  if (status !== 0) return status
  for (const one of published()) process.stdout.write(`${await pack(one, folder)}\n`)
  return 0
}
