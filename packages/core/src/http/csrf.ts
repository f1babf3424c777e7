/** The guard against cross-site requests: Fetch Metadata first, `Origin` where a browser sends none. */
import type { RequestView } from '../cookie/request-view.js'

const safeMethods = new Set(['GET', 'HEAD', 'OPTIONS'])

/** What the guard needs to know of a request. */
export interface CsrfCase {
  /** Our own origin, and others whose requests may use the cookie. */
  readonly origins: ReadonlySet<string>
  /** Whether the request carries a cookie of ours. */
  readonly carriesCookie: boolean
}

/**
 * Whether a request may change state, or open what can: every method but GET, HEAD and OPTIONS, so written; and an upgrade
 * to a WebSocket, which browsers let any site ask for (RFC 6455 §10.2).
 */
export function isUnsafe({ method, headers }: RequestView): boolean {
  return !safeMethods.has(method) || headers.get('upgrade')?.toLowerCase() === 'websocket'
}

/**
 * Whether an unsafe request comes from our own pages. `Sec-Fetch-Site` decides where there is one: no page can forge it.
 * Without it `Origin` decides. With neither it is no browser: it passes unless it carries our cookie.
 */
export function isFromOurPages({ headers }: RequestView, { origins, carriesCookie }: CsrfCase): boolean {
  const site = headers.get('sec-fetch-site')
  const origin = headers.get('origin')
  if (site === 'same-origin' || site === 'none') return true
  if (origin !== null) return (site === null || isForeign(origins, origin)) && origins.has(origin)
  return site === null && !carriesCookie
}

// The first origin is our own: a request that says cross-site and names it contradicts itself.
function isForeign(origins: ReadonlySet<string>, origin: string): boolean {
  const [own] = origins
  return origin !== own
}
