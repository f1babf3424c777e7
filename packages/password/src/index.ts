/** `@tessera-auth/password`: argon2id hashes, a policy for new passwords, and migration from other hashes. */
export { createPasswords } from './passwords.js'
export type { PasswordAttempt, PasswordCheck, Passwords, PasswordsOptions } from './passwords.js'
export type { Argon2Options } from './argon2.js'
export type { Blocklist, PolicyOptions } from './password-policy.js'
export { breachedPasswords } from './breached-passwords.js'
export type { BreachedPasswordsOptions } from './breached-passwords.js'
