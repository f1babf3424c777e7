/** Base64url as RFC 7515 §2 means it: no padding, no white space, one spelling for each value. */
import { decode, encode } from 'jose/base64url'

/** Where there is one, encoding by the runtime is several times faster than in JavaScript. */
type EncodingBytes = Uint8Array<ArrayBuffer> & { toString(encoding: 'base64url'): string }

interface NativeBuffer {
  from(text: string, encoding: 'base64url' | 'utf8'): EncodingBytes
  from(buffer: ArrayBufferLike, offset: number, length: number): EncodingBytes
}

const native = (globalThis as { Buffer?: NativeBuffer }).Buffer
const alphabet = /^[A-Za-z0-9_-]*$/
/** Last characters whose unused bits are zero, by what is left over of the length after groups of four. */
const lastCharacters: readonly (string | null)[] = [null, '', 'AQgw', 'AEIMQUYcgkosw048']

/** Whether the text is the one canonical base64url spelling of some bytes. */
export function isBase64url(text: string): boolean {
  const allowed = lastCharacters[text.length % 4]
  return alphabet.test(text) && (allowed === null || allowed === undefined || allowed.includes(text.at(-1) ?? '!'))
}

/** The bytes of a text that {@link isBase64url} accepted. */
export function fromBase64url(text: string): Uint8Array<ArrayBuffer> {
  return native ? native.from(text, 'base64url') : (decode(text) as Uint8Array<ArrayBuffer>)
}

/** A text's UTF-8 as base64url. */
export function textToBase64url(text: string): string {
  return native ? native.from(text, 'utf8').toString('base64url') : encode(text)
}

/** Bytes as base64url. */
export function bytesToBase64url(bytes: Uint8Array): string {
  return native ? native.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('base64url') : encode(bytes)
}
