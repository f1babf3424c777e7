/** Options that the flows without a browser share. */
import { ConfigError } from '../errors.js'
import { expected, optionalFunction } from '../internal/options.js'
import type { Shared } from '../shared.js'
import { checkScope } from './flow-context.js'
import type { Provider } from './provider.js'

/** Options of the flows without a browser. */
export interface GrantOptions extends Partial<Pick<Shared, 'onEvent' | 'platform'>> {
  /** Where to ask. */
  readonly provider: Provider
  /** Space-separated. */
  readonly scope?: string
  /** The API that the token is for (RFC 8707). */
  readonly resource?: string
}

/** Scope and resource, checked; '' where not named. Throws `ConfigError`. */
export function grantDefaults(options: GrantOptions): { scope: string; resource: string } {
  const { grantType, username, password } = options as { grantType?: unknown; username?: unknown; password?: unknown }
  if (grantType === 'password' || username !== undefined || password !== undefined) {
    throw new ConfigError(
      "password: this app must not see a user's password for another site (RFC 9700 §2.4); use createAuthorizationCodeFlow, or createDeviceFlow where there is no browser",
    )
  }
  optionalFunction('onEvent', options.onEvent)
  return { scope: checkScope(options.scope ?? ''), resource: checkResource(options.resource) }
}

/** RFC 8707 §2: an absolute URI without a fragment. */
function checkResource(resource: unknown): string {
  if (resource === undefined) return ''
  if (typeof resource === 'string' && URL.canParse(resource) && /^[^\s#]+$/.test(resource)) return resource
  throw expected('resource', "an absolute URI without a fragment, such as 'https://api.example'", resource)
}

/** As parameters of a request; what is empty is left out. */
export function grantParameters({ scope, resource }: { scope: string; resource: string }): Record<string, string> {
  return { ...(scope !== '' && { scope }), ...(resource !== '' && { resource }) }
}
