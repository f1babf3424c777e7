/** The provider's answer as it reaches the redirect URI: each parameter at most once, and a text. */
import * as wire from 'oauth4webapi'
import { AuthError, OAuthResponseError } from '../errors.js'
import type { RequestView } from '../cookie/request-view.js'
import type { ServerMetadata } from './server-metadata.js'
import { isObject } from './upstream.js'

const mostLength = 16_384
/** Codes by which providers say that the user did not want to. */
const declined = /^(access_denied|consent_required|user_cancelled\w*|user_denied)$/

/** The parameters of an answer. Throws 'callback_rejected' for a query where a form was asked for. */
export function callbackParameters(
  request: RequestView,
  form: unknown,
  responseMode: 'query' | 'form_post',
): URLSearchParams {
  const post = request.method.toUpperCase() === 'POST'
  // A form is never worse than an address, which stands in logs and histories; the other way round it is.
  if (!post && responseMode === 'form_post') throw rejected('response_mode')
  const parameters = post ? formParameters(form) : queryParameters(request.url)
  for (const name of parameters.keys()) if (parameters.getAll(name).length > 1) throw rejected('repeated_parameter')
  return parameters
}

/** What an answer has to fit. */
export interface ExpectedAnswer {
  readonly clientId: string
  readonly state: string
  readonly hybrid: boolean
  /** The issuer is a stand-in of ours: the name that the server gives itself is another. */
  readonly inventedIssuer: boolean
}

/**
 * Checks issuer (RFC 9207), state and error, and hands on what the token request is made from. Throws
 * 'callback_rejected', 'access_denied' when the user declined, and `OAuthResponseError` for the provider's errors.
 */
export function checkCallback(
  metadata: ServerMetadata,
  { clientId, state, hybrid, inventedIssuer }: ExpectedAnswer,
  parameters: URLSearchParams,
): URLSearchParams {
  const plain = new URLSearchParams(parameters)
  // In the hybrid flow the ID token beside the code names the issuer; it is verified before the code is sent.
  if (hybrid) plain.delete('id_token')
  if (inventedIssuer) plain.delete('iss')
  const { authorization_response_iss_parameter_supported: named = false } = metadata
  const server = { ...metadata, authorization_response_iss_parameter_supported: named && !hybrid }
  try {
    return wire.validateAuthResponse(server, { client_id: clientId }, plain, state)
  } catch (error) {
    if (!(error instanceof wire.AuthorizationResponseError)) throw rejected('response')
    if (declined.test(error.error)) throw new AuthError('access_denied')
    throw new OAuthResponseError(error.error, error.error_description ?? null)
  }
}

/** The error for an answer that does not fit what was asked. */
export function rejected(reason: string): AuthError {
  return new AuthError('callback_rejected', { reason })
}

function queryParameters(url: string): URLSearchParams {
  const query = url.indexOf('?')
  if (url.length > mostLength) throw rejected('too_long')
  return new URLSearchParams(query < 0 ? '' : (url.slice(query + 1).split('#')[0] ?? ''))
}

/** A body as the usual parsers leave it: text, `URLSearchParams`, `FormData`, or an object of texts. */
function formParameters(form: unknown): URLSearchParams {
  if (typeof form === 'string' && form.length <= mostLength) return new URLSearchParams(form)
  const entries =
    form instanceof URLSearchParams || form instanceof FormData ? [...form.entries()] : objectEntries(form)
  const parameters = new URLSearchParams()
  for (const [name, value] of entries) {
    if (typeof value !== 'string' || value.length > mostLength) throw rejected('form')
    parameters.append(name, value)
  }
  return parameters
}

function objectEntries(form: unknown): [string, unknown][] {
  if (!isObject(form)) throw rejected('form')
  return Object.entries(form)
}
