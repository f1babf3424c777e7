/**
 * Refresh tokens as text: selector, generation and a MAC over both and the family's seed. The record holds no secret, and
 * the current token can be made again when its answer was lost.
 */
import { constantTimeEqual } from '../internal/equal.js'
import { deriveKeys } from '../internal/secrets.js'
import { encodeBase64urlNoPadding } from '@oslojs/encoding'
import type { Platform } from '../platform.js'

/** A refresh token's parts; nothing is proven yet. */
export interface RefreshTokenParts {
  readonly selector: string
  readonly generation: number
  readonly mac: string
}

/** What a refresh token is made of. */
export interface RefreshTokenSeed {
  readonly selector: string
  readonly generation: number
  /** Random, made once with the family, so that a selector that were ever used again would not revive old tokens. */
  readonly seed: string
}

/** Makes and checks refresh tokens with the app's secrets. */
export interface RefreshTokenCodec {
  /** The id of the secret in use. */
  readonly secretId: string
  /** The token, made with the named secret; `null` when that secret is not known any more. */
  write(parts: RefreshTokenSeed, secretId: string): string | null
  /** Whether the MAC is right, by any known secret. */
  proves(parts: RefreshTokenParts, seed: string): boolean
}

const shape = /^([\w-]{22})\.(0|[1-9]\d{0,9})\.([\w-]{43})$/

/** The parts of a refresh token; `null` for a text of another shape. */
export function readRefreshToken(text: string): RefreshTokenParts | null {
  const [, selector, generation, mac] = shape.exec(text) ?? []
  if (selector === undefined || generation === undefined || mac === undefined) return null
  return { selector, generation: Number(generation), mac }
}

/** Derives the keys once. Throws `ConfigError` for bad secrets. */
export function createRefreshTokenCodec(platform: Platform, secrets: readonly string[]): RefreshTokenCodec {
  const keys = deriveKeys(platform, secrets, 'refresh-token')
  const macOf = (key: Uint8Array, { selector, generation, seed }: RefreshTokenSeed): string =>
    encodeBase64urlNoPadding(platform.hmacSha256(key, `${selector}.${generation}.${seed}`))
  return {
    secretId: keys[0].id,
    write(parts, secretId) {
      const found = keys.find(({ id }) => id === secretId)
      return found ? `${parts.selector}.${parts.generation}.${macOf(found.key, parts)}` : null
    },
    proves: ({ selector, generation, mac }, seed) =>
      keys.some(({ key }) => constantTimeEqual(macOf(key, { selector, generation, seed }), mac)),
  }
}
