/** Cookies on the wire (RFC 6265bis): the attributes are decided here, once. */
import { ConfigError } from '../errors.js'

/** How a cookie of ours is sent. Always HttpOnly and `Path=/`, never with a Domain. */
export interface CookieOptions {
  /** Whether the origin is https: then the name has the `__Host-` prefix and the cookie is `Secure`. */
  readonly secure: boolean
  readonly sameSite: 'lax' | 'strict' | 'none'
}

/** One kind of cookie: its full name, and the Set-Cookie lines that set and delete it. */
export interface Cookie {
  /** With its prefix. */
  readonly name: string
  /** A Set-Cookie value. `maxAgeSeconds` null: the cookie ends with the browser. */
  set(value: string, maxAgeSeconds: number | null): string
  /** A Set-Cookie value that deletes it. */
  delete(): string
}

const sameSiteNames = { lax: 'Lax', strict: 'Strict', none: 'None' }
/** RFC 9110 §5.6.2 token. */
const token = /^[!#$%&'*+.^`|~\w-]+$/
/** RFC 6265bis cookie-octet. */
const octets = /^[\x21\x23-\x2b\x2d-\x3a\x3c-\x5b\x5d-\x7e]*$/
/** Browsers refuse or cut a cookie whose name and value are longer (RFC 6265bis §5.6). */
const mostOctets = 4096
/** How many cookies of one name are looked at. A browser sends one, or a few where twins were planted. */
const mostTwins = 8
/** How much of a Cookie header is looked at: servers cut off below this, so more is not a browser's. */
const mostHeader = 65_536

/** Makes a cookie of this name; with `secure` it becomes `__Host-name` (RFC 6265bis §4.1.3.2). */
export function createCookie(name: string, options: CookieOptions): Cookie {
  if (!token.test(name)) throw new ConfigError('cookieName: expected a token of RFC 9110, received other characters')
  const full = options.secure ? `__Host-${name}` : name
  const attributes = `; Path=/; HttpOnly; SameSite=${sameSiteNames[options.sameSite]}${options.secure ? '; Secure' : ''}`
  return {
    name: full,
    set(value, maxAgeSeconds) {
      if (!octets.test(value))
        throw new TypeError(`The value of cookie ${full} has characters that a cookie cannot hold.`)
      if (full.length + value.length > mostOctets)
        throw new TypeError(`The value of cookie ${full} is too long for a cookie.`)
      const age = maxAgeSeconds === null ? '' : `; Max-Age=${maxAgeSeconds}`
      return `${full}=${value}${age}${attributes}`
    },
    delete: () => `${full}=; Max-Age=0${attributes}`,
  }
}

/**
 * The values of one cookie name in a Cookie header, in order, each once: a browser sends twins when a cookie of the same
 * name was planted for another path or domain, and only looking tells which is ours.
 */
export function cookieValues(header: string | null, name: string): string[] {
  if (header === null || header.length > mostHeader) return []
  const values: string[] = []
  let equals = -1
  // Walked, not split: on the path of every request nothing is made of the cookies that are not ours.
  for (let start = 0; start < header.length && values.length < mostTwins;) {
    if (equals < start) equals = header.indexOf('=', start)
    if (equals < 0) break
    const next = header.indexOf(';', start)
    const end = next < 0 ? header.length : next
    if (equals < end && withoutBlanks(header, start, equals) === name) {
      const value = withoutBlanks(header, equals + 1, end)
      if (!values.includes(value)) values.push(value)
    }
    start = end + 1
  }
  return values
}

/** Names of the cookies in a header that start with a prefix, each once and in order. */
export function cookieNames(header: string | null, prefix: string): string[] {
  if (header === null || header.length > mostHeader) return []
  const names = header.split(';').map((pair) => withoutBlanks(pair, 0, pair.indexOf('=')))
  return [...new Set(names.filter((name) => name.startsWith(prefix)))]
}

/**
 * A part of a header without the spaces and tabs around it (RFC 6265bis §5.6). Not `trim`, which takes away more: a browser
 * lets any subdomain set a cookie whose name is a no-break space and ours, as that does not begin with `__Host-`.
 */
function withoutBlanks(text: string, from: number, to: number): string {
  let start = from
  let end = to
  while (start < end && isBlank(text.charCodeAt(start))) start += 1
  while (end > start && isBlank(text.charCodeAt(end - 1))) end -= 1
  return text.slice(start, Math.max(start, end))
}

function isBlank(code: number): boolean {
  return code === 0x20 || code === 0x09
}
