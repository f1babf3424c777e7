/** DPoP for clients (RFC 9449 §4.2): proofs that a request comes from the holder of a key. */
import { randomText } from '../internal/opaque-token.js'
import type { JsonWebKey } from '../json-web-key.js'
import { type Platform, sha256Text, systemPlatform } from '../platform.js'
import { readBounded } from './fetch-json.js'
import { createSigningKey } from './jws-key.js'
import { keyShapes, thumbprint } from './jwk.js'
import { checkPrivateKey } from './key-ring.js'
import { parseJsonBytes } from './strict-json.js'

/** The request that a proof is for. */
export interface DpopRequest {
  /** The method of the request that the proof goes with. */
  readonly method: string
  /** Its URL; query and fragment are left out of the proof. */
  readonly url: string
  /** The token that the request carries, if it carries one. */
  readonly accessToken?: string
  /** The server's latest nonce, if it asks for one. */
  readonly nonce?: string
}

/** Proofs by one key. */
export interface DpopProofs {
  /** Thumbprint of the key (RFC 7638). */
  readonly jkt: string
  /** A proof for one request: the value of its `DPoP` header. */
  proof(request: DpopRequest): Promise<string>
  /** Fetches with token and proof; sends it once more where the server asks for a nonce, and remembers that. */
  fetch(url: string, init: RequestInit & { readonly accessToken?: string }): Promise<Response>
}

/** `typ` of a proof (RFC 9449 §4.2). */
export const proofType = 'dpop+jwt'
const mostOrigins = 100
const proofIdBytes = 16
const mostErrorBytes = 16_384

/**
 * Makes proofs with a private key, as `generateJwk()` makes it. Throws `ConfigError` for a key that cannot sign.
 *
 * @example
 * ```ts
 * const dpop = createDpopProofs({ key: await generateJwk() })
 * const response = await dpop.fetch('https://api.example/orders', { accessToken })
 * ```
 */
export function createDpopProofs(options: { readonly key: JsonWebKey; readonly platform?: Platform }): DpopProofs {
  const { platform = systemPlatform } = options
  const checked = checkPrivateKey('key', options.key)
  const { publicMembers } = keyShapes[checked.algorithm]
  const jwk = Object.fromEntries(publicMembers.map((name) => [name, checked.jwk[name]]))
  const signing = createSigningKey(checked)
  const nonces = new Map<string, string>()

  async function proof({ method, url, accessToken, nonce }: DpopRequest): Promise<string> {
    const claims = {
      jti: randomText(platform, proofIdBytes),
      htm: sentMethod(method),
      htu: targetOf(url),
      iat: platform.now(),
      ath: accessToken === undefined ? undefined : sha256Text(platform, accessToken),
      nonce,
    }
    return signing.sign({ typ: proofType, jwk }, JSON.stringify(claims))
  }

  function remember(origin: string, response: Response): string | null {
    const nonce = response.headers.get('dpop-nonce')
    if (nonce === null) return null
    if (nonces.size >= mostOrigins) nonces.clear()
    nonces.set(origin, nonce)
    return nonce
  }

  return {
    jkt: thumbprint(checked.jwk),
    proof,
    async fetch(url, { accessToken, ...init }) {
      const { origin } = new URL(url)
      const method = init.method ?? 'GET'
      const send = async (nonce: string | undefined): Promise<Response> => {
        const headers = new Headers(init.headers)
        const token = accessToken === undefined ? {} : { accessToken }
        headers.set('dpop', await proof({ method, url, ...token, ...(nonce === undefined ? {} : { nonce }) }))
        if (accessToken !== undefined) headers.set('authorization', `DPoP ${accessToken}`)
        return platform.fetch(url, { ...init, headers })
      }
      const used = nonces.get(origin)
      const response = await send(used)
      const nonce = remember(origin, response)
      if (nonce === null || nonce === used || init.body instanceof ReadableStream) return response
      if (!(await asksForNonce(response))) return response
      await response.body?.cancel()
      const again = await send(nonce)
      remember(origin, again)
      return again
    },
  }
}

/** As `fetch` sends it: it writes these in upper case, and no others. */
function sentMethod(method: string): string {
  return /^(?:delete|get|head|options|post|put)$/i.test(method) ? method.toUpperCase() : method
}

/**
 * Whether a nonce is all that was missing: an API says so in its challenge, a token endpoint in its body (RFC 9449 §8, §9).
 * After any other error the request may have had its effect, and a second one would spend a `code` twice.
 */
async function asksForNonce(response: Response): Promise<boolean> {
  if (response.status !== 400 && response.status !== 401) return false
  if (/\berror="?use_dpop_nonce\b/.test(response.headers.get('www-authenticate') ?? '')) return true
  if (!/\bjson\b/.test(response.headers.get('content-type') ?? '')) return false
  try {
    return parseJsonBytes(await readBounded(response.clone(), mostErrorBytes))?.error === 'use_dpop_nonce'
  } catch {
    return false
  }
}

/** A URL without query and fragment (RFC 9449 §4.2). Throws `TypeError` for what is no URL. */
export function targetOf(url: string): string {
  const { origin, pathname } = new URL(url)
  return `${origin}${pathname}`
}
