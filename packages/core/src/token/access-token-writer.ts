/** Writes access tokens (RFC 9068 §2). */
import type { Platform } from '../platform.js'
import { accessTokenType } from './access-token.js'
import { bytesToBase64url } from './base64url.js'
import type { KeySource } from './key-ring.js'
import type { JsonObject } from './strict-json.js'

/** Whose token it is, and by what it stays alive. */
export interface Login {
  readonly subject: string
  readonly clientId: string
  readonly audience: string
  readonly scope: string | null
  /** The session's id, or the family's where that is the login. */
  readonly sid: string | null
  /** The family's id. */
  readonly fid: string | null
  readonly authTime: number | null
  readonly jkt: string | null
  readonly claims: JsonObject
  /** No token is good longer than this; epoch seconds. */
  readonly endsAt: number | null
}

/** Signs access tokens with the key that signs now. */
export interface AccessTokenWriter {
  /** The token and its life in seconds. Throws `StoreError` where the key ring cannot be read. */
  write(login: Login): Promise<{ readonly token: string; readonly expiresIn: number }>
}

const tokenIdBytes = 16
const header = Object.freeze({ typ: accessTokenType })

/** Makes the writer of one issuer. */
export function createAccessTokenWriter(settings: {
  readonly platform: Platform
  readonly source: KeySource
  readonly issuer: string
  readonly accessTokenSeconds: number
}): AccessTokenWriter {
  const { platform, source, issuer, accessTokenSeconds } = settings
  return {
    async write(login) {
      const found = source.signingKey()
      const key = found instanceof Promise ? await found : found
      const iat = platform.now()
      const exp = Math.max(iat + 1, Math.min(iat + accessTokenSeconds, login.endsAt ?? Infinity))
      const claims = {
        ...login.claims,
        iss: issuer,
        sub: login.subject,
        aud: login.audience,
        exp,
        iat,
        jti: bytesToBase64url(platform.randomBytes(tokenIdBytes)),
        client_id: login.clientId,
        scope: login.scope ?? undefined,
        sid: login.sid ?? undefined,
        fid: login.fid ?? undefined,
        auth_time: login.authTime ?? undefined,
        cnf: login.jkt === null ? undefined : { jkt: login.jkt },
      }
      const signed = key.sign(header, JSON.stringify(claims))
      return { token: typeof signed === 'string' ? signed : await signed, expiresIn: exp - iat }
    },
  }
}
