/** The app under test as what it is to everybody else: a process with an environment and a port. */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { createServer } from 'node:net'
import { type AppStorage, openSqliteStorage, type StorageSettings } from './app-storage.ts'

/** A started app. */
export interface AppProcess {
  /** Where it listens; not always its `ORIGIN`. */
  readonly address: string
  /** Its `ORIGIN`. */
  readonly origin: string
  /** Of its local identity provider, where it started one. */
  readonly issuer: string
  /** Where it keeps everything: settings for another process on the same. */
  readonly storage: StorageSettings
  /** All that it printed so far. */
  output(): { readonly stdout: string; readonly stderr: string }
  /** Stops it; its exit status. Again is fine. */
  stop(signal?: 'SIGTERM' | 'SIGINT'): Promise<number | null>
}

/** What a process did that was expected to end by itself. */
export interface EndedProcess {
  readonly status: number | null
  readonly stderr: string
}

/** How one framework's app is started: a program and its arguments. */
export interface AppCommand {
  readonly program: string
  readonly args: readonly string[]
  readonly cwd: string
  /** How long it may take to be ready. Default 20 s. */
  readonly readyMilliseconds?: number
}

/** By environment variable; an empty text means that it is not set. */
type Settings = Readonly<Record<string, string>>
type Environment = NodeJS.ProcessEnv & {
  readonly NODE_ENV: 'production'
  readonly PORT: string
  readonly ORIGIN: string
}

/** The local identity provider takes longer to start than the app: only where it is needed. */
const withoutProvider = { IDP_ISSUER: 'http://localhost:9', IDP_CLIENT_ID: 'nobody' }
/** Settings of an app that starts its local identity provider. */
export const withProvider = { IDP_ISSUER: '', IDP_CLIENT_ID: '' }

/** Starts apps, each on a free port and with a storage of its own, and clears up after them. */
export interface AppStarter {
  /** The kind of storage that they have. */
  storage(): Promise<AppStorage>
  start(settings?: Settings): Promise<AppProcess>
  /** Runs it with settings that it should refuse. */
  runToEnd(settings: Settings): Promise<EndedProcess>
  /** Stops what still runs and removes all that it kept. */
  clear(): Promise<void>
}

/** Secrets that a test may look for in places where they must not be. */
export const canaries = {
  appSecret: 'canary-app-secret-0123456789abcdefghijklmnop',
  pepper: 'canary-pepper-0123456789abcdefghijklmnopqrst',
  idpSecret: 'canary-idp-secret-0123456789abcdefghijklmno',
  introspectionSecret: 'canary-introspection-0123456789abcdefghijk',
}

/** Makes a starter of one framework's app. Without `open`: on SQLite, a file for each app. */
export function createStarter(command: AppCommand, open: () => Promise<AppStorage> = openSqliteStorage): AppStarter {
  const running = new Set<AppProcess>()
  let opened: Promise<AppStorage> | undefined

  async function storage(): Promise<AppStorage> {
    opened ??= open()
    return opened
  }

  async function environment(settings: Settings): Promise<Environment> {
    const [port, idpPort] = await freePorts()
    const own = 'DATABASE_URL' in settings ? {} : await (await storage()).open()
    const all = {
      PATH: process.env['PATH'] ?? '',
      NODE_COMPILE_CACHE: process.env['NODE_COMPILE_CACHE'],
      NODE_ENV: 'production' as const,
      PORT: String(port),
      IDP_PORT: String(idpPort),
      ORIGIN: `http://localhost:${port}`,
      ...own,
      APP_SECRETS: canaries.appSecret,
      PASSWORD_PEPPER: canaries.pepper,
      IDP_CLIENT_SECRET: canaries.idpSecret,
      INTROSPECTION_CLIENT: 'monitor',
      INTROSPECTION_SECRET: canaries.introspectionSecret,
      ...withoutProvider,
      ...settings,
    }
    const unset = Object.keys(settings).filter((name) => settings[name] === '')
    return { ...all, ...Object.fromEntries(unset.map((name) => [name, undefined])) }
  }

  return {
    storage,
    async start(settings = {}) {
      const env = await environment(settings)
      const app = await launch(command, env)
      running.add(app)
      return app
    },
    async runToEnd(settings) {
      const env = await environment(settings)
      const child = spawn(command.program, command.args, { cwd: command.cwd, env, stdio: ['ignore', 'ignore', 'pipe'] })
      let stderr = ''
      child.stderr.setEncoding('utf8').on('data', (text: string) => (stderr += text))
      const timer = setTimeout(() => child.kill('SIGKILL'), command.readyMilliseconds ?? 20_000)
      await once(child, 'close')
      clearTimeout(timer)
      return { status: child.exitCode, stderr }
    },
    async clear() {
      await Promise.all([...running].map((app) => app.stop()))
      await (await opened)?.close()
    },
  }
}

async function launch(
  { program, args, cwd, readyMilliseconds = 20_000 }: AppCommand,
  env: Environment,
): Promise<AppProcess> {
  const child = spawn(program, args, { cwd, env, stdio: ['ignore', 'pipe', 'pipe'] })
  const printed = { stdout: '', stderr: '' }
  const ended = new Promise<number | null>((resolve) => child.once('close', resolve))
  let stopping = false
  void ended.then((status) => {
    if (!stopping) console.error(`The app ended by itself with status ${status}:\n${printed.stderr}`)
  })
  child.stderr.setEncoding('utf8').on('data', (text: string) => (printed.stderr += text))
  await new Promise<void>((resolve, reject) => {
    const timer = setTimeout(() => reject(new Error(`not ready in time: ${printed.stderr}`)), readyMilliseconds)
    void ended.then((status) => reject(new Error(`ended with ${status}: ${printed.stderr}`)))
    child.stdout.setEncoding('utf8').on('data', (text: string) => {
      printed.stdout += text
      if (!/^ready /m.test(printed.stdout)) return
      clearTimeout(timer)
      resolve()
    })
  })
  return {
    address: `http://localhost:${env.PORT}`,
    origin: env.ORIGIN,
    issuer: `http://localhost:${env['IDP_PORT']}`,
    storage: storageOf(env),
    output: () => ({ ...printed }),
    async stop(signal = 'SIGTERM') {
      stopping = true
      if (child.exitCode === null) child.kill(signal)
      const timer = setTimeout(() => child.kill('SIGKILL'), 8000)
      const status = await ended
      clearTimeout(timer)
      return status
    },
  }
}

function storageOf({ DATABASE_URL, REDIS_URL }: NodeJS.ProcessEnv): StorageSettings {
  return { ...(DATABASE_URL && { DATABASE_URL }), ...(REDIS_URL && { REDIS_URL }) }
}

async function freePorts(): Promise<[number, number]> {
  const servers = [createServer(), createServer()]
  const ports: number[] = []
  for (const server of servers) {
    server.listen(0)
    await once(server, 'listening')
    const address = server.address()
    ports.push(typeof address === 'object' && address ? address.port : 0)
  }
  for (const server of servers) server.close()
  return [ports[0] ?? 0, ports[1] ?? 0]
}
