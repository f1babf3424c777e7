/** Writes access tokens (RFC 9068 §2). */
import type { Platform } from '../platform.js'
import { accessTokenType } from './access-token.js'
import { bytesToBase64url } from './base64url.js'
import type { SigningKey } from './jws-key.js'
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

/** A signed token, and its life in seconds. */
export interface WrittenToken {
  readonly token: string
  readonly expiresIn: number
}

/** Signs access tokens with the key that signs now. */
export interface AccessTokenWriter {
  /** Not a promise where key and signature are at hand. Throws `StoreError` where the key ring cannot be read. */
  write(login: Login): WrittenToken | Promise<WrittenToken>
}

const tokenIdBytes = 16
const idsPerDraw = 32
const header = Object.freeze({ typ: accessTokenType })

/** Makes the writer of one issuer. */
export function createAccessTokenWriter(settings: {
  readonly platform: Platform
  readonly source: KeySource
  readonly issuer: string
  readonly accessTokenSeconds: number
}): AccessTokenWriter {
  const { platform, source, issuer, accessTokenSeconds } = settings
  const nextId = tokenIds(platform)

  function signWith(key: SigningKey, login: Login): WrittenToken | Promise<WrittenToken> {
    const iat = platform.now()
    const exp = Math.max(iat + 1, Math.min(iat + accessTokenSeconds, login.endsAt ?? Infinity))
    const claims = {
      ...login.claims,
      iss: issuer,
      sub: login.subject,
      aud: login.audience,
      exp,
      iat,
      jti: nextId(),
      client_id: login.clientId,
      scope: login.scope ?? undefined,
      sid: login.sid ?? undefined,
      fid: login.fid ?? undefined,
      auth_time: login.authTime ?? undefined,
      cnf: login.jkt === null ? undefined : { jkt: login.jkt },
    }
    const token = key.sign(header, JSON.stringify(claims))
    const expiresIn = exp - iat
    return typeof token === 'string' ? { token, expiresIn } : token.then((signed) => ({ token: signed, expiresIn }))
  }

  return {
    write(login) {
      const key = source.signingKey()
      return key instanceof Promise ? key.then((found) => signWith(found, login)) : signWith(key, login)
    },
  }
}

/** Ids are public and need no draw of their own, which would cost more than a MAC does. */
function tokenIds(platform: Platform): () => string {
  let drawn: Uint8Array = new Uint8Array()
  let used = 0
  return () => {
    if (used === drawn.length) {
      drawn = platform.randomBytes(tokenIdBytes * idsPerDraw)
      used = 0
    }
    used += tokenIdBytes
    return bytesToBase64url(drawn.subarray(used - tokenIdBytes, used))
  }
}
