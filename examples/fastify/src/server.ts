/** Starts the app from its environment, and stops it without losing a request. */
import { ConfigError } from '@tessera-auth/core/http'
import { buildApp } from './app.ts'
import { type Config, readConfig, SettingError, withSetting } from './config.ts'
import { openProvider } from './provider.ts'
import { keptSecret } from './secrets.ts'
import { stopOnSignal } from './stop-on-signal.ts'
import { openStores } from './stores.ts'

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
  stopOnSignal(app.server, () => app.close())
  console.log(`ready ${config.origin}`)
}

function madeSecret(): string[] {
  const { secret, file } = keptSecret('app-secret')
  console.error(`APP_SECRETS is not set: using the secret in ${file}`)
  return [secret]
}

/** One line, for whoever started it. */
function describeFailure(error: unknown): string {
  if (error instanceof SettingError || error instanceof ConfigError) return error.message
  return `The app could not start: ${error instanceof Error ? error.message : String(error)}`
}
