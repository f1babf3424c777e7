/** Starts the built app from its environment, and stops it without losing a request. */
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import { fileURLToPath } from 'node:url'
import next from 'next'
import { type Config, readConfig, SettingError, withSetting } from './config.ts'

/** SIGTERM is followed by SIGKILL in most places; what still runs after this many milliseconds is cut off. */
const patience = 4500
/** So long, in milliseconds, it goes on accepting once it was told to stop. */
const lastCall = 100

try {
  await start(readConfig(process.env))
} catch (error) {
  console.error(describeFailure(error))
  process.exit(1)
}

async function start({ port, origin }: Config): Promise<void> {
  const { hostname } = new URL(origin)
  const app = next({ dir: fileURLToPath(new URL('..', import.meta.url)), hostname, port, quiet: true })
  await app.prepare() // opens the stores too, and sees to addresses: see instrumentation.ts
  const handle = app.getRequestHandler()
  const server = createServer((request, response) => {
    if (isReadable(request)) void handle(request, response)
    else refuse(response)
  })
  stopOnSignal(server)
  await withSetting('PORT', 'a free port', () => listen(server, port))
  console.log(`ready ${origin}`)
}

/** Next answers 500 to a path with broken escapes; it is the client's fault. */
function isReadable({ url = '/' }: IncomingMessage): boolean {
  try {
    decodeURIComponent(url.split('?', 1)[0] ?? '')
    return true
  } catch {
    return false
  }
}

function refuse(response: ServerResponse): void {
  const error = { code: 'invalid_request', message: 'The address has something in the wrong form.' }
  response.writeHead(400, { 'Content-Type': 'application/json', 'Cache-Control': 'no-store' })
  response.end(JSON.stringify({ error }))
}

function listen(server: Server, port: number): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', reject)
    server.listen(port, resolve)
  })
}

/** Stops accepting, finishes what runs, closes what was opened. */
function stopOnSignal(server: Server): void {
  let stopping = false
  // A connection that is kept open would be waited for: each is told with its answer that it was the last.
  server.prependListener('request', (_request, response) => {
    if (stopping) response.setHeader('Connection', 'close')
  })
  const finish = async (): Promise<void> => {
    await closeApp()
    process.exit(0)
  }
  const stop = (): void => {
    if (stopping) return
    stopping = true
    setInterval(() => server.closeIdleConnections(), 50).unref()
    setTimeout(() => server.closeAllConnections(), patience).unref()
    // Who has connected already is still waiting to be let in: a socket that is closed would turn them away.
    setTimeout(() => setImmediate(() => server.close(finish)), lastCall)
  }
  process.on('SIGTERM', stop)
  process.on('SIGINT', stop)
}

/** The bundle's own module has opened it, and left it where both can find it. */
async function closeApp(): Promise<void> {
  const { openedApp } = await import('./running-app.ts')
  await openedApp()?.then((app) => app.close())
}

/** One line, for whoever started it. */
function describeFailure(error: unknown): string {
  // What opens the stores is in the bundle, and has classes of its own.
  const { name, message } = error instanceof Error ? error : new SettingError('The app', 'to start')
  return ['SettingError', 'ConfigError'].includes(name) ? message : `The app could not start: ${message}`
}
