/** Which new passwords are refused, and why. Never applied to a password that is only verified. */
import { AuthError } from '@tessera-auth/core/http'
import { commonPasswords } from './common-passwords.js'
import { expected, wholeNumber } from './options.js'
import { isOversized, normalizePassword } from './password-text.js'

/**
 * Says whether a password is refused: `false` accepts it, `true` refuses it with the reason `blocked`, and a text, which
 * should be a snake_case word, refuses it with that reason. It gets the password in NFKC.
 */
export type Blocklist = (password: string) => boolean | string | Promise<boolean | string>

/** What a policy is made of. */
export interface PolicyOptions {
  /** Least length in code points, 8 to 64. Default: 8; 15 is better where a password is the only factor. */
  readonly minLength?: number
  /** Most length in code points, 64 to 1024. Default: 256. */
  readonly maxLength?: number
  /** A list of your own besides the built-in one, or `breachedPasswords`. Asked last, and only if all else is fine. */
  readonly blocklist?: Blocklist
}

/** Refuses passwords. */
export interface PasswordPolicy {
  /** Throws `AuthError` 'password_rejected' with `reasons`, and whatever the blocklist throws. */
  enforce(password: string, context: readonly string[]): Promise<void>
}

/** A shorter word is in too many good passwords by chance. */
const leastWordLength = 4

/** Makes the policy. Throws `ConfigError` for a length out of bounds or a blocklist that is no function. */
export function createPasswordPolicy({ minLength, maxLength, blocklist }: PolicyOptions): PasswordPolicy {
  const least = wholeNumber('minLength', minLength, { default: 8, min: 8, max: 64, unit: 'code points' })
  const most = wholeNumber('maxLength', maxLength, { default: 256, min: 64, max: 1024, unit: 'code points' })
  if (blocklist !== undefined && typeof blocklist !== 'function') throw expected('blocklist', 'a function', blocklist)

  return {
    async enforce(password, context) {
      if (isOversized(password)) throw rejected('too_long')
      const text = normalizePassword(password)
      // NFKC can make eighteen code points of one, and one of several: no form may be too short, none too long.
      const lengths = [[...password].length, [...text].length]
      const reasons = []
      if (Math.min(...lengths) < least) reasons.push('too_short')
      if (Math.max(...lengths) > most) reasons.push('too_long')
      if (commonPasswords().has(text.toLowerCase())) reasons.push('common')
      const folded = foldText(text)
      if (contextWords(context).some((word) => folded.includes(word))) reasons.push('context')
      if (reasons.length > 0) throw rejected(...reasons)

      const blocked = await blocklist?.(text)
      if (blocked) throw rejected(blocked === true ? 'blocked' : blocked)
    },
  }
}

/** Each text as it is, the two sides of an address, and the words they consist of. */
function contextWords(context: readonly unknown[]): string[] {
  const texts = context.filter((text) => typeof text === 'string')
  const folded = texts.map((text) => foldText(normalizePassword(text)).trim())
  const words = folded.flatMap((text) => [text, ...text.split('@'), ...text.split(/[^\p{L}\p{M}\p{N}]+/u)])
  return words.filter((word) => [...word].length >= leastWordLength)
}

/**
 * One text for all that differ in case or accents, in any language (İstanbul and istanbul, Straße and STRASSE), to compare
 * with others of the kind only. Signs of scripts without case stay: there they are letters.
 */
function foldText(text: string): string {
  const lower = text.toUpperCase().toLowerCase().replaceAll('ς', 'σ')
  return lower
    .normalize('NFKD')
    .replaceAll(/[\u0300-\u036f]/g, '')
    .normalize('NFKC')
}

function rejected(...reasons: string[]): AuthError {
  return new AuthError('password_rejected', { reasons })
}
