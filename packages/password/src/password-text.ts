/** What counts as a password's text, and the form of it that is hashed. */

/** No password is longer, whatever `maxLength` is: bounds the work of normalising what a stranger sends. UTF-16 units. */
const mostUnits = 4096
/** Half of a surrogate pair. All of them encode to the same three UTF-8 bytes, so one would pass for another. */
const unpaired = /\p{Cs}/u

/** The text of a password; `null` for what is none: another type, or no well-formed Unicode. */
export function readPassword(value: unknown): string | null {
  return typeof value === 'string' && !unpaired.test(value) ? value : null
}

/** Whether a text is longer than anything that is looked at. */
export function isOversized(text: string): boolean {
  return text.length > mostUnits
}

/** The form that is hashed: NFKC (UAX 15), so the same password typed on another keyboard is the same (NIST SP 800-63B). */
export function normalizePassword(text: string): string {
  return text.normalize('NFKC')
}
