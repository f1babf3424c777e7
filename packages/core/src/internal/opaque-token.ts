/** Opaque "selector.verifier" tokens: the selector finds the record, the verifier proves the holder. */
import { encodeBase64urlNoPadding } from '@oslojs/encoding'
import { type Platform, sha256Text } from '../platform.js'

/** 128 bits: public, the record's key. */
const selectorBytes = 16
/** 256 bits: the secret; only a SHA-256 of the token's text is stored. */
const verifierBytes = 32
const selectorLength = 22
const tokenLength = 66
/** The selector becomes a key, so its characters matter; a verifier of other characters has another digest. */
const shape = /^[\w-]{22}\./

/** A token as it was presented, and what is stored of it. */
export interface OpaqueToken {
  readonly selector: string
  /** SHA-256 of the whole text as it came, base64url. */
  readonly digest: string
}

/** A fresh token of this selector, or of a fresh one. */
export function mintToken(
  platform: Platform,
  selector: string = randomText(platform, selectorBytes),
): OpaqueToken & { text: string } {
  const text = `${selector}.${randomText(platform, verifierBytes)}`
  return { selector, text, digest: sha256Text(platform, text) }
}

/** Selector and digest of a presented text; `null` for what has another shape. */
export function readToken(platform: Platform, text: unknown): OpaqueToken | null {
  return isAsLongAsToken(text) ? tokenOf(text, sha256Text(platform, text)) : null
}

/** Whether a text is as long as a token: then it may be one, and its digest may be looked up among those that are known. */
export function isAsLongAsToken(text: unknown): text is string {
  return typeof text === 'string' && text.length === tokenLength
}

/** The same of a text of that length and its digest. */
export function tokenOf(text: string, digest: string): OpaqueToken | null {
  return shape.test(text) ? { selector: text.slice(0, selectorLength), digest } : null
}

/** Random bytes as base64url without padding. */
export function randomText(platform: Platform, length: number): string {
  return encodeBase64urlNoPadding(platform.randomBytes(length))
}
