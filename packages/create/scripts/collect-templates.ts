/** Collects the examples as templates into `templates.json`, before the package is packed. */
import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import ts from 'typescript'
import { oldestNode } from '../src/next-steps.ts'

type Files = Record<string, string>
type Manifest = Record<string, unknown> & Record<'dependencies' | 'devDependencies', Record<string, string>>

const root = fileURLToPath(new URL('../../../', import.meta.url))
const provider = '@tessera-auth/example-identity-provider'
/** Not part of an app: what others made, and what only the workspace needs. */
const left =
  /(^|\/)(node_modules|\.next|\.data)\/|\.test\.ts$|tsbuildinfo$|^next-env\.d\.ts$|^README\.md$|^package\.json$/

const typescriptSettings = {
  compilerOptions: {
    target: 'es2024',
    lib: ['es2024'],
    module: 'nodenext',
    types: ['node'],
    strict: true,
    exactOptionalPropertyTypes: true,
    noUncheckedIndexedAccess: true,
    erasableSyntaxOnly: true,
    verbatimModuleSyntax: true,
    allowImportingTsExtensions: true,
    skipLibCheck: true,
    noEmit: true,
  },
  include: ['src'],
}

const compilerOptions = {
  target: ts.ScriptTarget.ES2024,
  module: ts.ModuleKind.ESNext,
  verbatimModuleSyntax: true,
}

const templates = Object.fromEntries(['express', 'fastify', 'next'].map((name) => [name, collect(name)]))
writeFileSync(fileURLToPath(new URL('../templates.json', import.meta.url)), JSON.stringify(templates))

function collect(framework: string): Files {
  const folder = join(root, 'examples', framework)
  const files = Object.fromEntries(pathsIn(folder).map((path) => [path, readFileSync(join(folder, path), 'utf8')]))
  return {
    'tsconfig.json': json(typescriptSettings),
    ...files,
    'package.json': json(manifestOf(folder)),
    ...identityProvider(),
  }
}

function pathsIn(folder: string): string[] {
  return readdirSync(folder, { withFileTypes: true })
    .filter((entry) => !left.test(`${entry.name}${entry.isDirectory() ? '/' : ''}`))
    .flatMap((entry) =>
      entry.isDirectory() ? pathsIn(join(folder, entry.name)).map((path) => `${entry.name}/${path}`) : [entry.name],
    )
    .sort()
}

/** Published versions in the place of the workspace's; scripts that read `.env`. */
function manifestOf(folder: string): object {
  const { name: _, scripts, dependencies, devDependencies, ...rest } = manifestIn(folder)
  return {
    ...rest,
    version: '0.0.0',
    scripts: { ...(scripts as object), start: 'node --env-file=.env src/server.ts', check: 'tsc' },
    engines: { node: `>=${oldestNode}` },
    dependencies: pinned(dependencies),
    devDependencies: { ...pinned(devDependencies), '@types/node': '^24.0.0', typescript: '~6.0.3' },
  }
}

function pinned(dependencies: Record<string, string>): Record<string, string> {
  const entries = Object.entries(dependencies)
    .filter(([name]) => !isOfTheWorkspace(name))
    .map(([name, version]) => [name, version.startsWith('workspace:') ? publishedVersion(name) : version])
  return Object.fromEntries(entries)
}

/** What an example's own tests stand on is not published, or not of use to an app. */
function isOfTheWorkspace(name: string): boolean {
  if (!name.startsWith('@tessera-auth/') || name === provider) return false
  const folder = join(root, 'packages', name.slice('@tessera-auth/'.length))
  return name === '@tessera-auth/testing' || !existsSync(folder) || manifestIn(folder)['private'] === true
}

function publishedVersion(name: string): string {
  if (name === provider) return 'file:./identity-provider'
  return String(manifestIn(join(root, 'packages', name.slice('@tessera-auth/'.length)))['version'])
}

/** As JavaScript with declarations: package managers copy it to where Node strips no types. */
function identityProvider(): Files {
  const folder = join(root, 'examples/identity-provider')
  const { version, description, dependencies } = manifestIn(folder)
  const files: Files = {
    'identity-provider/package.json': json({
      name: provider,
      version,
      private: true,
      description,
      type: 'module',
      exports: { '.': { types: './index.d.ts', default: './index.js' } },
      dependencies: pinned(dependencies),
    }),
  }
  for (const path of pathsIn(join(folder, 'src')).filter((name) => name !== 'server.ts')) {
    const source = readFileSync(join(folder, 'src', path), 'utf8')
    const file = `identity-provider/${path.slice(0, -'.ts'.length)}`
    files[`${file}.js`] = withSpecifiers(ts.transpileModule(source, { compilerOptions }).outputText)
    files[`${file}.d.ts`] = withSpecifiers(ts.transpileDeclaration(source, { compilerOptions }).outputText)
  }
  return files
}

function withSpecifiers(code: string): string {
  return code.replaceAll(/(from '\.\/[\w-]+)\.ts'/g, "$1.js'")
}

function manifestIn(folder: string): Manifest {
  const manifest = JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8'))
  return { devDependencies: {}, ...manifest }
}

function json(value: unknown): string {
  return `${JSON.stringify(value, null, 2)}\n`
}
