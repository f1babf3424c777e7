/**
 * The one strict parser of compact JWS (RFC 7515 §7.1), before any key is looked for or any byte is decoded by anything
 * else: canonical base64url, a header of known shape, no key material from the token, linear time.
 */
import { fromBase64url, isBase64url } from './base64url.js'
import { freezeDeeply } from './freeze.js'
import { type JsonObject, parseJsonBytes } from './strict-json.js'

/** Longest token that is looked at, in characters. Servers do not take longer header lines either. */
export const mostTokenLength = 65_536
/** Headers seen before, by their text: nearly all tokens of one issuer have the same one. */
const seenHeaders = new Map<string, JwsHeader>()
const mostSeenHeaders = 256
/** A remembered part keeps the whole token's text alive, so only headers of short ones are. */
const longestSeenHeader = 512

/**
 * Members that change how a token is to be read, or name a key. `crit` is refused altogether, as no extension is
 * understood here, and with it `b64` (RFC 7797); key material in a token proves nothing (RFC 8725 §3.10).
 */
const refusedMembers = ['crit', 'b64', 'jwk', 'jku', 'x5u', 'x5c', 'zip', 'enc', 'epk', 'p2c', 'p2s']

/** A header whose members that matter have the right types. */
export interface JwsHeader {
  readonly alg: string
  readonly kid: string | undefined
  readonly typ: string | undefined
  readonly cty: string | undefined
  /** All members, as they were. */
  readonly members: JsonObject
}

/** A token in its three parts, nothing of it proven. */
export interface ParsedJws {
  readonly header: JwsHeader
  /** What was signed: header and payload, as they came. */
  readonly signingInput: string
  /** Base64url. */
  readonly payload: string
  /** Base64url. */
  readonly signature: string
}

/** The parts of a compact JWS; `null` for anything that is not exactly one. `allowed`: one more header member to let in. */
export function parseJws(token: unknown, allowed?: 'jwk'): ParsedJws | null {
  if (typeof token !== 'string' || token.length > mostTokenLength) return null
  const first = token.indexOf('.')
  const second = token.indexOf('.', first + 1)
  if (first < 1 || second === -1) return null
  const payload = token.slice(first + 1, second)
  const signature = token.slice(second + 1)
  // A fourth part has a dot in it, which is no base64url.
  if (signature === '' || !isBase64url(payload) || !isBase64url(signature)) return null
  const header = parseHeader(token.slice(0, first), allowed)
  return header && { header, payload, signature, signingInput: token.slice(0, second) }
}

/** A JOSE header's members; `null` where it is not canonical base64url of one JSON object. */
export function parseHeaderMembers(text: string): JsonObject | null {
  return isBase64url(text) ? parseJsonBytes(fromBase64url(text)) : null
}

function parseHeader(text: string, allowed?: 'jwk'): JwsHeader | null {
  const seen = seenHeaders.get(text)
  if (seen) return seen
  const members = parseHeaderMembers(text)
  if (!members || refusedMembers.some((name) => name !== allowed && Object.hasOwn(members, name))) return null
  const { alg, kid, typ, cty } = members
  if (typeof alg !== 'string' || !isOptionalText(kid) || !isOptionalText(typ) || !isOptionalText(cty)) return null
  // Frozen, as all tokens with this text share it, and a raw door hands it out.
  const header = freezeDeeply({ alg, kid, typ, cty, members })
  if (!Object.hasOwn(members, 'jwk') && text.length <= longestSeenHeader) remember(text, header)
  return header
}

function isOptionalText(value: unknown): value is string | undefined {
  return value === undefined || typeof value === 'string'
}

function remember(text: string, header: JwsHeader): void {
  if (seenHeaders.size >= mostSeenHeaders) seenHeaders.clear()
  seenHeaders.set(text, header)
}
