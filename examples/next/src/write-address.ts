/** Writes each visitor's address where Next hands it on. */
import { subscribe } from 'node:diagnostics_channel'
import type { IncomingMessage } from 'node:http'
import proxyAddress from 'proxy-addr'

/**
 * From now on every request to this process says in `x-forwarded-for` where it is from, by what trusted proxies say, and in
 * no other forwarding header anything: Next believes what they say, whoever sent them. Node tells of a request here before
 * any server sees it, so this works under `next start`, `next dev` and in the standalone output as well.
 */
export function writeAddresses(trustProxy: readonly string[]): void {
  const trust = proxyAddress.compile([...trustProxy])
  subscribe('http.server.request.start', (message) => {
    const { request } = message as { readonly request: IncomingMessage }
    const address = proxyAddress(request, trust)
    for (const name of Object.keys(request.headers)) {
      if (name === 'forwarded' || name.startsWith('x-forwarded-')) delete request.headers[name]
    }
    request.headers['x-forwarded-for'] = address
  })
}
