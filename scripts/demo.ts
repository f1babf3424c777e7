/** `pnpm demo [--example express]`: builds what is needed, starts an example, and says what to try. */
import { spawn } from 'node:child_process'
import { existsSync, readFileSync, readdirSync } from 'node:fs'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { parseArgs } from 'node:util'
import { build } from './build.ts'
import { checkNames } from './known-names.ts'
import { environment, packages, root, type Manifest } from './workspace.ts'

/** The examples with the routes that are shown; the others say on their own page what they do. */
const referenceApps = ['express', 'fastify', 'next']

if (import.meta.main) {
  const { values } = parseArgs({ options: { example: { type: 'string', default: 'express' } } })
  process.exitCode = await demo(values.example)
}

async function demo(example: string): Promise<number> {
  const examples = readdirSync(join(root, 'examples'))
  const servers = examples.filter((name) => existsSync(join(root, 'examples', name, 'src/server.ts')))
  const wrong = checkNames('example', [example], servers)
  if (wrong !== 0) return wrong
  const folder = join(root, 'examples', example)
  const buildStatus = await build(packagesOf(folder))
  return buildStatus === 0 ? start(folder, example) : buildStatus
}

/** The packages that the example names. */
function packagesOf(folder: string): string[] {
  const { dependencies = {} }: Manifest = JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8'))
  return packages()
    .filter(({ manifest }) => manifest.name in dependencies)
    .map(({ name }) => name)
}

/** Runs the server until it ends; signals that reach us reach it. */
function start(folder: string, example: string): Promise<number> {
  process.stdout.write('start the example\n')
  const server = spawn('node', ['src/server.ts'], {
    cwd: folder,
    env: environment(),
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  createInterface({ input: server.stdout }).on('line', (line) => {
    process.stdout.write(`${line}\n`)
    const [, origin] = /^ready (\S+)$/.exec(line) ?? []
    if (origin) process.stdout.write(toTry(example, origin))
  })
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.on(signal, () => server.kill(signal))
  return new Promise((resolve, reject) => {
    server.once('error', reject)
    server.once('exit', (code, signal) => resolve(code ?? (signal ? 1 : 0)))
  })
}

/** What is printed once it runs. */
export function toTry(example: string, origin: string): string {
  const isReference = referenceApps.includes(example)
  const open = `Open ${origin} in a browser${isReference ? ', or try:' : '.'}`
  const lines = ['', open, ...(isReference ? commands(origin) : []), '', 'Ctrl-C stops it.', '']
  return lines.map((line) => `${line}\n`).join('')
}

function commands(origin: string): string[] {
  const post = `curl -c cookies.txt -b cookies.txt -H 'content-type: application/json' -H 'origin: ${origin}'`
  return [
    `  ${post} -d '{"email":"ada@example.com","password":"correct horse battery"}' ${origin}/auth/sign-up`,
    `  curl -b cookies.txt ${origin}/sessions`,
    `  curl -c cookies.txt -b cookies.txt -H 'origin: ${origin}' -X POST -i ${origin}/auth/sign-out`,
  ]
}
