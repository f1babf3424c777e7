/** Starts the built app from its environment. */
import { createServer, type Server } from 'node:http'
import { fileURLToPath } from 'node:url'
import next from 'next'
import { refuseUnreadable } from './client-errors.ts'
import { type Config, readConfig, withSetting } from './config.ts'
import { front } from './front.ts'
import { runningApp } from './running-app.ts'
import { endStart } from './start-failure.ts'
import { stopOnSignal } from './stop-on-signal.ts'

/** Longer than proxies keep an unused connection (60 s): else one may send a request on it as it is being closed. */
const keepAliveTimeout = 72_000

try {
  await start(readConfig(process.env))
} catch (error) {
  endStart(error)
}

async function start({ port, origin }: Config): Promise<void> {
  const { hostname } = new URL(origin)
  const app = await runningApp() // first, as Next would not wait for it, nor mind if it fails
  const dir = fileURLToPath(new URL('..', import.meta.url))
  // Next listens there for requests that offer another protocol, and would never answer them: on a server that has none.
  const web = next({ dir, hostname, port, quiet: true, httpServer: createServer() })
  await quietly(() => web.prepare())
  const server = createServer({ keepAliveTimeout }, front(web.getRequestHandler(), origin))
  server.on('clientError', refuseUnreadable)
  stopOnSignal(server, () => app.close())
  await withSetting('PORT', 'a free port', () => listen(server, port))
  console.log(`ready ${origin}`)
}

/** Next says on standard output how long its start took; ours is one line. */
async function quietly(work: () => Promise<void>): Promise<void> {
  const { log } = console
  console.log = () => {}
  await work()
  console.log = log
}

function listen(server: Server, port: number): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', reject)
    server.listen(port, resolve)
  })
}
