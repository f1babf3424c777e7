/** The texts that stand for octets in stored hashes, read strictly: one text for one value. */

/** Base64 (RFC 4648 §4) with its padding, or without any; `null` for anything else. */
export function readBase64(text: string): Buffer | null {
  const octets = Buffer.from(text, 'base64')
  const canonical = octets.toString('base64')
  return text === canonical || text === canonical.replace(/=+$/, '') ? octets : null
}

/** passlib's base64, which has a dot for the plus, and no padding; `null` for anything else. */
export function readDottedBase64(text: string): Buffer | null {
  return /[+=]/.test(text) ? null : readBase64(text.replaceAll('.', '+'))
}

/** Hex digits in lower case; `null` for anything else. */
export function readHex(text: string): Buffer | null {
  const octets = Buffer.from(text, 'hex')
  return text === octets.toString('hex') ? octets : null
}
