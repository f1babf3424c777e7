/** Starts the app from its environment, and stops it without losing a request. */
import { ConfigError } from '@tessera-auth/core/http'
import type { FastifyInstance } from 'fastify'
import { buildApp } from './app.ts'
import { type Config, readConfig, SettingError } from './config.ts'
import { openProvider } from './provider.ts'
import { keptSecret } from './secrets.ts'
import { openStores } from './stores.ts'

/** SIGTERM is followed by SIGKILL in most places; what still runs after this many milliseconds is cut off. */
const patience = 4500

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
  const { app } = await buildApp({ ...provider, shared, users, config })
  app.addHook('onClose', async () => {
    await Promise.allSettled([stores.close(), provider.close()])
  })
  await app.listen({ port: config.port, host: '::' })
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
    void app.close().then(() => process.exit(0))
  }
  process.on('SIGTERM', stop)
  process.on('SIGINT', stop)
}

/** One line, for whoever started it. */
function describeFailure(error: unknown): string {
  if (error instanceof SettingError || error instanceof ConfigError) return error.message
  const { code, cause } = (error ?? {}) as NodeJS.ErrnoException & { cause?: NodeJS.ErrnoException }
  if (code === 'EADDRINUSE') return 'PORT, IDP_PORT: expected free ports, one of them is taken'
  if (cause) return `DATABASE_URL, REDIS_URL: expected a server that answers, got ${cause.code ?? cause.message}`
  return `The app could not start: ${error instanceof Error ? error.message : String(error)}`
}
