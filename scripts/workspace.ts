/** What the scripts know of the workspace: its packages, read from the folders, and how a program of it is run. */
import { spawn } from 'node:child_process'
import { existsSync, readFileSync, readdirSync } from 'node:fs'
import { constants } from 'node:os'
import { join, relative } from 'node:path'
import { fileURLToPath } from 'node:url'

export const root: string = fileURLToPath(new URL('..', import.meta.url))
export const cacheFolder: string = join(root, 'node_modules/.cache/tessera')

/** TypeScript 6's compiler; by its path, as the alias for TypeScript 7 takes the name in node_modules/.bin. */
export const typescript = 'node_modules/typescript/bin/tsc'

/** A published package of the workspace. */
export interface Package {
  /** The folder's name: 'core'. */
  readonly name: string
  readonly folder: string
  readonly manifest: Manifest
}

/** The parts of a package.json that the scripts read. */
export interface Manifest {
  readonly name: string
  readonly private?: boolean
  readonly exports?: Readonly<Record<string, string | Readonly<Record<string, string>>>>
  readonly imports?: Readonly<Record<string, string | Readonly<Record<string, string>>>>
  readonly bin?: string | Readonly<Record<string, string>>
  readonly dependencies?: Readonly<Record<string, string>>
  readonly peerDependencies?: Readonly<Record<string, string>>
}

/** Every folder of packages/ with a manifest and a tsconfig, in alphabetical order. */
export function packages(): Package[] {
  return readdirSync(join(root, 'packages'))
    .sort()
    .map((name) => ({ name, folder: join(root, 'packages', name) }))
    .filter(({ folder }) => existsSync(join(folder, 'package.json')) && existsSync(join(folder, 'tsconfig.json')))
    .map((found) => ({ ...found, manifest: JSON.parse(readFileSync(join(found.folder, 'package.json'), 'utf8')) }))
}

/** The source files of a package, relative to its src/, sorted; with `shipped`, without tests and fixtures. */
export function sources(folder: string, options: { readonly shipped: boolean }): string[] {
  const src = join(folder, 'src')
  if (!existsSync(src)) return []
  return readdirSync(src, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile() && /\.tsx?$/.test(entry.name))
    .map((entry) => relative(src, join(entry.parentPath, entry.name)))
    .filter((path) => !options.shipped || isShipped(path))
    .sort()
}

/** Whether a source path goes into the package: tests and fixtures do not. */
export function isShipped(path: string): boolean {
  return !/\.test\.tsx?$/.test(path) && !/(^|\/)fixtures\//.test(path)
}

/** What a program did. */
export interface Outcome {
  /** Above 128 for a program that a signal ended, as a shell says it. */
  readonly status: number
  /** Standard output and standard error together; empty when it was shown as it came. */
  readonly output: string
}

/** Runs a program of the workspace's own node_modules/.bin (or any other) to its end. `show`: its output is ours. */
export function run(
  program: string,
  args: readonly string[],
  options: { readonly cwd?: string; readonly show?: boolean; readonly env?: Readonly<Record<string, string>> } = {},
): Promise<Outcome> {
  return new Promise((resolve, reject) => {
    const child = spawn(program, args, {
      cwd: options.cwd ?? root,
      env: { ...environment(), ...options.env },
      stdio: options.show ? 'inherit' : ['ignore', 'pipe', 'pipe'],
    })
    const chunks: Buffer[] = []
    child.stdout?.on('data', (chunk: Buffer) => chunks.push(chunk))
    child.stderr?.on('data', (chunk: Buffer) => chunks.push(chunk))
    child.once('error', reject)
    child.once('close', (code, signal) => {
      const status = code ?? 128 + (signal ? constants.signals[signal] : 0)
      resolve({ status, output: Buffer.concat(chunks).toString('utf8') })
    })
  })
}

/** Our environment with the workspace's programs, its own Node among them, first on the path. */
export function environment(): NodeJS.ProcessEnv {
  return { ...process.env, PATH: `${join(root, 'node_modules/.bin')}:${process.env['PATH'] ?? ''}` }
}
