/** Signing in by a question to the user's own device: OpenID CIBA Core 1.0, poll mode. */
import * as wire from 'oauth4webapi'
import { AuthError } from '../errors.js'
import { systemPlatform } from '../platform.js'
import { grantDefaults, type GrantOptions, grantParameters } from './grant-options.js'
import type { GrantedLogin } from './identity.js'
import { type Pending, pollForTokens, pollInterval } from './polling.js'
import { createProviderClient } from './provider-client.js'

/** Whom to ask, and what. */
export interface CibaRequest {
  /** Names the user to the provider: an e-mail address, a phone number. */
  readonly loginHint: string
  /** Shown at both devices, so that the user can compare. */
  readonly bindingMessage?: string
}

/** A question that was put. */
export interface PendingCiba {
  /** Epoch seconds. */
  readonly expiresAt: number
}

/** The CIBA flow of one provider. */
export interface CibaFlow {
  /** Has the provider ask the user. Throws `OAuthResponseError` ('unknown_user_id' …), 'provider_error'. */
  begin(request: CibaRequest): Promise<PendingCiba>
  /** Waits, in the process that began it, for the user's answer; 'access_denied', 'transaction_missing' (expired). */
  finish(pending: PendingCiba, options?: { readonly signal?: AbortSignal }): Promise<GrantedLogin>
}

const cibaGrant = 'urn:openid:params:grant-type:ciba'

/** Makes the flow. Throws `ConfigError`. */
export function createCibaFlow(options: GrantOptions): CibaFlow {
  const platform = options.platform ?? systemPlatform
  const client = createProviderClient(options.provider, platform)
  const defaults = grantDefaults({ ...options, scope: options.scope ?? client.definition.scope })
  const begun = new WeakMap<PendingCiba, Pending>()
  return {
    async begin({ loginHint, bindingMessage }) {
      const now = platform.now()
      const parameters = {
        ...grantParameters(defaults),
        login_hint: loginHint,
        ...(bindingMessage !== undefined && { binding_message: bindingMessage }),
      }
      const answer = await client.exchange(async ({ server, client: identity, authentication, options: request }) => {
        const response = await wire.backchannelAuthenticationRequest(
          server,
          identity,
          authentication,
          parameters,
          request,
        )
        return wire.processBackchannelAuthenticationResponse(server, identity, response)
      })
      const pending: PendingCiba = { expiresAt: now + Math.floor(answer.expires_in) }
      begun.set(pending, {
        grant: cibaGrant,
        parameters: { auth_req_id: answer.auth_req_id },
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
