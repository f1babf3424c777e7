/**
 * A local OpenID provider for the examples, by the certified `oidc-provider`. It signs in whoever is named on its page,
 * keeps nothing over a restart, and must never leave this machine: it listens on loopback only.
 */
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import { type InteractionResults, Provider } from 'oidc-provider'
import { configurationOf, type IdentityProviderClient, subjectOf } from './configuration.ts'
import { consentPage, signInPage } from './pages.ts'
import { allowTokenExchange } from './token-exchange.ts'

export type { IdentityProviderClient }

/** Options of {@link startIdentityProvider}. */
export interface IdentityProviderOptions extends IdentityProviderClient {
  /** 0: any free one. */
  readonly port: number
  /** How long an access token lives. Default 300. */
  readonly accessTokenSeconds?: number
  /** APIs that tokens can be asked for: the scopes of each by its resource indicator (RFC 8707). Default: none. */
  readonly apis?: Readonly<Record<string, string>>
}

/** A running provider. */
export interface IdentityProvider {
  /** Its issuer, `http://localhost:PORT`. */
  readonly issuer: string
  /** Stops it at once. */
  close(): Promise<void>
}

const mostBody = 8192

/** Starts the provider and answers when it does. Rejects when the port is taken. */
export async function startIdentityProvider(options: IdentityProviderOptions): Promise<IdentityProvider> {
  const server = createServer()
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject)
    server.listen(options.port, 'localhost', () => resolve())
  })
  const address = server.address()
  const port = typeof address === 'object' && address !== null ? address.port : options.port
  const issuer = `http://localhost:${port}`
  const { accessTokenSeconds = 300, apis = {} } = options
  const provider = quietly(() => new Provider(issuer, configurationOf(options, { accessTokenSeconds, apis })))
  if (Object.keys(apis).length > 0) allowTokenExchange(provider, issuer, apis)
  const handle = provider.callback()
  const answer = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    // Not by `new URL`, which throws for targets that anybody may send, such as `//`.
    const interaction = /^\/interaction\/[\w-]+(\?|$)/.test(request.url ?? '')
    await (interaction ? interact(provider, request, response) : handle(request, response))
  }
  server.on('request', (request, response) => void answer(request, response).catch(() => refuse(response)))
  return {
    issuer,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve())
        server.closeAllConnections()
      }),
  }
}

/** Whatever was thrown: an answer that has begun is cut off, and the process goes on. */
function refuse(response: ServerResponse): void {
  if (response.headersSent) return void response.destroy()
  response.writeHead(400, { 'content-type': 'text/plain' }).end('This page is no longer good. Go back to the app.')
}

/** One step that needs a person: who they are, then whether they agree. */
async function interact(provider: Provider, request: IncomingMessage, response: ServerResponse): Promise<void> {
  const details = await provider.interactionDetails(request, response)
  const { prompt, params } = details
  const action = `/interaction/${details.uid}`
  if (request.method !== 'POST') {
    const html =
      prompt.name === 'login' ? signInPage(action, text(params.login_hint)) : await consent(provider, details)
    response.writeHead(200, { 'content-type': 'text/html; charset=utf-8', 'cache-control': 'no-store' }).end(html)
    return
  }
  const form = await readForm(request)
  const result =
    prompt.name === 'login' ? signedIn(form) : await agreed(provider, details, form.get('answer') === 'allow')
  await provider.interactionFinished(request, response, result, { mergeWithLastSubmission: prompt.name !== 'login' })
}

type Details = Awaited<ReturnType<Provider['interactionDetails']>>

async function consent(provider: Provider, { uid, params }: Details): Promise<string> {
  const client = await provider.Client.find(text(params.client_id))
  return consentPage(`/interaction/${uid}`, client?.clientName ?? text(params.client_id), text(params.scope).split(' '))
}

function signedIn(form: URLSearchParams): InteractionResults {
  const email = form.get('email') ?? ''
  if (!/^[^\s@]+@[^\s@]+$/.test(email)) return { error: 'access_denied' }
  return { login: { accountId: subjectOf(email), amr: ['user'] } }
}

/** Grants exactly what was asked and is missing. */
async function agreed(provider: Provider, details: Details, allowed: boolean): Promise<InteractionResults> {
  if (!allowed) return { error: 'access_denied', error_description: 'The user said no.' }
  const { session, params, prompt, grantId } = details
  const accountId = session?.accountId ?? ''
  const known = grantId === undefined ? undefined : await provider.Grant.find(grantId)
  const grant = known ?? new provider.Grant({ accountId, clientId: text(params.client_id) })
  const { missingOIDCScope, missingOIDCClaims, missingResourceScopes } = prompt.details
  if (Array.isArray(missingOIDCScope)) grant.addOIDCScope(missingOIDCScope.join(' '))
  if (Array.isArray(missingOIDCClaims)) grant.addOIDCClaims(missingOIDCClaims)
  for (const [resource, scopes] of Object.entries(missingResourceScopes ?? {})) {
    if (Array.isArray(scopes)) grant.addResourceScope(resource, scopes.join(' '))
  }
  return { consent: { grantId: await grant.save() } }
}

async function readForm(request: IncomingMessage): Promise<URLSearchParams> {
  let body = ''
  for await (const chunk of request) {
    body += String(chunk)
    if (body.length > mostBody) throw new Error('The form is too long.')
  }
  return new URLSearchParams(body)
}

function text(value: unknown): string {
  return typeof value === 'string' ? value : ''
}

/** The provider warns of settings that are right for a machine of one's own: keys that live as long as the process. */
function quietly<Made>(make: () => Made): Made {
  const { warn, info } = console
  Object.assign(console, { warn: () => {}, info: () => {} })
  try {
    return make()
  } finally {
    Object.assign(console, { warn, info })
  }
}
