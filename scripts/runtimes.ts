/** `node scripts/runtimes.ts [runtime …]`: the scenario on Node, Bun, Deno and workerd, each from its npm package. */
import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { build as tsup } from 'tsup'
import { startIdentityProvider } from '../examples/identity-provider/src/index.ts'
import { build } from './build.ts'
import { checkNames } from './known-names.ts'
import { appOrigin, client } from './runtimes/provider-client.ts'
import { cacheFolder, root, run } from './workspace.ts'

const folder = join(cacheFolder, 'runtimes')
const script = join(folder, 'script-entry.js')

/** How each runtime is started; workerd with and without Node's modules, as both are in use. */
const runtimes: Readonly<Record<string, readonly [program: string, ...args: string[]]>> = {
  node: ['node', script],
  bun: ['npx', '-y', 'bun@1', 'run', script],
  deno: ['npx', '-y', 'deno@2', 'run', '--no-config', '--allow-net=localhost', script],
  workerd: ['npx', '-y', 'workerd@1', 'test', join(folder, 'workerd.capnp')],
}

/** The same bundle as two workers, which may ask the provider on this machine. */
const workerdConfig = `using Workerd = import "/workerd/workerd.capnp";
const config :Workerd.Config = (services = [
  (name = "web", worker = .web),
  (name = "node", worker = .node),
  (name = "internet", network = (allow = ["public", "private"])),
]);
const web :Workerd.Worker = (
  modules = [(name = "entry.js", esModule = embed "workerd-entry.js")],
  compatibilityDate = "2025-09-01",
);
const node :Workerd.Worker = (
  modules = [(name = "entry.js", esModule = embed "workerd-entry.js")],
  compatibilityDate = "2025-09-01",
  compatibilityFlags = ["nodejs_compat"],
);
`

process.exitCode = await smoke(process.argv.slice(2))

async function smoke(asked: readonly string[]): Promise<number> {
  const wrong = checkNames('runtime', asked, Object.keys(runtimes))
  if (wrong !== 0) return wrong
  if ((await build(['core'])) !== 0) return 1
  const provider = await startIdentityProvider({ port: 0, ...client, redirectUris: [`${appOrigin}/callback`] })
  try {
    await bundle(provider.issuer)
    return await runAll(asked)
  } finally {
    await provider.close()
  }
}

async function runAll(asked: readonly string[]): Promise<number> {
  const failed: string[] = []
  for (const [name, [program, ...args]] of Object.entries(runtimes)) {
    if (asked.length > 0 && !asked.includes(name)) continue
    const { status, output } = await run(program, args)
    process.stdout.write(`${name}: ${status === 0 ? 'ok' : `FAILED\n${output}`}\n`)
    if (status !== 0) failed.push(name)
  }
  return failed.length === 0 ? 0 : 1
}

/** Core as an app's bundler would take it: from its published entries, for no runtime in particular. */
async function bundle(issuer: string): Promise<void> {
  mkdirSync(folder, { recursive: true })
  await tsup({
    entry: ['workerd-entry', 'script-entry'].map((name) => join(root, 'scripts/runtimes', `${name}.ts`)),
    outDir: folder,
    tsconfig: join(root, 'tsconfig.base.json'),
    format: 'esm',
    platform: 'neutral',
    target: 'es2024',
    splitting: false,
    noExternal: [/./],
    define: { PROVIDER_ISSUER: JSON.stringify(issuer) },
    config: false,
    silent: true,
    esbuildOptions: (options) => {
      options.alias = { '@tessera-auth/core': join(root, 'packages/core/dist/index.js') }
    },
  })
  writeFileSync(join(folder, 'package.json'), '{"type":"module"}')
  writeFileSync(join(folder, 'workerd.capnp'), workerdConfig)
}
