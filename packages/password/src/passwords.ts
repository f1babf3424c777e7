/** Hashing and checking passwords: the policy before, the gate around, argon2id inside. */
import { AuthError } from '@tessera-auth/core/http'
import { type Argon2Options, createArgon2 } from './argon2.js'
import { hashGate } from './hash-gate.js'
import { type PolicyOptions, createPasswordPolicy } from './password-policy.js'
import { isOversized, readPassword } from './password-text.js'
import { readForeignHash } from './stored-hash/foreign-hash.js'

/** Options of {@link createPasswords}; the defaults are meant to be kept. */
export interface PasswordsOptions extends Argon2Options, PolicyOptions {}

/** Makes and checks password hashes. */
export interface Passwords {
  /**
   * Judges a new password, then hashes it: an argon2id PHC string of today's settings.
   *
   * `context` holds words that the password may not contain: name, e-mail address, the product's name. They are compared
   * without case or accents, whole and word by word; words of fewer than four characters are skipped.
   *
   * Throws `AuthError` 'password_rejected' with `reasons` (`too_short`, `too_long`, `common`, `context`, or the
   * blocklist's: `blocked`, `breached` …), 'invalid_request' for what is not text, and 'unavailable' with
   * `retryAfterSeconds` when too many hashes wait already.
   */
  hash(password: unknown, context?: readonly string[]): Promise<string>
  /**
   * Compares a password with a stored hash, and hands back a better hash where the stored one is weaker than today's.
   *
   * Without a hash, or with one that cannot be read, it does the work of a hash of today's settings and says no. It
   * judges no policy: yesterday's password still signs in. Throws only `AuthError` 'unavailable' with
   * `retryAfterSeconds`, when too many hashes wait already.
   */
  verify(attempt: PasswordAttempt): Promise<PasswordCheck>
}

/** A password as it came, and the hash that it should fit. */
export interface PasswordAttempt {
  /** As the request had it; what is not text is a no. */
  readonly password: unknown
  /** As stored; nothing where there is no such user, or no password. */
  readonly hash: string | null | undefined
}

/** The answer of {@link Passwords.verify}. */
export interface PasswordCheck {
  /** Whether the password is right. */
  readonly ok: boolean
  /**
   * Store it in place of the hash that was compared, if that one is still stored. `null`: the stored one is fine, or the
   * password is wrong.
   */
  readonly newHash: string | null
}

const no: PasswordCheck = { ok: false, newHash: null }

/**
 * Makes a password service. At most one thread less than libuv's pool hashes at once in a process; 256 calls may wait.
 *
 * Throws `ConfigError` for settings below the floor (19 456 KiB, 2 passes, 1 lane) or otherwise out of bounds.
 *
 * @see {@link https://www.rfc-editor.org/rfc/rfc9106 RFC 9106}
 * @example
 * ```ts
 * import { createPasswords } from '@tessera-auth/password'
 *
 * const passwords = createPasswords()
 * const hash = await passwords.hash('correct horse battery staple', ['ann@example.com'])
 * const { ok, newHash } = await passwords.verify({ password: 'correct horse battery staple', hash })
 * ```
 */
export function createPasswords(options: PasswordsOptions = {}): Passwords {
  const argon2 = createArgon2(options)
  const policy = createPasswordPolicy(options)

  async function check(password: string, stored: string | null): Promise<PasswordCheck> {
    const compare = stored === null ? null : (argon2.read(stored) ?? readForeignHash(stored))
    const isSame = compare && (await compare(password))
    if (stored === null || isSame === null) {
      await argon2.decoy(password)
      return no
    }
    if (!isSame) return no
    return { ok: true, newHash: argon2.isCurrent(stored) ? null : await argon2.hash(password) }
  }

  return {
    async hash(password, context = []) {
      const text = readPassword(password)
      if (text === null) throw new AuthError('invalid_request')
      await policy.enforce(text, context)
      return hashGate.run(() => argon2.hash(text))
    },
    async verify({ password, hash }) {
      const text = readPassword(password)
      // Nobody's password, whoever is asked for: so answering at once tells nothing.
      if (text === null || isOversized(text)) return no
      return hashGate.run(() => check(text, typeof hash === 'string' ? hash : null))
    },
  }
}
