/** Starts the app from its environment, and stops it without losing a request. */
import { ConfigError } from '@tessera-auth/core/http'
import type { FastifyInstance } from 'fastify'
import { buildApp } from './app.ts'
import { type Config, readConfig, SettingError, withSetting } from './config.ts'
import { openProvider } from './provider.ts'
import { keptSecret } from './secrets.ts'
import { openStores } from './stores.ts'

/** SIGTERM is followed by SIGKILL in most places; what still runs after this many milliseconds is cut off. */
const patience = 4500
/** So long, in milliseconds, it goes on accepting once it was told to stop. */
const lastCall = 100
const purgeMilliseconds = 600_000

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
  const { app, services } = await buildApp({ ...provider, shared, users, config })
  app.addHook('onClose', async () => {
    await Promise.allSettled([stores.close(), provider.close()])
  })
  // What has expired opens nothing any more; this only makes room. A failure is for the next time.
  setInterval(() => void services.sessions.purge().catch(() => {}), purgeMilliseconds).unref()
  await withSetting('PORT', 'a free port', () => app.listen({ port: config.port, host: '::' }))
  stopOnSignal(app)
  console.log(`ready ${config.origin}`)
}

function madeSecret(): string[] {
  const { secret, file } = keptSecret('app-secret')
  console.error(`APP_SECRETS is not set: using the secret in ${file}`)
  return [secret]
}

/** Stops accepting, finishes what runs, closes what was opened. */
function stopOnSignal(app: FastifyInstance): void {
  let stopping = false
  const stop = (): void => {
    if (stopping) return
    stopping = true
    // Who keeps a connection open is told with the next answer that it was the last, and not waited for.
    setInterval(() => app.server.closeIdleConnections(), 50).unref()
    setTimeout(() => app.server.closeAllConnections(), patience).unref()
    // Who has connected already is still waiting to be let in: a socket that is closed would turn them away.
    setTimeout(() => setImmediate(() => void app.close().then(() => process.exit(0))), lastCall)
  }
  process.on('SIGTERM', stop)
  process.on('SIGINT', stop)
}

/** One line, for whoever started it. */
function describeFailure(error: unknown): string {
  if (error instanceof SettingError || error instanceof ConfigError) return error.message
  return `The app could not start: ${error instanceof Error ? error.message : String(error)}`
}
