/** Calls to other servers: which addresses may be asked, for how long, and how much of an answer is read. */
import { AuthError } from '../errors.js'
import { isLoopbackHost } from '../internal/origin.js'

/** How long one answer may take, in seconds. */
export const upstreamTimeoutSeconds = 10
/** More than any metadata, key set or token answer. */
const mostOctets = 1_048_576

/**
 * The URL, if a server may ask it: https to a public address; with `allowPrivate` any address, and plain http to this
 * machine. `null` otherwise. It judges names and literal addresses, not what a name resolves to.
 */
export function askableUrl(value: unknown, allowPrivate: boolean): URL | null {
  let url: URL
  try {
    url = new URL(String(value))
  } catch {
    return null
  }
  if (typeof value !== 'string' || url.username !== '' || url.password !== '') return null
  if (url.protocol === 'http:') return allowPrivate && isLoopbackHost(url.hostname) ? url : null
  if (url.protocol !== 'https:') return null
  return allowPrivate || !isPrivate(url.hostname) ? url : null
}

/** The same for a URL that a person is sent to: into a private network, if need be, but never to a script. */
export function visitableUrl(value: unknown, allowPrivate: boolean): URL | null {
  const url = askableUrl(value, true)
  return url && (allowPrivate || url.protocol === 'https:') ? url : null
}

/** The signal that ends a call at the timeout, or with the caller's own. */
export function timeoutSignal(signal?: AbortSignal | null): AbortSignal {
  const timeout = AbortSignal.timeout(upstreamTimeoutSeconds * 1000)
  return signal ? AbortSignal.any([signal, timeout]) : timeout
}

/** The JSON of an answer, read up to a bound. Throws 'provider_error' for anything else. */
export async function readJson(response: Response): Promise<unknown> {
  const type = response.headers.get('content-type')?.split(';')[0]?.trim().toLowerCase() ?? ''
  if (!/^application\/([\w.-]+\+)?json$/.test(type)) throw new AuthError('provider_error')
  const text = await readText(response)
  try {
    return JSON.parse(text)
  } catch {
    throw new AuthError('provider_error')
  }
}

/** The same for an answer that must be an object. */
export async function readJsonObject(response: Response): Promise<Record<string, unknown>> {
  const value = await readJson(response)
  if (isObject(value)) return value
  throw new AuthError('provider_error')
}

/** The text of an answer, read up to a bound. Throws 'provider_error' beyond it. */
export async function readText(response: Response): Promise<string> {
  const decoder = new TextDecoder()
  let text = ''
  let octets = 0
  for await (const chunk of response.body ?? []) {
    octets += chunk.byteLength
    if (octets > mostOctets) throw new AuthError('provider_error')
    text += decoder.decode(chunk, { stream: true })
  }
  return text + decoder.decode()
}

/**
 * The same answer, read whole up to the bound, for readers that would take any length: a provider of a stranger's choosing
 * could fill the memory of this server. Throws 'provider_error' beyond it.
 */
export async function boundedAnswer(response: Response): Promise<Response> {
  if (!response.body) return response
  const { status, headers } = response
  return new Response((await readText(response)) || null, { status, headers })
}

/** Whether a value is an object with named members. */
export function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

/** Special-purpose blocks (RFC 6890) and names that never leave a network. The URL parser has made every number canonical. */
function isPrivate(hostname: string): boolean {
  const host = hostname.toLowerCase().replace(/\.$/, '')
  if (host.startsWith('[')) return isPrivateV6(host.slice(1, -1))
  const v4 = /^\d+\.\d+\.\d+\.\d+$/.test(host)
  return v4
    ? isPrivateV4(host)
    : isLoopbackHost(host) || !host.includes('.') || /\.(local|internal|home\.arpa|lan)$/.test(host)
}

function isPrivateV4(host: string): boolean {
  const [a = 0, b = 0, c = 0] = host.split('.').map(Number)
  if (a === 0 || a === 10 || a === 127 || a >= 224) return true
  if (a === 100) return b >= 64 && b < 128
  if (a === 169) return b === 254
  if (a === 172) return b >= 16 && b < 32
  if (a === 192) return b === 168 || (b === 0 && (c === 0 || c === 2))
  if (a === 198) return b === 18 || b === 19 || (b === 51 && c === 100)
  return a === 203 && b === 0 && c === 113
}

/** Only global unicast (2000::/3) is public, and of it not documentation, 6to4 or Teredo, which can carry a private v4. */
function isPrivateV6(host: string): boolean {
  const [first = '', second = ''] = host.split(':')
  const head = Number.parseInt(first || '0', 16)
  if (head < 0x2000 || head > 0x3fff) return true
  if (head === 0x2002) return true
  return head === 0x2001 && (second === 'db8' || second === '' || Number.parseInt(second, 16) < 0x200)
}
