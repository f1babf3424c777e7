/** The code of the guide as an app that runs: for tests of what the pages show. */
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:net'
import { join } from 'node:path'
import ts from 'typescript'
import { snippetsOf } from './checks/docs-code.ts'
import { root } from './workspace.ts'

/** Code by the name of its file, which ends in `.ts`. */
export type Files = Readonly<Record<string, string>>

/** What an answer said. `cookie`: the first one that it set, as a browser sends it back. */
export interface PageAnswer {
  readonly status: number
  readonly text: string
  readonly cookie: string
  readonly headers: Headers
}

/** What is asked, and by whom. */
export interface PageQuestion {
  readonly body?: unknown
  readonly cookie?: string
  readonly headers?: Readonly<Record<string, string>>
}

/** A running app of a page. */
export interface PageApp {
  /** Asks as a page of the app itself would. */
  ask(method: string, path: string, question?: PageQuestion): Promise<PageAnswer>
  /** What it has printed until now. */
  printed(): string
  close(): Promise<void>
}

/** Where the packages are found under their names. */
const home = join(root, 'examples/express/node_modules/.cache')

/** The text of a file of the repository. */
export function read(path: string): string {
  return readFileSync(join(root, path), 'utf8')
}

/** The blocks of a page, by name. */
export function filesOf(page: string): Files {
  return Object.fromEntries(snippetsOf(read(page)).map(({ name, code }) => [name, code]))
}

/** Starts `server.ts` of these files, with what they call port 3000 on a free one. */
export async function startPageApp(files: Files): Promise<PageApp> {
  mkdirSync(home, { recursive: true })
  const folder = mkdtempSync(join(home, 'page-app-'))
  const port = await freePort()
  for (const [name, code] of Object.entries(files)) {
    writeFileSync(join(folder, name.replace(/\.ts$/, '.js')), withoutTypes(code.replaceAll('3000', String(port))))
  }
  writeFileSync(join(folder, 'package.json'), '{"type":"module"}')
  const app = spawn(process.execPath, ['server.js'], {
    cwd: folder,
    env: { ...process.env, ...settings(port), NODE_NO_WARNINGS: '1' },
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  let printed = ''
  app.stdout.setEncoding('utf8').on('data', (text: string) => (printed += text))
  const close = async (): Promise<void> => {
    const ended = app.exitCode === null ? once(app, 'exit') : null
    app.kill()
    await ended
    rmSync(folder, { recursive: true, force: true })
  }
  try {
    await untilListening(app, port)
  } catch (error) {
    await close()
    throw error
  }
  return {
    ask: (method, path, question) => ask(`http://localhost:${port}${path}`, method, question),
    printed: () => printed,
    close,
  }
}

function withoutTypes(code: string): string {
  const compilerOptions = { target: ts.ScriptTarget.ES2024, module: ts.ModuleKind.ESNext }
  return ts.transpileModule(code, { compilerOptions }).outputText
}

function settings(port: number): Record<string, string> {
  return { ORIGIN: `http://localhost:${port}`, APP_SECRETS: 'a secret of this test that is 32 characters or more' }
}

async function untilListening(app: ChildProcess, port: number): Promise<void> {
  while (app.exitCode === null) {
    if (await fetch(`http://localhost:${port}/`).catch(() => null)) return
    await new Promise((resolve) => setTimeout(resolve, 50))
  }
  throw new Error(`The app ended with ${app.exitCode}.`)
}

async function ask(
  url: string,
  method: string,
  { body, cookie = '', headers }: PageQuestion = {},
): Promise<PageAnswer> {
  const response = await fetch(url, {
    method,
    redirect: 'manual',
    headers: { 'Sec-Fetch-Site': 'same-origin', 'Content-Type': 'application/json', Cookie: cookie, ...headers },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  })
  const [line = ''] = response.headers.getSetCookie()
  const text = await response.text()
  return { status: response.status, text, cookie: line.split(';')[0] ?? '', headers: response.headers }
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0)
  await once(server, 'listening')
  const address = server.address()
  server.close()
  await once(server, 'close')
  return typeof address === 'object' && address !== null ? address.port : 0
}
