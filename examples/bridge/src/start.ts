/** The three servers of the example: the clinic's authorization server, its API, and our app. All on this machine. */
import { randomBytes } from 'node:crypto'
import { createServer, type Server } from 'node:http'
import { memoryStore } from '@tessera-auth/core'
import { startIdentityProvider } from '@tessera-auth/example-identity-provider'
import { createApp } from './app.ts'
import { createClinicApi } from './clinic-api.ts'

/** What was started, and where. */
export interface Started {
  readonly origin: string
  readonly api: string
  readonly issuer: string
  close(): Promise<void>
}

/** Starts them on these ports; 0 is any free one. */
export async function start(ports: { app: number; api: number; clinic: number }): Promise<Started> {
  const [appServer, apiServer] = [createServer(), createServer()]
  const [origin, api] = [await listen(appServer, ports.app), await listen(apiServer, ports.api)]
  const clientSecret = randomBytes(32).toString('base64url')
  const clinic = await startIdentityProvider({
    port: ports.clinic,
    clientId: 'bridge',
    clientSecret,
    redirectUris: [`${origin}/callback`],
    apis: { [api]: 'prescriptions:read prescriptions:write' },
  })
  const { issuer } = clinic
  const clinicApi = createClinicApi({ issuer, resource: api, allowedOrigin: origin })
  apiServer.on('request', (request, response) => clinicApi.emit('request', request, response))
  const secrets = [randomBytes(32).toString('base64url')]
  const client = { issuer, clientId: 'bridge', clientSecret, api }
  appServer.on('request', createApp({ store: memoryStore(), secrets, origin, ...client }))
  return {
    origin,
    api,
    issuer,
    close: async () => void (await Promise.all([close(appServer), close(apiServer), clinic.close()])),
  }
}

async function listen(server: Server, port: number): Promise<string> {
  await new Promise<void>((resolve, reject) => server.once('error', reject).listen(port, 'localhost', () => resolve()))
  const address = server.address()
  return `http://localhost:${typeof address === 'object' && address ? address.port : port}`
}

function close(server: Server): Promise<void> {
  server.closeAllConnections()
  return new Promise((resolve) => server.close(() => resolve()))
}
