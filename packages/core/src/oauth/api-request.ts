/** One request to a provider's API with an access token, bearer or bound to a key. */
import * as wire from 'oauth4webapi'
import type { BoundToken, Wire } from './provider-client.js'

/** What is asked of the API. */
export interface ApiRequest {
  readonly url: URL
  readonly method: string
  readonly headers: Headers
  readonly body: string | URLSearchParams | Uint8Array | ArrayBuffer | ReadableStream | null
}

/** Sends it; redirects are not followed, and every status is an answer. */
export async function requestApi(connection: Wire, token: BoundToken, request: ApiRequest): Promise<Response> {
  const { options, dpopHandles } = connection
  const { url, method, headers, body } = request
  const DPoP = token.dpopKey ? await dpopHandles(token.dpopKey) : null
  const bound = DPoP ? { ...options, DPoP } : options
  const send = (): Promise<Response> =>
    wire.protectedResourceRequest(token.accessToken, method, url, headers, body, bound)
  try {
    return await send()
  } catch (error) {
    if (!(error instanceof wire.WWWAuthenticateChallengeError)) throw error
    // A stream cannot be sent twice; the API's demand for a nonce then is the answer.
    if (!DPoP || !wire.isDPoPNonceError(error) || body instanceof ReadableStream) return error.response
    await error.response.body?.cancel()
  }
  return send().catch(challengeAsAnswer)
}

function challengeAsAnswer(error: unknown): Response {
  if (error instanceof wire.WWWAuthenticateChallengeError) return error.response
  throw error
}
