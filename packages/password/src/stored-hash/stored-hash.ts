/** A stored hash, read: how to compare a password with it. */

/**
 * Compares a password, as it was typed, with one stored hash. It always does the hash's whole work before it says no.
 * It rejects only where the work could not be done, never for a wrong password.
 */
export type Comparison = (password: string) => Promise<boolean>

/** Reads one form: `null` for another form, or for parameters out of bounds. */
export type Reader = (stored: string) => Comparison | null

/** A whole number of a stored text within bounds; `null` otherwise. */
export function readNumber(text: string | undefined, min: number, max: number): number | null {
  if (text === undefined || !/^(0|[1-9]\d{0,9})$/.test(text)) return null
  const value = Number(text)
  return value >= min && value <= max ? value : null
}
