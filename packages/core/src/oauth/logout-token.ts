/** Back-channel logout tokens (OpenID Connect Back-Channel Logout 1.0 §2.4, §2.6). */
import { AuthError } from '../errors.js'
import { onceCarriedOut } from '../internal/carried-out.js'
import { sha256Text } from '../platform.js'
import type { Records } from '../store/records.js'
import type { LogoutTokenClaims } from './authorization-code-flow.js'
import { type JwtContext, leewaySeconds, verifyProviderJwt } from './id-token.js'
import { isObject } from './upstream.js'

const logoutEvent = 'http://schemas.openid.net/event/backchannel-logout'
/** Explicit type; older providers send `JWT` or nothing, and the event tells the token apart then. */
const types = /^(application\/)?(logout\+jwt|jwt)$/i
/** A logout that is older than this was delivered long ago (in seconds). */
const oldestSeconds = 600

/**
 * Reads a logout token. With records for it, its `jti` is spent once what it names has been ended: a provider delivers the
 * same token again when that failed (decision 090). Throws 'invalid_request' with the reason, 'provider_error' when the
 * provider's keys cannot be had.
 */
export async function verifyLogoutToken(
  context: JwtContext,
  token: unknown,
  taken: Records<true> | null,
): Promise<LogoutTokenClaims> {
  const { claims, typ } = await verified(context, token)
  const { iss, sub, sid, iat, exp, jti, events, nonce } = claims
  const now = context.platform.now()
  if (typ !== null && !types.test(typ)) throw refused('typ')
  if (!isObject(events) || !isObject(events[logoutEvent])) throw refused('events')
  if (nonce !== undefined) throw refused('nonce')
  if (typeof iat !== 'number' || iat > now + leewaySeconds || iat < now - oldestSeconds) throw refused('iat')
  if (typeof exp !== 'number') throw refused('exp')
  if (typeof jti !== 'string' || jti === '') throw refused('jti')
  if (sub !== undefined && typeof sub !== 'string') throw refused('sub')
  if (sid !== undefined && typeof sid !== 'string') throw refused('sid')
  if (sub === undefined && sid === undefined) throw refused('sub')
  const logout = { issuer: String(iss), subject: sub ?? null, providerSessionId: sid ?? null, issuedAt: iat }
  if (taken) {
    const key = sha256Text(context.platform, JSON.stringify(['logout', iss, jti]))
    if (await taken.read(key, { fresh: true })) throw refused('replayed')
    const expiresAt = now + oldestSeconds + leewaySeconds
    onceCarriedOut(logout, () => taken.insertOnce({ key, owner: null, expiresAt, value: true }))
  }
  return logout
}

async function verified(context: JwtContext, token: unknown): ReturnType<typeof verifyProviderJwt> {
  try {
    return await verifyProviderJwt(context, token)
  } catch (error) {
    if (error instanceof AuthError && error.code === 'callback_rejected') throw refused(String(error.details.reason))
    throw error
  }
}

function refused(reason: string): AuthError {
  return new AuthError('invalid_request', { reason: `logout_token_${reason.replace('id_token_', '')}` })
}
