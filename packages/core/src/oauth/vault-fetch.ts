/** The bridge: calls a provider's API for a user, and lets no token leave this server. */
import * as wire from 'oauth4webapi'
import { AuthError } from '../errors.js'
import { requestApi } from './api-request.js'
import type { ProviderTokens } from './identity.js'
import type { ProviderClient } from './provider-client.js'
import { askableUrl } from './upstream.js'

/** Where tokens come from; with a rejected one, another. */
export type TokenSource = (rejected: string | null) => Promise<ProviderTokens>

/** How long an API may take to begin its answer, in seconds; how long the answer itself takes is the app's affair. */
const headTimeoutSeconds = 30
/** Fields that are the connection's or ours; a browser's own, passed on by mistake, end here. */
const dropped = [
  'authorization',
  'connection',
  'content-length',
  'cookie',
  'dpop',
  'host',
  'keep-alive',
  'proxy-authorization',
  'te',
  'transfer-encoding',
  'upgrade',
]

/** The URL, if it is the provider's API. Throws 'destination_refused'. */
export function apiUrl({ definition }: ProviderClient, url: string): URL {
  const found = askableUrl(url, definition.allowPrivateNetwork)
  if (found && definition.apiOrigins.includes(found.origin)) return found
  throw new AuthError('destination_refused')
}

/** Where the provider tells who somebody is. Throws 'not_found', and 'unavailable' when its metadata cannot be had. */
export async function userinfoUrl(client: ProviderClient): Promise<URL> {
  const { userinfo_endpoint: endpoint } = await client.metadata().catch(() => {
    throw new AuthError('unavailable')
  })
  if (endpoint === undefined) throw new AuthError('not_found')
  return new URL(endpoint)
}

/** What is sent. Where to is asked once there are tokens: nobody connected is told so without the provider. */
export interface ApiRequest {
  readonly url: () => URL | Promise<URL>
  readonly init: RequestInit
}

/**
 * Sends one request. A 401 is answered by one more try with a refreshed token, if the body can be sent again. Redirects
 * are not followed. Throws 'unavailable' when the API does not answer.
 */
export async function fetchApi(client: ProviderClient, source: TokenSource, request: ApiRequest): Promise<Response> {
  const tokens = await source(null)
  const { init } = request
  const url = await request.url()
  const response = await send(client, tokens, { url, init })
  const replayable = !(init.body instanceof ReadableStream)
  if (response.status !== 401 || !replayable || tokens.refreshToken === null) return response
  await response.body?.cancel()
  return send(client, await source(tokens.accessToken), { url, init })
}

async function send(
  client: ProviderClient,
  tokens: ProviderTokens,
  { url, init }: { readonly url: URL; readonly init: RequestInit },
): Promise<Response> {
  const { platform, definition } = client
  const headers = new Headers({ ...definition.deviations.apiHeaders })
  for (const [name, value] of new Headers(init.headers)) headers.set(name, value)
  for (const name of dropped) headers.delete(name)
  const { body, type } = await sendable(init.body)
  if (type !== null && !headers.has('content-type')) headers.set('content-type', type)
  const head = headTimeout(init.signal)
  try {
    return await client.exchange(async (connection) => {
      // The answer is the app's: it is streamed, however long it is.
      const unbounded = { [wire.customFetch]: (address: string, asked: object) => platform.fetch(address, asked) }
      const options = { ...connection.options, ...unbounded, signal: head.signal }
      return requestApi({ ...connection, options }, tokens, { url, method: init.method ?? 'GET', headers, body })
    })
  } catch (error) {
    init.signal?.throwIfAborted()
    if (error instanceof AuthError && error.code === 'provider_error') throw new AuthError('unavailable')
    throw error
  } finally {
    head.answered()
  }
}

/**
 * Aborts when nothing comes, and lets go once something does: a stream may take as long as it takes. The runtime's own
 * timer keeps no process alive, and goes with the signal.
 */
function headTimeout(signal?: AbortSignal | null): { signal: AbortSignal; answered(): void } {
  const controller = new AbortController()
  const timeout = AbortSignal.timeout(headTimeoutSeconds * 1000)
  const abort = (): void => controller.abort()
  timeout.addEventListener('abort', abort)
  return {
    signal: signal ? AbortSignal.any([signal, controller.signal]) : controller.signal,
    answered: () => timeout.removeEventListener('abort', abort),
  }
}

/** Forms and blobs become bytes with their type, so that they can be sent twice. */
async function sendable(
  body: RequestInit['body'],
): Promise<{ body: string | URLSearchParams | Uint8Array | ReadableStream | null; type: string | null }> {
  if (body === null || body === undefined) return { body: null, type: null }
  if (typeof body === 'string' || body instanceof URLSearchParams || body instanceof ReadableStream) {
    return { body, type: null }
  }
  const whole = new Response(body)
  return { body: new Uint8Array(await whole.arrayBuffer()), type: whole.headers.get('content-type') }
}
