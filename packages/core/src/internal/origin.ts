/** The app's own origin, as configured; never taken from a request. */
import { expected } from './options.js'

const loopbackHosts = /^(localhost|.+\.localhost|127(\.\d{1,3}){3}|\[::1\])$/

/**
 * Checks an origin: `https://host[:port]`, or http on a loopback host, without path. Throws `ConfigError` naming `option`.
 * Returns it as browsers write it in `Origin`.
 */
export function checkOrigin(option: string, value: unknown): string {
  const what = 'an origin such as https://app.example, or http://localhost:3000 (http on a loopback host only)'
  const url = typeof value === 'string' ? parseUrl(value) : null
  if (!url || url.username !== '' || url.password !== '' || `${url.origin}/` !== url.href)
    throw expected(option, what, value)
  if (url.protocol === 'https:' || (url.protocol === 'http:' && isLoopbackHost(url.hostname))) return url.origin
  throw expected(option, what, value)
}

/** Whether a host name as the URL standard writes it means this machine (RFC 6761 §6.3, RFC 8252 §7.3). */
export function isLoopbackHost(hostname: string): boolean {
  return loopbackHosts.test(hostname)
}

function parseUrl(value: string): URL | null {
  return URL.canParse(value) ? new URL(value) : null
}
