/** The last resort: compose.yaml, where Docker runs. */
import { execFile } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import type { Engine, StartedServer } from './engine.js'
import { findProgram } from './server-process.js'

const file = fileURLToPath(new URL('../../../compose.yaml', import.meta.url))
const services: Readonly<Record<string, { readonly name: string; readonly url: string }>> = {
  TEST_POSTGRES_URL: { name: 'postgres', url: 'postgres://postgres:postgres@127.0.0.1:54329/test' },
  TEST_MYSQL_URL: { name: 'mysql', url: 'mysql://root:root@127.0.0.1:33069/test' },
  TEST_REDIS_URL: { name: 'redis', url: 'redis://127.0.0.1:63799' },
}

/** Starts the engine's service; `null` where Docker does not run. Throws what Docker said when it does not come up. */
export async function startByCompose(engine: Engine): Promise<StartedServer | null> {
  const docker = findProgram('docker')
  const service = services[engine.variable]
  if (!docker || !service) return null
  const compose = (...args: string[]): Promise<unknown> => promisify(execFile)(docker, ['compose', '-f', file, ...args])
  await compose('up', '--detach', '--wait', service.name)
  return {
    url: service.url,
    stop: async () => {
      await compose('rm', '--stop', '--force', '--volumes', service.name)
    },
  }
}
