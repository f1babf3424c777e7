/** Credentials in the Authorization header: Bearer (RFC 6750 §2.1), DPoP (RFC 9449 §7.1), Basic for OAuth clients (RFC 6749 §2.3.1). */
import type { RequestView } from '../cookie/request-view.js'
import { constantTimeEqual } from '../internal/equal.js'
import { type Platform, sha256Text } from '../platform.js'

/** RFC 6750 b64token, and no more than a header holds. */
const bearer = /^(bearer|dpop) +([\w.~+/-]+=*)$/i
const basic = /^basic +([\w+/-]+=*)$/i
const mostLength = 32_768

/** What the header holds: a token, nothing, or something that is neither. */
export type BearerCredentials = { readonly token: string; readonly scheme: 'Bearer' | 'DPoP' } | 'absent' | 'malformed'

/** Reads an access token and how it is presented. Only from the header: never from a query or a form. */
export function readBearer({ headers }: RequestView): BearerCredentials {
  const header = headers.get('authorization')
  if (header === null) return 'absent'
  const [, scheme, token] = (header.length <= mostLength && bearer.exec(header)) || []
  if (token !== undefined) return { token, scheme: scheme?.toLowerCase() === 'dpop' ? 'DPoP' : 'Bearer' }
  return /^(bearer|dpop)\b/i.test(header) ? 'malformed' : 'absent'
}

/**
 * The client that the Basic credentials authenticate, or `null`. All comparisons take the same time. Both as RFC 6749 §2.3.1
 * has them, encoded like a form, and as they are, as most tools send them.
 */
export function readClient(
  platform: Platform,
  { headers }: RequestView,
  secrets: Readonly<Record<string, string>>,
): string | null {
  const presented = decodeBasic(headers.get('authorization') ?? '')
  const found = [presented, presented && formDecoded(presented)].filter((one) => isRight(platform, one, secrets))
  return found[0]?.id ?? null
}

interface Credentials {
  readonly id: string
  readonly secret: string
}

function isRight(
  platform: Platform,
  credentials: Credentials | null,
  secrets: Readonly<Record<string, string>>,
): boolean {
  const secret = (credentials && Object.hasOwn(secrets, credentials.id) && secrets[credentials.id]) || ''
  const right = constantTimeEqual(sha256Text(platform, credentials?.secret ?? ''), sha256Text(platform, secret))
  return right && secret !== ''
}

function decodeBasic(header: string): Credentials | null {
  const encoded = header.length <= mostLength ? basic.exec(header)?.[1] : undefined
  if (encoded === undefined) return null
  try {
    const octets = Uint8Array.from(atob(encoded), (character) => character.charCodeAt(0))
    const text = new TextDecoder('utf-8', { fatal: true }).decode(octets)
    const colon = text.indexOf(':')
    return colon < 1 ? null : { id: text.slice(0, colon), secret: text.slice(colon + 1) }
  } catch {
    return null
  }
}

function formDecoded({ id, secret }: Credentials): Credentials | null {
  const decode = (text: string): string => decodeURIComponent(text.replaceAll('+', ' '))
  try {
    return { id: decode(id), secret: decode(secret) }
  } catch {
    return null
  }
}
