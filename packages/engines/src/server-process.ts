/** Servers as child processes: a folder, a free port, and a user, since database servers refuse to run as root. */
import { type ChildProcess, execFile, spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, readFileSync } from 'node:fs'
import { chown, mkdtemp, rm } from 'node:fs/promises'
import { createServer, type AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { delimiter, join } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import { promisify } from 'node:util'
import type { StartedServer } from './engine.js'

/** Who a server runs as: numbers for `spawn`, nothing where this process is not root. */
export interface ServerUser {
  readonly uid?: number
  readonly gid?: number
}

/** How a server is made and started. */
export interface ServerRecipe {
  /** Users to run it as, where this process is root; the first that exists. */
  readonly users: readonly string[]
  /** Programs that fill the folder, one after the other. */
  prepare(folder: string): readonly (readonly string[])[]
  /** The server's own program. */
  run(folder: string, port: number): readonly string[]
  /** Ends it without waiting for its clients. */
  readonly stopSignal: NodeJS.Signals
  /** Its URL once it lets us in. */
  ready(port: number): Promise<string | null>
}

const startMilliseconds = 60_000

/** Makes and starts a server. Throws with what it said when it does not come up. */
export async function startServer(recipe: ServerRecipe): Promise<StartedServer> {
  const user = serverUser(recipe.users)
  const folder = await mkdtemp(join(tmpdir(), 'tessera-engine-'))
  if (user.uid !== undefined && user.gid !== undefined) await chown(folder, user.uid, user.gid)
  for (const [program = '', ...args] of recipe.prepare(folder)) {
    await promisify(execFile)(program, args, { ...user, cwd: folder })
  }
  const port = await freePort()
  const [program = '', ...args] = recipe.run(folder, port)
  const server = spawn(program, args, { ...user, cwd: folder, stdio: ['ignore', 'ignore', 'pipe'] })
  const said: string[] = []
  server.stderr?.on('data', (text) => said.push(String(text)))
  const stop = async (): Promise<void> => {
    await end(server, recipe.stopSignal)
    await rm(folder, { recursive: true, force: true })
  }
  const url = await whenReady(server, () => recipe.ready(port))
  if (url !== null) return { url, stop }
  await stop()
  throw new Error(`${program} did not start:\n${said.join('').slice(-2_000)}`)
}

/** The first of these programs that is there; names without a path are looked for on PATH. */
export function findProgram(...candidates: readonly string[]): string | null {
  const folders = (process.env.PATH ?? '').split(delimiter)
  const paths = candidates.flatMap((one) =>
    one.startsWith('/') ? [one] : [...folders, '/usr/sbin', '/usr/local/sbin'].map((folder) => join(folder, one)),
  )
  return paths.find((path) => existsSync(path)) ?? null
}

/** A port of this machine that nobody listens on now. */
export async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  server.close()
  await once(server, 'close')
  return port
}

function serverUser(names: readonly string[]): ServerUser {
  if (process.getuid?.() !== 0) return {}
  const users = readFileSync('/etc/passwd', 'utf8')
    .split('\n')
    .map((line) => line.split(':'))
  for (const name of names) {
    const [, , uid, gid] = users.find(([found]) => found === name) ?? []
    if (uid !== undefined && gid !== undefined) return { uid: Number(uid), gid: Number(gid) }
  }
  return {}
}

async function whenReady(server: ChildProcess, ready: () => Promise<string | null>): Promise<string | null> {
  const until = Date.now() + startMilliseconds
  while (Date.now() < until && server.exitCode === null) {
    const url = await ready()
    if (url !== null) return url
    await pause(100)
  }
  return null
}

async function end(server: ChildProcess, signal: NodeJS.Signals): Promise<void> {
  if (server.exitCode !== null || server.signalCode !== null) return
  const exited = once(server, 'exit')
  server.kill(signal)
  const patience = setTimeout(() => server.kill('SIGKILL'), 10_000)
  await exited
  clearTimeout(patience)
}
