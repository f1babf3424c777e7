/** Signing in on a device without a browser (RFC 8628). */
import * as wire from 'oauth4webapi'
import { AuthError } from '../errors.js'
import { systemPlatform } from '../platform.js'
import { grantDefaults, type GrantOptions, grantParameters } from './grant-options.js'
import type { GrantedLogin } from './identity.js'
import { type Pending, pollForTokens, pollInterval } from './polling.js'
import { createProviderClient, type ProviderClient } from './provider-client.js'
import { visitableUrl } from './upstream.js'

/** What the user is shown. */
export interface PendingDevice {
  /** To be entered there. */
  readonly userCode: string
  /** Where to go. */
  readonly verificationUri: string
  /** The same with the code in it, for a QR code; `null`: the provider has none. */
  readonly verificationUriComplete: string | null
  /** Epoch seconds. */
  readonly expiresAt: number
}

/** The device flow of one provider. */
export interface DeviceFlow {
  /** Asks for a code to show. Throws `OAuthResponseError`, 'provider_error'. */
  begin(): Promise<PendingDevice>
  /** Waits, in the process that began it, for the user's answer; 'access_denied', 'transaction_missing' (expired). */
  finish(pending: PendingDevice, options?: { readonly signal?: AbortSignal }): Promise<GrantedLogin>
}

const deviceGrant = 'urn:ietf:params:oauth:grant-type:device_code'

/** Makes the flow. Throws `ConfigError`. */
export function createDeviceFlow(options: GrantOptions): DeviceFlow {
  const platform = options.platform ?? systemPlatform
  const client = createProviderClient(options.provider, platform)
  const defaults = grantDefaults({ ...options, scope: options.scope ?? client.definition.scope })
  // The device code is a secret; what is shown and logged has no such member.
  const begun = new WeakMap<PendingDevice, Pending>()
  return {
    async begin() {
      const now = platform.now()
      const answer = await client.exchange(async ({ server, client: identity, authentication, options: request }) => {
        const parameters = grantParameters(defaults)
        const response = await wire.deviceAuthorizationRequest(server, identity, authentication, parameters, request)
        return wire.processDeviceAuthorizationResponse(server, identity, response)
      })
      const { verification_uri_complete: complete } = answer
      const pending: PendingDevice = {
        userCode: answer.user_code,
        verificationUri: visitable(client, answer.verification_uri),
        verificationUriComplete: complete === undefined ? null : visitable(client, complete),
        expiresAt: now + Math.floor(answer.expires_in),
      }
      begun.set(pending, {
        grant: deviceGrant,
        parameters: { device_code: answer.device_code },
        expiresAt: pending.expiresAt,
        intervalSeconds: pollInterval(answer.interval),
        asked: { scope: defaults.scope, resource: defaults.resource || null },
      })
      return pending
    },
    async finish(pending, { signal } = {}) {
      const found = begun.get(pending)
      if (!found) throw new AuthError('transaction_missing')
      return pollForTokens(client, found, signal)
    },
  }
}

/** Apps make links and QR codes of it: a script there would run in the app's own page. */
function visitable({ definition }: ProviderClient, uri: string): string {
  const url = visitableUrl(uri, definition.allowPrivateNetwork)
  if (url) return url.href
  throw new AuthError('provider_error', { reason: 'address_refused' })
}
