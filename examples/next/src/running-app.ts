/** The app's stores and services: opened once per process, whoever asks first. */
import type { Shared } from '@tessera-auth/core'
import { type Config, readConfig } from './config.ts'
import { openProvider } from './provider.ts'
import { keptSecret } from './secrets.ts'
import { createServices, type Services } from './services.ts'
import { openStores } from './stores.ts'
import type { Users } from './users.ts'

/** What routes, pages and actions are made of. */
export interface RunningApp {
  readonly config: Config
  readonly shared: Shared
  readonly users: Users
  readonly services: Services
  close(): Promise<void>
}

interface Process {
  [key: symbol]: Promise<RunningApp> | undefined
}

const purgeMilliseconds = 600_000

/** Each bundle has modules of its own; the process has one of these. */
const key = Symbol.for('tessera-example.running-app')

/** The app of this process, if it was opened. */
export function openedApp(): Promise<RunningApp> | undefined {
  return (globalThis as unknown as Process)[key]
}

/** The app of this process. Rejects with `SettingError`, or with what keeps a store from answering. */
export function runningApp(): Promise<RunningApp> {
  const process = globalThis as unknown as Process
  return (process[key] ??= open(readConfig(globalThis.process.env)))
}

async function open(config: Config): Promise<RunningApp> {
  const stores = await openStores(config)
  const provider = await openProvider(config)
  const { store, users } = stores
  const shared = { store, origin: config.origin, secrets: config.secrets ?? madeSecret() }
  const services = createServices({ ...provider, shared, users, config })
  // What has expired opens nothing any more; this only makes room. A failure is for the next time.
  setInterval(() => void services.sessions.purge().catch(() => {}), purgeMilliseconds).unref()
  return {
    config,
    shared,
    users,
    services,
    async close() {
      await Promise.allSettled([stores.close(), provider.close()])
    },
  }
}

function madeSecret(): string[] {
  const { secret, file } = keptSecret('app-secret')
  console.error(`APP_SECRETS is not set: using the secret in ${file}`)
  return [secret]
}
