/** Our app: the bridge to the clinic's prescriptions, and for one page a token of its own. */
import {
  createAuthenticator,
  createAuthorizationCodeFlow,
  createIdentities,
  createSessions,
  createTokenVault,
  oidc,
  type Shared,
} from '@tessera-auth/core'
import { expressAdapter } from '@tessera-auth/express'
import express, { type Express } from 'express'
import { page } from './page.ts'

/** Options of {@link createApp}. */
export interface AppOptions extends Shared {
  readonly issuer: string
  readonly clientId: string
  readonly clientSecret: string
  /** The prescriptions API. */
  readonly api: string
}

/** The app. */
export function createApp({ issuer, clientId, clientSecret, api, ...shared }: AppOptions): Express {
  const clinic = oidc({
    name: 'clinic',
    issuer,
    clientId,
    clientSecret,
    apiOrigins: [api],
    dangerouslyAllowPrivateNetwork: new URL(issuer).protocol === 'http:', // the clinic of this example is on this machine
  })
  const scope = 'openid offline_access prescriptions:read prescriptions:write'
  const connect = createAuthorizationCodeFlow({ ...shared, provider: clinic, redirectPath: '/callback', scope })
  const vault = createTokenVault({ ...shared, providers: [clinic] })
  const identities = createIdentities({
    ...shared,
    createUser: async ({ subject }) => `patient-${subject}`,
    findUserByEmail: async () => null,
  })
  const { middleware, errorHandler, getAuth } = expressAdapter(
    createAuthenticator({ ...shared, sessions: createSessions(shared) }),
  )

  const app = express().use(middleware)
  app.get('/', async (request, response) => {
    response.type('html').send(page((await getAuth(request).session()) !== null, api))
  })
  app.get('/connect', async (request, response) => {
    response.redirect(303, await connect.begin(getAuth(request), { resource: api }))
  })
  app.get('/callback', async (request, response) => {
    const auth = getAuth(request)
    const login = await connect.finish(auth)
    const { userId } = await auth.signIn(await identities.resolve(login, await auth.session()), login)
    await vault.save(userId, login)
    response.redirect(303, login.returnTo)
  })
  // The bridge: the clinic's token never leaves this server.
  app.get('/api/prescriptions', async (request, response) => {
    const { userId } = await getAuth(request).requireSession()
    const upstream = await vault.fetch(userId, 'clinic', `${api}/prescriptions`)
    response.status(upstream.status).json(await upstream.json())
  })
  // By choice: five minutes, one scope, one API, and only for somebody who has just signed in.
  app.post('/api/clinic-token', async (request, response) => {
    const { userId } = await getAuth(request).requireRecentAuth(600)
    response.json(await vault.delegate(userId, 'clinic', { scope: 'prescriptions:read', resource: api }))
  })
  app.post('/disconnect', async (request, response) => {
    const { userId } = await getAuth(request).requireSession()
    await vault.remove(userId, 'clinic')
    response.sendStatus(204)
  })
  return app.use(errorHandler)
}
