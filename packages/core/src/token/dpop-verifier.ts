/** DPoP for servers (RFC 9449 §4.3): whether a request comes from the holder of the key that its token is bound to. */
import { createEmit } from '../events.js'
import { constantTimeEqual } from '../internal/equal.js'
import { optionalFunction, requireMethods, seconds } from '../internal/options.js'
import { deriveKeys, type KeyList } from '../internal/secrets.js'
import { encodeBase64urlNoPadding } from '@oslojs/encoding'
import { type Platform, sha256Text, systemPlatform } from '../platform.js'
import type { Shared } from '../shared.js'
import { boundedStore } from '../store/bounded-store.js'
import { fromBase64url } from './base64url.js'
import { proofType, targetOf } from './dpop-proofs.js'
import { createVerifyingKey } from './jws-key.js'
import { parseJws } from './jws-parser.js'
import { checkJwk, thumbprint } from './jwk.js'
import { createReplayGuard } from './replay-guard.js'
import { isJsonObject, type JsonObject, parseJsonBytes } from './strict-json.js'

/** Options of {@link createDpopVerifier}. */
export interface DpopVerifierOptions extends Pick<Shared, 'store' | 'onEvent' | 'platform'> {
  /** With secrets, each proof needs a nonce from here (RFC 9449 §8): a stolen browser cannot make proofs for later. */
  readonly secrets?: readonly string[]
  /** How old a proof may be. Default 60. */
  readonly maxAgeSeconds?: number
  /** How far the client's clock may be ahead. Default 5. */
  readonly leewaySeconds?: number
}

/** A request with a proof. */
export interface ProvenRequest {
  /** The value of the one `DPoP` header. */
  readonly proof: unknown
  /** The method of the request as it came. */
  readonly method: string
  /** The whole URL, with the configured origin, never one taken from `Host`. */
  readonly url: string
  /** The token that came with it; at the token endpoint there is none. */
  readonly accessToken?: string
  /**
   * Whether that token is good with the proof's key, such as `verifier.verify(token, { jkt })` says. Asked before the proof is
   * used up: without it, whoever makes keys and proofs causes a write with each.
   */
  readonly isTokenGood?: (jkt: string) => boolean | Promise<boolean>
}

/** What a proof proved. */
export interface DpopResult {
  /** The key's thumbprint, for `verifier.verify(token, { jkt })`, `issue({ jkt })` and `refresh(token, { jkt })`; `null`: no. */
  readonly jkt: string | null
  /** Why not, as RFC 9449 names it. `invalid_token`: `isTokenGood` said no. */
  readonly error: 'invalid_dpop_proof' | 'use_dpop_nonce' | 'invalid_token' | null
  /** The next nonce: send it as `DPoP-Nonce`. `null`: none is asked for. */
  readonly nonce: string | null
}

/** Checks proofs. May throw `StoreError`. */
export interface DpopVerifier {
  /** Whether the proof is good for this request, once. One atomic insert, where all else is right. */
  verify(request: ProvenRequest): Promise<DpopResult>
}

const asymmetric = ['ES256', 'EdDSA', 'RS256', 'PS256']
const privateMembers = ['d', 'p', 'q', 'dp', 'dq', 'qi', 'oth', 'k']
/** How long a nonce is good. */
const nonceSeconds = 120
const mostProofLength = 8192

/** Makes the verifier. Throws `ConfigError`. */
export function createDpopVerifier(options: DpopVerifierOptions): DpopVerifier {
  const { platform = systemPlatform } = options
  requireMethods('store', options.store, ['insert'])
  optionalFunction('onEvent', options.onEvent)
  const emit = createEmit(options.onEvent, platform)
  const maxAge = seconds('maxAgeSeconds', options.maxAgeSeconds, { default: 60, min: 1, max: 600 })
  const leeway = seconds('leewaySeconds', options.leewaySeconds, { default: 5, min: 0, max: 60 })
  const guard = createReplayGuard(boundedStore(options.store, platform, 5), platform, 'dpop-proof')
  const nonceKeys = options.secrets === undefined ? null : deriveKeys(platform, options.secrets, 'dpop-nonce')

  function isTimely({ iat }: JsonObject): boolean {
    const now = platform.now()
    return typeof iat === 'number' && iat > now - maxAge && iat <= now + leeway
  }

  return {
    async verify(request) {
      const nonce = nonceKeys ? mintNonce(platform, nonceKeys) : null
      const refuse = (error: 'invalid_dpop_proof' | 'use_dpop_nonce'): DpopResult => {
        emit('token.rejected', { reason: error })
        return { jkt: null, error, nonce }
      }
      const opened = await openProof(request.proof)
      if (!opened || !isTimely(opened.claims) || !isFor(platform, opened.claims, request))
        return refuse('invalid_dpop_proof')
      const { claims, jkt } = opened
      if (nonceKeys && !isNonce(platform, nonceKeys, claims.nonce)) return refuse('use_dpop_nonce')
      if (request.isTokenGood && !(await request.isTokenGood(jkt))) return { jkt: null, error: 'invalid_token', nonce }
      // By key and id: another client's proof with the same id is another proof.
      const isFirst = await guard.isFirst(`${jkt}\n${String(claims.jti)}`, platform.now() + maxAge + leeway)
      return isFirst ? { jkt, error: null, nonce } : refuse('invalid_dpop_proof')
    },
  }
}

/** Form and signature: the one kind of token whose header may bring its key, as the key is all it proves. */
async function openProof(proof: unknown): Promise<{ claims: JsonObject; jkt: string } | null> {
  if (typeof proof !== 'string' || proof.length > mostProofLength) return null
  const parsed = parseJws(proof, 'jwk')
  const jwk = parsed?.header.members.jwk
  if (parsed?.header.typ !== proofType || !asymmetric.includes(parsed.header.alg) || !isJsonObject(jwk)) return null
  if (privateMembers.some((name) => Object.hasOwn(jwk, name))) return null
  const checked = checkJwk({ ...jwk, alg: parsed.header.alg })
  if (typeof checked === 'string' || !(await createVerifyingKey(checked).verify(parsed))) return null
  const claims = parseJsonBytes(fromBase64url(parsed.payload))
  return claims && { claims, jkt: thumbprint(checked.jwk) }
}

function isFor(platform: Platform, { jti, htm, htu, ath }: JsonObject, request: ProvenRequest): boolean {
  if (typeof jti !== 'string' || jti === '' || jti.length > 256 || htm !== request.method) return false
  if (typeof htu !== 'string' || !URL.canParse(htu) || normalTarget(htu) !== normalTarget(request.url)) return false
  return request.accessToken === undefined ? ath === undefined : ath === sha256Text(platform, request.accessToken)
}

/** Equivalent spellings of one path are one (RFC 3986 §6.2.2): proxies and clients differ in them. */
function normalTarget(url: string): string {
  return targetOf(url).replaceAll(/%[\da-f]{2}/gi, (octet) => {
    const character = String.fromCharCode(Number.parseInt(octet.slice(1), 16))
    return /[\w.~-]/.test(character) ? character : octet.toUpperCase()
  })
}

function mintNonce(platform: Platform, keys: KeyList): string {
  return nonceAt(platform, keys[0].key, platform.now())
}

function isNonce(platform: Platform, keys: KeyList, nonce: unknown): boolean {
  if (typeof nonce !== 'string') return false
  const at = Number(/^(\d{1,12})\.[\w-]{43}$/.exec(nonce)?.[1] ?? NaN)
  const isYoung = Math.abs(platform.now() - at) <= nonceSeconds
  return isYoung && keys.some(({ key }) => constantTimeEqual(nonceAt(platform, key, at), nonce))
}

function nonceAt(platform: Platform, key: Uint8Array, at: number): string {
  return `${at}.${encodeBase64urlNoPadding(platform.hmacSha256(key, String(at)))}`
}
