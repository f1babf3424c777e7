/** What people read when something went wrong, by code. */

const errors: Readonly<Record<string, string>> = {
  invalid_credentials: 'That e-mail address and password do not belong together.',
  password_rejected: 'Please choose another password.',
  email_taken: 'There is an account with this e-mail address already. Sign in instead.',
  too_many_attempts: 'That was too many attempts. Wait a quarter of an hour, then try again.',
  invalid_request: 'Please fill in an e-mail address and a password.',
  unauthenticated: 'You are not signed in any more. Please sign in again.',
  reauthentication_required: 'Please confirm your password first, then try again.',
  provider_first: 'Please sign in with the identity provider once more first, then try again.',
  not_found: 'That device was signed out already.',
  csrf_rejected: 'This request did not come from our own page. Please try again from here.',
  access_denied: 'You cancelled signing in, or were refused there.',
  transaction_missing: 'That took too long, or was started in another browser. Please start again.',
  callback_rejected: 'The answer of the sign-in service did not fit. Please start again.',
  provider_error: 'The sign-in service does not work right now. Please try again later.',
  link_refused:
    'There is an account with this e-mail address. Sign in with its password, then connect the other sign-in from there.',
  conflict: 'Somebody changed this in the meantime. Please try again.',
  unavailable: 'We cannot answer right now. Please try again in a moment.',
}

const reasonTexts: Readonly<Record<string, string>> = {
  too_short: 'It needs at least 8 characters.',
  too_long: 'It has more than 256 characters.',
  common: 'It is one of the most common passwords.',
  context: 'It contains your e-mail address.',
}

/** Somebody who is signed in, as far as a sentence depends on it. */
type Reader = { readonly passwordHash: string | null } | null

/** The sentence for a code; a code that is not known is never shown. Who is signed in is told what to do as who they are. */
export function messageOf(error: string, reader: Reader = null): string {
  const isLate = error === 'reauthentication_required' || (reader !== null && error === 'link_refused')
  const proof = reader?.passwordHash === null ? 'provider_first' : 'reauthentication_required'
  const code = isLate ? proof : error
  return Object.hasOwn(errors, code) ? (errors[code] ?? '') : 'Something went wrong. Please try again.'
}

/** The sentences for what is wrong with a password. */
export function reasonsOf(reasons: readonly string[]): string[] {
  return reasons.map((reason) => reasonTexts[reason]).filter((text) => text !== undefined)
}
