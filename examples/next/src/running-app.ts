/** The app's stores and services: opened once per process, whoever asks first. */
import type { Shared } from '@tessera-auth/core'
import { type Config, readConfig } from './config.ts'
import { openProvider } from './provider.ts'
import { keptSecret } from './secrets.ts'
import { createServices, type Services } from './services.ts'
import { openStores } from './stores.ts'
import type { Users } from './users.ts'
import { writeAddresses } from './write-address.ts'

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

const housekeepingMilliseconds = 600_000

/** Each bundle has modules of its own; the process has one of these. */
const key = Symbol.for('tessera-example.running-app')

/** The app of this process. Rejects with `SettingError`, or with what keeps a store from answering. */
export function runningApp(): Promise<RunningApp> {
  const process = globalThis as unknown as Process
  return (process[key] ??= open(readConfig(globalThis.process.env)))
}

async function open(config: Config): Promise<RunningApp> {
  writeAddresses(config.trustProxy)
  const stores = await openStores(config)
  const provider = await openProvider(config)
  const { store, users } = stores
  const shared = { store, origin: config.origin, secrets: config.secrets ?? madeSecret() }
  const services = createServices({ ...provider, shared, users, config })
  await services.accounts.finishEndings()
  setInterval(() => void keepHouse(services).catch(() => {}), housekeepingMilliseconds).unref()
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

/** What has expired opens nothing any more; removing it only makes room. */
async function keepHouse({ accounts, sessions }: Services): Promise<void> {
  await accounts.finishEndings()
  await sessions.purge()
}

function madeSecret(): string[] {
  const { secret, file } = keptSecret('app-secret')
  console.error(`APP_SECRETS is not set: using the secret in ${file}`)
  return [secret]
}
