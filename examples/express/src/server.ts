/** Starts the app from its environment, and stops it without losing a request. */
import { createServer, type Server } from 'node:http'
import { ConfigError } from '@tessera-auth/core/http'
import { buildApp } from './app.ts'
import { refuseUnreadable } from './client-errors.ts'
import { type Config, readConfig, SettingError, withSetting } from './config.ts'
import { openProvider } from './provider.ts'
import { keptSecret } from './secrets.ts'
import type { Services } from './services.ts'
import { stopOnSignal } from './stop-on-signal.ts'
import { openStores } from './stores.ts'

const housekeepingMilliseconds = 600_000
/** Longer than proxies keep an unused connection (60 s): else one may send a request on it as it is being closed. */
const keepAliveTimeout = 72_000

try {
  await start(readConfig(process.env))
} catch (error) {
  console.error(describeFailure(error))
  process.exit(1)
}

async function start(config: Config): Promise<void> {
  const stores = await openStores(config)
  const provider = await openProvider(config)
  const { store, users } = stores
  const shared = { store, origin: config.origin, secrets: config.secrets ?? madeSecret() }
  const { app, services } = buildApp({ ...provider, shared, users, config })
  await services.accounts.finishEndings()
  setInterval(() => void keepHouse(services).catch(() => {}), housekeepingMilliseconds).unref()
  const server = createServer({ keepAliveTimeout }, app)
  server.on('clientError', refuseUnreadable)
  await withSetting('PORT', 'a free port', () => listen(server, config.port))
  stopOnSignal(server, async () => {
    await Promise.allSettled([stores.close(), provider.close()])
  })
  console.log(`ready ${config.origin}`)
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

function listen(server: Server, port: number): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', reject)
    server.listen(port, resolve)
  })
}

/** One line, for whoever started it. */
function describeFailure(error: unknown): string {
  if (error instanceof SettingError || error instanceof ConfigError) return error.message
  return `The app could not start: ${error instanceof Error ? error.message : String(error)}`
}
