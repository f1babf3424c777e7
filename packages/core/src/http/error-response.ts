/** The HTTP answer that belongs to an `AuthError`: status, headers and body, for any framework. */
import { AuthError, type AuthErrorCode, sentenceOf } from '../errors.js'

/** An answer as plain values; `new Response(answer.body, answer)`. */
export interface ErrorAnswer {
  /** The HTTP status. */
  readonly status: number
  /** By field name; `Cache-Control: no-store` among them. */
  readonly headers: Record<string, string>
  /** JSON text. */
  readonly body: string
}

/** Codes of OAuth endpoints: answered as RFC 6749 §5.2 says. */
const oauthCodes: ReadonlySet<AuthErrorCode> = new Set(['invalid_grant', 'invalid_client', 'invalid_scope'])
/** After this long another try makes sense, where nothing better is known. */
const retrySeconds = 5

/**
 * The answer for an `AuthError`; `null` for what is not one: that is the app's. `details.form: 'oauth'` asks for the form of
 * RFC 6749 §5.2 where the code alone does not.
 */
export function errorResponse(error: unknown): ErrorAnswer | null {
  if (!(error instanceof AuthError)) return null
  const headers = {
    'Content-Type': 'application/json; charset=utf-8',
    'Cache-Control': 'no-store',
    'X-Content-Type-Options': 'nosniff',
    ...retryHeader(error),
    ...challengeHeader(error),
  }
  return { status: error.status, headers, body: JSON.stringify(bodyOf(error)) }
}

// The sentence of the code, not the error's own text, which may tell of the inside. A code that only another copy of this
// library knows has no sentence here (decision 111): its error brings it along.
function bodyOf(error: AuthError): unknown {
  const { code, details } = error
  const message = sentenceOf(code) ?? error.message
  if (oauthCodes.has(code) || details.form === 'oauth') return { error: code, error_description: message }
  const { presented: _, ...shown } = details
  return { error: { ...shown, code, message } }
}

function retryHeader({ code, status, details }: AuthError): Record<string, string> {
  if (status !== 503 && code !== 'too_many_attempts') return {}
  const wait = details.retryAfterSeconds
  return { 'Retry-After': String(typeof wait === 'number' ? wait : retrySeconds) }
}

// RFC 6750 §3: a request that presented no token is told the scheme only.
function challengeHeader({ code, details }: AuthError): Record<string, string> {
  if (code === 'invalid_client') return { 'WWW-Authenticate': 'Basic realm="oauth", charset="UTF-8"' }
  if (code === 'invalid_token') {
    // RFC 9449 §7.1.
    if (typeof details.dpop === 'string') {
      return { 'WWW-Authenticate': `DPoP error="${details.dpop}", algs="ES256 EdDSA RS256 PS256"` }
    }
    return { 'WWW-Authenticate': details.presented === false ? 'Bearer' : 'Bearer error="invalid_token"' }
  }
  if (code !== 'insufficient_scope') return {}
  const scope = typeof details.scope === 'string' ? `, scope="${details.scope}"` : ''
  return { 'WWW-Authenticate': `Bearer error="insufficient_scope"${scope}` }
}
